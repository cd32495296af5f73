"""Examples whose texts recur among the examples that a model learned from.

Texts are compared as sequences of words: NFKC, case folded, runs of letters and digits. A text recurs if a learned
text is the same, contains it, or is contained in it. A contained text has at least `FEWEST_WORDS` words, since shorter
ones are in many unrelated texts. Containment matters for SST-2, whose train split has the phrases of its sentences.
Either text of a pair may recur.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING
from unicodedata import normalize

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from nlp_ssl.tasks.splits import LabelledExamples

FEWEST_WORDS = 3
"""Fewest words of a text that is looked for inside others."""


def recurring(examples: LabelledExamples, learned: LabelledExamples) -> npt.NDArray[np.bool_]:
    """Whether a text of each example recurs in the learned examples, bool [n]."""
    columns = [column for column in (examples.texts, examples.pairs) if column is not None]
    known = {_words(text) for text in (*learned.texts, *(learned.pairs or []))}
    distinct = {text: _words(text) for column in columns for text in column}
    found = _recurring(set(distinct.values()), known)
    recurs: npt.NDArray[np.bool_] = np.zeros(len(examples), dtype=bool)
    for column in columns:
        recurs |= [distinct[text] in found for text in column]
    return recurs


def _words(text: str) -> str:
    """The words of a text, separated by spaces; the text itself if it has none."""
    folded = normalize("NFKC", text).casefold()
    return " ".join(re.findall(r"\w+", folded)) or folded.strip()


def _recurring(texts: set[str], learned: set[str]) -> set[str]:
    """The texts that are among the learned ones, inside one of them, or around one of them."""
    inside = {part for part, _ in _containments(texts, learned)}
    around = {whole for _, whole in _containments(learned, texts)}
    return (texts & learned) | inside | around


def _containments(parts: Iterable[str], wholes: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Pairs of a text and another that contains it as a run of words."""
    by_head: dict[str, list[str]] = defaultdict(list)
    for part in parts:
        words = part.split(" ")
        if len(words) >= FEWEST_WORDS:
            by_head[_head(words)].append(part)
    for whole in wholes:
        words = whole.split(" ")
        for start in range(len(words) - FEWEST_WORDS + 1):
            for part in by_head.get(_head(words[start : start + FEWEST_WORDS]), ()):
                if f" {part} " in f" {whole} ":
                    yield part, whole


def _head(words: Sequence[str]) -> str:
    return " ".join(words[:FEWEST_WORDS])
