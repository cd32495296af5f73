"""The first sentences of the source: a strong summary of news, which begins with what matters most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from nlp_ssl.corpus.splitters.icu import Icu
from nlp_ssl.tasks.baselines.base import BaselineData, Outputs, TextBaseline
from nlp_ssl.tasks.kinds.generation import text_outputs

if TYPE_CHECKING:
    from nlp_ssl.tasks.kinds.base import TaskKind

SENTENCES = (1, 2, 3)


class Lead(TextBaseline):
    """The first sentences of the (first) text, cut to the length of the longest text to write of train."""

    name: ClassVar = "lead"

    def title(self, kind: TaskKind) -> str:
        """The name in tables."""
        return "first sentences (lead)"

    def fit(self, data: BaselineData) -> tuple[dict[str, Outputs], dict[str, Any]]:
        """Choose the number of sentences on the selection part."""
        longest = max(map(len, data.train.targets or []))

        def lead(texts: list[str], count: int) -> Outputs:
            return text_outputs(["".join(sentences[:count])[:longest].strip() for sentences in _sentences(texts)])

        scores = [data.selection_score(lead(data.selection.texts, count)) for count in SENTENCES]
        tried = [{"sentences": count, "score": score} for count, score in zip(SENTENCES, scores, strict=True)]
        best = max(tried, key=lambda t: t["score"])["sentences"]
        outputs = {split: lead(examples.texts, int(best)) for split, examples in data.predicted.items()}
        return outputs, {"sentences": best, "tried": tried}


def _sentences(texts: list[str]) -> list[list[str]]:
    """The sentences of each text; the splitter separates texts by a control character."""
    return Icu("en").split([text.replace("\x1e", " ") for text in texts])
