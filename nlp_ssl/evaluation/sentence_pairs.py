"""Pairs of an acceptable and an unacceptable sentence, in BLiMP's format (Warstadt et al., TACL 2020, section 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nlp_ssl.errors import InputError

if TYPE_CHECKING:
    from nlp_ssl.evaluation.likelihood import EncodedSentences

SENTENCE_COLUMNS = ("sentence_good", "sentence_bad")
PARADIGM_COLUMN = "UID"
PAIR_FORMATS = (".tsv", ".csv", ".jsonl", ".parquet")


@dataclass(frozen=True)
class SentencePairs:
    """Minimal pairs; all lists have length n."""

    good: list[str]
    bad: list[str]
    paradigms: list[str]
    where: list[str]
    """The file and line of each pair, for error messages."""
    independent: bool = False
    """Whether the pairs are natural sentences, each of them evidence of its own, and not made from templates."""

    def check(self, sentences: EncodedSentences, longest: int) -> None:
        """Raise InputError for sentences without tokens, or of more than `longest` tokens."""
        from nlp_ssl.tasks.splits import shortened

        problems = []
        for i, n in enumerate(sentences.tokens.lengths):
            if n > longest:
                problems.append(
                    f"{self._at(i)}: {n} tokens with start and end, more than the model's {longest} positions"
                )
            elif n == 2:
                problems.append(f"{self._at(i)}: the tokenizer finds no tokens in the sentence")
        if problems:
            raise shortened(problems)

    def _at(self, i: int) -> str:
        """The file, line and column of sentence i, counting all good sentences, then all bad ones."""
        n = len(self.good)
        return f"{self.where[i % n]}, {SENTENCE_COLUMNS[i // n]}"


def made_sentence_pairs(corpus: Path) -> SentencePairs:
    """Held-out sentences of a corpus and their damaged versions. InputError for an unusable corpus."""
    from nlp_ssl.tasks.from_corpus.damaged import damaged_pairs

    good, bad, paradigms = (list(column) for column in zip(*damaged_pairs(corpus), strict=True))
    where = [f"{corpus}, damaged sentence {i}" for i in range(1, len(good) + 1)]
    return SentencePairs(good, bad, paradigms, where, independent=True)


def read_sentence_pairs(data: Sequence[Path]) -> SentencePairs:
    """Read all pairs from files, or from the files of a folder. Raises InputError with all problems found."""
    from nlp_ssl.tasks.splits import shortened

    pairs = SentencePairs([], [], [], [])
    problems = [problem for file in _find_files(data) for problem in _add_file(file, pairs)]
    if problems:
        raise shortened(problems)
    return pairs


def _find_files(data: Sequence[Path]) -> list[Path]:
    """The files to read. Raises InputError if there are none, or some are missing or of another format."""
    from nlp_ssl.corpus.streams import suffix_of

    missing = [path for path in data if not path.exists()]
    if missing or not data:
        raise InputError(*[f"--data {path}: no such file or folder" for path in missing] or ["--data: no file given"])
    files = [
        file
        for path in data
        for file in ([path] if path.is_file() else sorted(f for f in path.iterdir() if suffix_of(f) in PAIR_FORMATS))
    ]
    if not files:
        raise InputError(f"--data {' '.join(map(str, data))}: no {', '.join(PAIR_FORMATS)} files in the folder")
    for file in files:
        if suffix_of(file) not in PAIR_FORMATS:
            raise InputError(f"{file}: not a {', '.join(PAIR_FORMATS)} file (optionally compressed: .gz, .zst)")
    return files


def _add_file(file: Path, pairs: SentencePairs) -> list[str]:
    """Add the pairs of a file and return the problems found."""
    from nlp_ssl.corpus.table import read_table
    from nlp_ssl.tasks.values import container

    table = read_table(file)
    problems = list(table.problems)
    missing = [name for name in SENTENCE_COLUMNS if name not in table.columns]
    problems += [problem for name in SENTENCE_COLUMNS for problem in table.lacking(name)]
    if missing and table.columns:
        found = ", ".join(table.columns)
        problems.append(f"{file}: no column {' and '.join(map(repr, missing))}; found {found}")
    if missing:
        return problems
    good, bad = (["" if v is None else str(v).strip() for v in table.columns[name]] for name in SENTENCE_COLUMNS)
    where = [table.at(row) for row in range(len(good))]
    for name in SENTENCE_COLUMNS:
        kinds = map(container, table.columns[name])
        problems += [
            f"{at}: {name} is {kind}; it must be a string" for at, kind in zip(where, kinds, strict=True) if kind
        ]
    for name, texts in zip(SENTENCE_COLUMNS, (good, bad), strict=True):
        problems += [f"{at}: {name} is empty; remove the pair" for at, v in zip(where, texts, strict=True) if not v]
    stem = file.name.removesuffix(".gz").removesuffix(".zst").rpartition(".")[0]
    pairs.good.extend(good)
    pairs.bad.extend(bad)
    pairs.paradigms.extend(map(str, table.columns.get(PARADIGM_COLUMN, [stem] * len(good))))
    pairs.where.extend(where)
    return problems
