"""Random label prediction: predict a meaningless class of masked tokens, as a control.

Paper: after Alajrami and Aletras, How does the pre-training objective affect what large language models learn about
linguistic properties?, ACL 2022, who pretrain with objectives that have no linguistic motivation.

Each token of the vocabulary has a random class, which never changes: it is the same in every run. What a model gains
over `first_character`, which has as many classes, shows what the meaning of the classes is worth. What it gains over
random initialisation comes from context alone.

In: a clean batch. Out: `ids` as in masked language modelling; target "masked_lm" [B, L], the class of the original
token at selected positions. Requirements: none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import InputError, require
from nlp_ssl.objectives._masked_classes import Ints, MaskedClasses
from nlp_ssl.sampling.noise import Noise


@dataclass(frozen=True, kw_only=True)
class RandomLabel(MaskedClasses):
    """Predict a random but fixed class of masked tokens, as a control (after Alajrami and Aletras)."""

    labels: int = 29
    """Number of classes."""

    name: ClassVar = "random_label"
    paper: ClassVar = (
        "Alajrami and Aletras, How does the pre-training objective affect what large language models learn "
        "about linguistic properties?, ACL 2022"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.labels >= 2, "labels", self.labels, "it must be at least 2")

    def classes(self, vocabulary: Vocabulary) -> tuple[str, ...]:
        """The numbers of the classes."""
        return tuple(map(str, range(1, self.labels + 1)))

    def check_vocabulary(self, vocabulary: Vocabulary) -> None:
        """InputError for more labels than tokens."""
        super().check_vocabulary(vocabulary)
        if self.labels > vocabulary.size:
            raise InputError(
                f"random_label.labels is {self.labels:,}: there are no more than {vocabulary.size:,} tokens to label"
            )

    def class_of(self, vocabulary: Vocabulary) -> Ints:
        """A random class for each token, which depends on its id only."""
        tokens = np.arange(vocabulary.size)
        return Noise(0, 0, tokens).integers("random label", np.full(vocabulary.size, self.labels))
