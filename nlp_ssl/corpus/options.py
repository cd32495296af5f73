"""The options of `nlp-ssl prepare`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from nlp_ssl.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Options:
    """Turn raw text into a corpus: documents, sentences and tokens, ready for every objective."""

    text: Annotated[tuple[str, ...], tyro.conf.Positional]
    """What to read: files (.txt .jsonl .csv .tsv .parquet .conll .conllu, also with .gz or .zst; .json is read as
    JSON Lines; other suffixes are text), folders, globs, a declared corpus (data/NAME.toml), or a hub dataset
    (owner/name[:config])."""
    out: Path
    """Folder for the corpus. An interrupted run continues there."""
    vocab_size: int = 16384
    """Vocabulary size of a trained tokenizer, including special tokens and emoji."""
    tokenizer: str = "wordpiece"
    """Tokenizer to train on the text: wordpiece, bpe (byte-level), unigram or wordlevel (whole words). Anything else is
    the folder or hub name of an existing tokenizer."""
    lowercase: bool = True
    """Lower-case the text in a trained tokenizer. Accents are always kept."""
    min_frequency: int = 2
    """Minimum number of occurrences of a token, character or emoji in a trained vocabulary."""
    language: str = "en"
    """Language of the text (en, ko, de …), for the sentence splitter."""
    sentences: str = "icu"
    """Sentence splitter: icu (Unicode's rules), kiwi (Korean, also without punctuation), or the name of one that
    --plugin loads."""
    document: Literal["auto", "file", "line", "block", "row"] = "auto"
    """What a document is: a text file, a line, a block between blank lines, or a row of a table. auto chooses by the
    files and prints its choice."""
    text_column: str = "text"
    """Column or key with the text, in .jsonl, .csv, .tsv, .parquet and hub datasets."""
    encoding: str | None = None
    """Encoding of the text files. Defaults to UTF-8, or to the detected encoding, which is printed."""
    validation: float = 0.05
    """Share of documents in the validation split. Documents are chosen by their hash, so adding text never moves one
    to the other split."""
    processes: int = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    """Number of worker processes. The corpus is the same for any number."""

    def __post_init__(self) -> None:
        problems = []
        if self.vocab_size < 300:
            holds = (
                "256 bytes and the special tokens" if self.tokenizer == "bpe" else "characters, words, special tokens"
            )
            problems.append(f"--vocab-size is {self.vocab_size}: it must be at least 300 ({holds})")
        if self.min_frequency < 1:
            problems.append(f"--min-frequency is {self.min_frequency}: it must be at least 1")
        if not 0 <= self.validation <= 0.5:
            problems.append(f"--validation is {self.validation}: it must be between 0 and 0.5")
        if self.processes < 1:
            problems.append(f"--processes is {self.processes}: it must be at least 1")
        if not self.text:
            problems.append("prepare: name the text to read (files, folders, globs, a declared corpus)")
        if problems:
            raise InputError(*problems)
