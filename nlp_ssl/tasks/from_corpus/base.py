"""The base class of tasks made from a corpus.

A task of two classes is made of *contrasts*: texts of the first class and as many of the second, from the same words.
Training and scoring use both sides of each contrast, so a bag of words is right about half of them, whatever it has
learned. A contrast is never divided: if the part of train that hyper-parameters are chosen on had the other versions of
sentences that a model was fitted to, it would punish what the model has learned (`nlp_ssl.tasks.draws`).

Documents are either for training or for scoring, and no text occurs twice. Everything is a pure function of the
corpus.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from nlp_ssl.corpus.store import Corpus
from nlp_ssl.errors import InputError
from nlp_ssl.tasks.declaration import CorpusTaskDeclaration
from nlp_ssl.tasks.from_corpus.text import HeldOutText, divided_text

TRAIN_PER_SCORED = 2
"""There are this many scored examples for each training example."""
SENTENCES_READ = 4
"""Sentences that are read for each sentence that is needed; the others do not suit the task."""
FEWEST = {"train": 100, "dev": 200}
"""Fewer examples than this are no task."""


MARGIN = 1.5
"""Factor of the held-out text that should give enough examples: documents differ."""
LARGEST_SHARE = 0.5
"""The largest --validation."""


class TooLittleTextError(InputError):
    """The held-out text of a corpus gives too few examples of a task."""


def too_little_text(corpus: Path, found: int, what: str, needed: int) -> TooLittleTextError:
    """The error of a corpus whose held-out text gives only `found` of `needed` examples, which are called `what`."""
    held_out, train = (Corpus.open(corpus).counts[split].bytes for split in ("validation", "train"))
    remedy = enough_text(found, needed, held_out / max(held_out + train, 1))
    return TooLittleTextError(
        f"{corpus}: its held-out text gives {found} {what}, at least {needed} are needed; {remedy} "
        "(a sentence that recurs counts once)"
    )


def enough_text(found: int, needed: int, share: float) -> str:
    """What to do so that the held-out `share` of a text gives `needed` examples, not `found` ones."""
    if not found or not share:
        return "prepare more text"
    wanted = MARGIN * share * needed / found
    if wanted <= LARGEST_SHARE:
        return f"prepare the text with --validation {math.ceil(100 * wanted) / 100:g}"
    return f"prepare about {math.ceil(wanted / LARGEST_SHARE)} times as much text with --validation {LARGEST_SHARE:g}"


Texts = tuple[str, ...]
"""The text of an example, or its two texts."""


@dataclass(frozen=True)
class Contrast:
    """Examples of the first class, and as many of the second, made of the same words."""

    first: tuple[Texts, ...]
    second: tuple[Texts, ...]

    @property
    def sides(self) -> tuple[tuple[Texts, ...], ...]:
        """The examples of each class."""
        return self.first, self.second


class CorpusTask(ABC):
    """A task of two classes that is made from held-out text. A plug-in derives from it."""

    name: ClassVar[str]
    """Name for --task."""
    title: ClassVar[str]
    """What is asked, in one line."""
    paper: ClassVar[str]
    knowledge: ClassVar[Literal["order", "syntax", "meaning"]]
    """What the task mostly asks for, as in other declarations."""
    labels: ClassVar[tuple[str, str]]
    """Names of the two classes of a contrast: of natural text, then of changed text."""
    columns: ClassVar[tuple[str, ...]] = ("text",)
    """One column for single texts, two for pairs."""

    @abstractmethod
    def contrasts(self, text: HeldOutText) -> Iterator[Contrast]:
        """The contrasts of a text, in a random order that depends on the sentences alone."""

    @classmethod
    def declaration(cls, examples: int) -> CorpusTaskDeclaration:
        """The declaration of the task with up to this many scored examples."""
        return CorpusTaskDeclaration(
            name=cls.name,
            title=cls.title,
            paper=cls.paper,
            knowledge=cls.knowledge,
            columns=tuple((column,) for column in cls.columns),
            label=("label",),
            labels=cls.labels,
            metrics=("accuracy",),
            splits={"train": "train", "dev": "validation"},
            examples=examples,
        )

    def rows(self, corpus: Path, examples: int) -> dict[str, list[dict[str, Any]]]:
        """Rows of "train" and "dev": up to `examples` scored ones, and half as many for train.

        A row has `columns`, "label" and "contrast", a number that only the rows of the same contrast have.

        InputError for an unusable corpus, or one with too little held-out text.
        """
        wanted = {"train": examples // TRAIN_PER_SCORED, "dev": examples}
        read = {split: SENTENCES_READ * n // 2 for split, n in wanted.items()}
        text = divided_text(corpus, **read)
        seen: set[str] = set()
        rows = {}
        for split in ("dev", "train"):
            rows[split] = self._rows(text[split], wanted[split], seen)
            if len(rows[split]) < FEWEST[split]:
                raise too_little_text(corpus, len(rows[split]), f"{split} examples for {self.name}", FEWEST[split])
        return rows

    def _rows(self, text: HeldOutText, wanted: int, seen: set[str]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for contrast in unseen(self.contrasts(text), seen):
            number = len(seen)  # of no other contrast of any split, since each adds its texts
            sides = list(zip(self.labels, contrast.sides, strict=True))
            if len(rows) + sum(len(examples) for _, examples in sides) > wanted:
                break
            rows += [
                {**dict(zip(self.columns, texts, strict=True)), "label": label, "contrast": number}
                for label, examples in sides
                for texts in examples
            ]
        return rows


def unseen(contrasts: Iterator[Contrast], seen: set[str]) -> Iterator[Contrast]:
    """The contrasts without a text of an earlier one, or of those in `seen`, which all are added to."""
    for contrast in contrasts:
        texts = {text for side in contrast.sides for example in side for text in example}
        if seen.isdisjoint(texts):
            seen |= texts
            yield contrast
