"""A data file -> a table of columns, with everything that is wrong with its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nlp_ssl import registry
from nlp_ssl.console import say
from nlp_ssl.corpus.readers.base import Problem, TableReader
from nlp_ssl.corpus.readers.tsv import Tsv
from nlp_ssl.corpus.scanning import with_encoding
from nlp_ssl.corpus.sources import Source, Span
from nlp_ssl.corpus.streams import DecodingError, suffix_of
from nlp_ssl.corpus.surrogates import join_all
from nlp_ssl.errors import InputError


@dataclass(frozen=True)
class DataTable:
    """Raw values by column, one list a column; None where a row has no value."""

    where: str
    columns: dict[str, list[Any]]
    first_lines: list[int] | None
    """The line where each row begins; None where there are no lines, and rows are counted from 1."""
    problems: list[str]
    """What is wrong with the rows that could not be read, with file and line."""
    missing: Mapping[str, list[int]] = field(default_factory=dict)
    """The rows (indices) that lack a column which others have; only formats without a header have them."""

    def at(self, row: int) -> str:
        """Where a row (its index) is, for a message."""
        if self.first_lines is None:
            return f"{self.where}, row {row + 1}"
        return f"{self.where}:{self.first_lines[row]}"

    def lacking(self, column: str) -> list[str]:
        """A problem for each row that lacks a needed column."""
        return [f"{self.at(row)}: no {column!r}" for row in self.missing.get(column, [])]


def table_formats() -> dict[str, str]:
    """The reader of each suffix that a table can have. ".txt" is tab-separated, as in GLUE."""
    readers = {name: registry.find("readers", name) for name in registry.names("readers")}
    tables = {name: reader for name, reader in readers.items() if issubclass(reader, TableReader)}
    first = ("tsv", "csv", "jsonl", "parquet")
    ordered = [*first, *(name for name in tables if name not in first)]
    return {suffix: name for name in ordered for suffix in tables[name].suffixes} | {".txt": "tsv"}


def read_table(file: Path, *, quoted_tsv: bool = False) -> DataTable:
    """Read a file in one of `table_formats`, with .gz or .zst behind the suffix where it is compressed.

    A column is a key that any row has. Rows that cannot be read become problems of the table, one each.
    `quoted_tsv` says that values of a .tsv or .txt file may be quoted, as in CSV. InputError where the file as a
    whole cannot be read or has no rows.
    """
    known = table_formats()
    if suffix_of(file) not in known:
        raise InputError(f"{file}: not one of {', '.join(known)} (.gz and .zst may follow)")
    source = Source(str(file), known[suffix_of(file)], bytes=file.stat().st_size)
    reader = Tsv(quoted_tsv) if source.format == "tsv" else registry.find("readers", source.format)()
    rows: list[dict[str, Any]] = []
    lines: list[int] = []
    problems: list[str] = []
    replaced = 0
    try:
        source = with_encoding(source)
        if source.encoding != "utf-8":
            say(f"{file}: not UTF-8, read as {source.encoding}")
        span = Span(source)
        for number, row in reader.rows(span):
            if isinstance(row, Problem):
                problems.append(f"{reader.where(span, number)}: {row}")
            else:
                row, lone = join_all(row) if source.format == "jsonl" else (row, 0)
                replaced += lone
                rows.append(row)
                lines.append(number)
    except DecodingError as error:
        raise InputError(f"{error.what}; convert the file to UTF-8") from None
    if replaced:
        say(f"{file}: {replaced:,} broken characters (single surrogates of JSON) replaced by U+FFFD")
    if not rows and not problems:
        raise InputError(f"{file}: no examples in it")
    names = dict.fromkeys(name for row in rows for name in row)
    missing = {name: [i for i, row in enumerate(rows) if name not in row] for name in names}
    return DataTable(
        where=str(file),
        columns={name: [row.get(name) for row in rows] for name in names},
        first_lines=lines if reader.has_lines else None,
        problems=problems,
        missing={name: some for name, some in missing.items() if some},
    )
