"""TF-IDF of pairs of neighbouring words and a linear model: what can be solved without a longer context."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

from nlp_ssl.tasks.baselines.unigrams import Tokens, Unigrams

if TYPE_CHECKING:
    from nlp_ssl.tasks.kinds.base import TaskKind


class Bigrams(Unigrams):
    """Each word with the one behind it; the first and the last word also with the end of the text."""

    name: ClassVar = "bigrams"

    def title(self, kind: TaskKind) -> str:
        """The name in tables."""
        return "TF-IDF of word pairs + linear model"

    def terms(self, tokens: Tokens) -> list[str]:
        """The pairs of neighbouring words of a text."""
        return [f"{one} {other}" for one, other in pairwise(["<s>", *tokens, "</s>"])]
