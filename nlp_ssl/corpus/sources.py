"""What is read: files, sources of declared corpora, and hub datasets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nlp_ssl import registry
from nlp_ssl.corpus.streams import CHUNK, COMPRESSIONS, suffix_of

DocumentKind = Literal["file", "line", "block", "row", "characters"]
"""What one document is: a text file, a line of it, a block between blank lines, a row of a table, or a piece of a
fixed length."""


@dataclass(frozen=True)
class Source:
    """A file, a source of a declared corpus, or a hub dataset, with the results of its scan and how it is read."""

    name: str  # a path, `module:source` of a declared corpus, or a hub dataset's `owner/name[:config]`
    format: str  # the name of its reader
    bytes: int = 0  # on disk; 0 where unknown
    hash: str = ""  # blake2b of the file; the `identity` of a declared corpus's source
    encoding: str = "utf-8"
    width: int | None = None  # characters at which lines are hard-wrapped
    blank_lines: float = 0.0  # share of blank lines at the beginning of the file
    unrelated_lines: bool = False  # whether its lines have nothing to do with their neighbours
    document: DocumentKind = "row"
    characters: int = 0  # the longest piece in characters, where `document` is "characters"
    text_column: str = "text"
    pair_columns: tuple[str, ...] = ()  # two columns that make one document, in place of `text_column`
    group: int = 0  # the number of its group: sources in one place that are read in the same way
    found: bool = False  # in a folder or by a pattern: left out and counted where it is not text

    @property
    def compressed(self) -> bool:
        """Whether the file is compressed."""
        return self.name.lower().endswith(COMPRESSIONS)

    @property
    def is_file(self) -> bool:
        """Whether it is a file, whose size is known; not so for declared corpora and hub datasets."""
        return self.format not in ("module", "hub")

    @property
    def place(self) -> str:
        """The folder of a file, the module of a declared corpus, or the name of a hub dataset."""
        return str(Path(self.name).parent) if self.is_file else self.name.partition(":")[0]

    @property
    def content(self) -> tuple[object, ...]:
        """What the documents depend on: the hash, or the name where there is none, and how the source is read."""
        identity = self.hash or self.name
        rule = (identity, self.format, self.encoding, self.width, self.document, self.characters, self.text_column)
        return (*rule, self.pair_columns) if self.pair_columns else rule


@dataclass(frozen=True)
class Span:
    """The bytes `start` to `end` (None: all) of a source."""

    source: Source
    start: int = 0
    end: int | None = None

    def where(self, line: int) -> str:
        """`file:line`, for a line of the span counted from 1."""
        if self.start:
            with Path(self.source.name).open("rb") as file:
                line += sum(file.read(min(CHUNK, self.start - at)).count(b"\n") for at in range(0, self.start, CHUNK))
        return f"{self.source.name}:{line}"


def formats() -> dict[str, str]:
    """The reader of each file suffix, such as {".csv": "csv"}; files with other suffixes are text."""
    return {suffix: name for name in registry.names("readers") for suffix in registry.find("readers", name).suffixes}


def file_source(path: Path, found: bool = False) -> Source:
    """The source of a file, with the reader of its suffix."""
    return Source(str(path), formats().get(suffix_of(path), "text"), bytes=path.stat().st_size, found=found)
