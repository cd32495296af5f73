"""CoNLL-U, the format of Universal Dependencies (https://universaldependencies.org/format.html)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from nlp_ssl.corpus.readers.base import NumberedRow, Problem, TableReader, span_lines
from nlp_ssl.corpus.sources import Span
from nlp_ssl.errors import InputError

FIELDS = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")


class Conllu(TableReader):
    """A row is a sentence. Columns are the ten `FIELDS`, each a list with one string a word, and "text".

    Multi-word ranges ("1-2") and empty nodes ("1.1") are skipped; "text" is the comment `# text = …` where there is
    one. A row's line is that of its first word.
    """

    name: ClassVar[str] = "conllu"
    suffixes: ClassVar[tuple[str, ...]] = (".conllu",)

    def rows(self, span: Span, columns: Sequence[str] | None = None) -> Iterator[NumberedRow]:
        """One row a sentence; a sentence with a line that has not ten columns is a `Problem`."""
        text: dict[str, Any] = {}
        words: list[list[str]] = []
        first, problem = 0, None
        for number, line in enumerate(self._with_end(span), 1):
            if not line.strip():
                if problem:
                    yield problem
                elif words:
                    fields = zip(FIELDS, map(list, zip(*words, strict=True)), strict=True)
                    yield first, {**dict(fields), **text}
                text, words, problem = {}, [], None
            elif line.startswith("#"):
                if line[1:].strip().startswith("text ="):
                    text = {"text": line.partition("=")[2].strip()}
            elif len(values := line.split("\t")) != len(FIELDS):
                message = f"{len(values)} columns, CoNLL-U has {len(FIELDS)}, separated by tabs"
                problem = problem or (number, Problem(message))
            elif "-" not in values[0] and "." not in values[0]:
                first = first if words else number
                words.append(values)

    def documents(self, span: Span, text_column: str) -> Iterator[str]:
        """The text of each sentence; its words, joined by spaces, where no comment gives the text."""
        for number, row in self.rows(span):
            if isinstance(row, Problem):
                raise InputError(f"{self.where(span, number)}: {row}")
            yield row["text"] if "text" in row else " ".join(row["form"])

    @staticmethod
    def _with_end(span: Span) -> Iterator[str]:
        """The lines and a blank one, which ends the last sentence."""
        yield from span_lines(span)
        yield ""
