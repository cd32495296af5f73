"""Causal (autoregressive) language modelling: predict each token from those before it.

Paper: Radford et al., Improving Language Understanding by Generative Pre-Training (GPT), 2018. `direction =
"backward"` predicts each token from those after it, as one half of Peters et al., ELMo, NAACL 2018: the
tokens of a row are reversed, the special ones keep their places, then it is the same task; reverse a text's
tokens to score it with such a model.

Departures. Rows are whole sentences of one document (GPT's blocks cross documents); the first token of a row
is predicted too, from [CLS] alone (UER leaves out the first of each block), and the end of a document is a
token to predict, known by position and not by its id (Hugging Face's collator hides it where the padding
token is the end token).

In: a clean batch framed for a decoder. Out: target "causal_lm" [B, L]: at each position the token that comes next.
Requirements: none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.objectives.base import Objective
from nlp_ssl.sampling.batch import NO_LABEL, Batch
from nlp_ssl.sampling.noise import Noise
from nlp_ssl.sampling.targets import TokenTargets


@dataclass(frozen=True, kw_only=True)
class CausalLM(Objective):
    """Predict the next token (GPT), or the previous one."""

    direction: Literal["forward", "backward"] = "forward"
    """Read the text from its beginning or from its end."""

    name: ClassVar = "clm"
    example_type: ClassVar = "segment"
    body: ClassVar = "decoder"
    heads: ClassVar = {"causal_lm": "causal_lm"}
    gives_likelihood: ClassVar = True
    paper: ClassVar = "Radford et al., Improving Language Understanding by Generative Pre-Training, 2018"
    needs: ClassVar = "text"

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Label every position with the token after it."""
        ids, length = batch.ids, batch.length
        position = np.arange(ids.shape[1])
        if self.direction == "backward":
            text = np.count_nonzero(batch.sentence >= 0, axis=1)[:, None]  # [B, 1], at positions 1..text
            source = np.where((position >= 1) & (position <= text), text + 1 - position, position)
            ids = np.take_along_axis(ids, source, 1)
            batch = replace(batch, ids=ids, sentence=np.take_along_axis(batch.sentence, source, 1))
        labels = np.full_like(ids, NO_LABEL)
        labels[:, :-1] = ids[:, 1:]
        labels[position >= length[:, None] - 1] = NO_LABEL
        return batch.with_target("causal_lm", TokenTargets(labels=labels, next_token=True))
