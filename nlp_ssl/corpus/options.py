"""The options of `nlp-ssl prepare`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from nlp_ssl.errors import InputError


@dataclass(frozen=True, kw_only=True)
class PrepareOptions:
    """Turn raw text into a corpus: documents, sentences and tokens, ready for every objective."""

    text: Annotated[tuple[str, ...], tyro.conf.Positional]
    """What to read: files (.txt .jsonl .csv .tsv .parquet .conll .conllu, also with .gz or .zst; .json is read as
    JSON Lines; other suffixes are text), folders, globs, a declared corpus (data/NAME.toml), or a hub dataset
    (owner/name[:config])."""
    out: Path
    """Folder for the corpus. An interrupted run continues there."""
    vocab_size: int = 16384
    """Vocabulary size of a trained tokenizer, including special tokens and emoji."""
    sentinels: int = 100
    """Sentinel tokens that a trained tokenizer reserves beyond --vocab-size, for span_corruption and ul2, with the mode
    tokens of ul2. A sequence has no more spans than sentinels. 0 reserves none."""
    tokenizer: str = "wordpiece"
    """Tokenizer to train on the text: wordpiece, bpe (byte-level), unigram or wordlevel (whole words). Anything else
    takes an existing one: the folder of a tokenizer, a model, a run or a corpus, or a name on the hub."""
    lowercase: bool = True
    """Lower-case the text in a trained tokenizer. Accents are always kept."""
    min_frequency: int = 2
    """Minimum number of occurrences of a token, character or emoji in a trained vocabulary."""
    language: str = "en"
    """Language of the text (en, ko, de …), for the sentence splitter."""
    sentences: str = "icu"
    """Sentence splitter: icu (Unicode's rules), kiwi (Korean, also without punctuation), lines (each line is a
    sentence), or the name of one that --plugin loads."""
    document: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    """What a document is: file (a text file), line, block (between blank lines), row (of a table), or a length such as
    100000-characters. Chosen for each source by default; the choice is printed. PATTERN=VALUE, such as
    'novels/*=file', is for the sources whose names match, and may be repeated."""
    text_column: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    """Column or key with the text, in .jsonl, .csv, .tsv, .parquet and hub datasets. Defaults to text. PATTERN=VALUE
    is for some sources, as in --document."""
    pair_columns: tuple[str, ...] = ()
    """Two columns or keys with texts that belong together, such as title and body. Each row is then a document of two
    sentences, one a column, for contrastive with views = "columns"."""
    encoding: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    """Encoding of the text files. Defaults to UTF-8, or to the detected encoding, which is printed. PATTERN=VALUE is
    for some sources, as in --document."""
    validation: float = 0.05
    """Share of the text in the validation split. Documents are chosen by their hash. Where the hashes choose much less
    or more than this share of a group of sources, long documents of it give a part each instead."""
    processes: int = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    """Number of worker processes. The corpus is the same for any number."""
    cluster: str | None = None
    """Work on a Dask cluster, in place of --processes: local:N (N processes here), the address of a scheduler
    (HOST:PORT), or a .toml file that describes one (docs/cluster.md). The corpus is the same."""

    def __post_init__(self) -> None:
        problems = []
        if self.vocab_size < 300:
            holds = (
                "256 bytes and the special tokens" if self.tokenizer == "bpe" else "characters, words, special tokens"
            )
            problems.append(f"--vocab-size is {self.vocab_size}: it must be at least 300 ({holds})")
        if self.sentinels != 0 and not 10 <= self.sentinels <= 1000:
            problems.append(f"--sentinels is {self.sentinels}: it must be 0 or between 10 and 1000")
        if self.min_frequency < 1:
            problems.append(f"--min-frequency is {self.min_frequency}: it must be at least 1")
        if not 0 <= self.validation <= 0.5:
            problems.append(f"--validation is {self.validation}: it must be between 0 and 0.5")
        if self.processes < 1:
            problems.append(f"--processes is {self.processes}: it must be at least 1")
        if self.pair_columns and self.text_column:
            problems.append("--pair-columns and --text-column exclude each other; leave one out")
        if self.pair_columns and (len(self.pair_columns) != 2 or len(set(self.pair_columns)) != 2):
            problems.append(
                f"--pair-columns is {' '.join(self.pair_columns)}: name two columns, after the text to read"
            )
        if self.pair_columns and self.sentences not in ("icu", "lines"):
            problems.append(f"--sentences is {self.sentences}: with --pair-columns each column is a sentence")
        if not self.text:
            problems.append("prepare: name the text to read (files, folders, globs, a declared corpus)")
        if problems:
            raise InputError(*problems)

    @property
    def splitter(self) -> str:
        """The sentence splitter to use: columns of pairs are on lines of their own."""
        return "lines" if self.pair_columns else self.sentences
