"""Write a table with further columns, in the formats that the readers read.

The table's own values stay as they are, also those that a spreadsheet would take as formulas. Lists and objects are
JSON in CSV and TSV.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nlp_ssl.atomic_io import remove_leftovers, writing
from nlp_ssl.console import printable
from nlp_ssl.corpus.table import DataTable
from nlp_ssl.errors import InputError, cut


def with_columns(table: DataTable, added: Mapping[str, Sequence[Any]]) -> DataTable:
    """The table with further columns. InputError if it has one of them already."""
    if taken := [name for name in added if name in table.columns]:
        raise InputError(f"{table.where}: there is a column {cut(repr(taken[0]))} already; rename it")
    columns = table.columns | {name: list(values) for name, values in added.items()}
    return DataTable(table.where, columns, table.first_lines, table.problems, table.missing)


def check_table(suffix: str, table: DataTable) -> None:
    """InputError if a format cannot hold the values of a table."""
    if suffix == ".parquet":
        _arrow(table)
    else:
        for _ in _LINES[suffix](table):
            pass


def write_table(out: Path, table: DataTable) -> None:
    """Write .csv, .tsv, .jsonl, .conll or .parquet. The file appears complete or not at all.

    InputError if the format cannot hold the values.
    """
    remove_leftovers(out)
    with writing(out) as beside:
        if out.suffix == ".parquet":
            import pyarrow.parquet as pq

            pq.write_table(_arrow(table), beside)
            return
        with beside.open("w", encoding="utf-8", newline="") as stream:
            stream.writelines(_LINES[out.suffix](table))


def json_lines(table: DataTable) -> Iterator[str]:
    """Each row as a JSON object in one line, in characters that a terminal can show.

    A row lacks the columns that it lacks in the table.
    """
    lacking = {name: set(rows) for name, rows in table.missing.items()}
    for row, values in enumerate(_rows(table)):
        named = zip(table.columns, values, strict=True)
        found = {name: value for name, value in named if row not in lacking.get(name, ())}
        line = json.dumps(found, ensure_ascii=False, default=str)
        yield (line if printable(line) == line else json.dumps(found, default=str)) + "\n"


def _csv_lines(table: DataTable) -> Iterator[str]:
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\n")
    for cells in (table.columns, *_rows(table)):
        writer.writerow(map(_text, cells))
        yield line.getvalue()
        line.seek(0)
        line.truncate()


def _tsv_lines(table: DataTable) -> Iterator[str]:
    yield _line(list(table.columns), "\t", table.where)
    for row, values in enumerate(_rows(table)):
        yield _line(list(map(_text, values)), "\t", table.at(row))


def _conll_lines(table: DataTable) -> Iterator[str]:
    """A line for each word, and a blank line after each sentence.

    Values are separated by spaces, which `conlleval` reads; by tabs if there is a value with a space. An empty value is
    written as "_".
    """
    sentences = []
    for row, values in enumerate(_rows(table)):
        lengths = {len(value) if isinstance(value, list) else 0 for value in values}
        if len(lengths) != 1 or not lengths.pop():
            raise InputError(f"{table.at(row)}: .conll needs a value for each word in every column; use .jsonl")
        sentences.append([[_text(value) or "_" for value in word] for word in zip(*values, strict=True)])
    separator = "\t" if any(" " in cell for words in sentences for cells in words for cell in cells) else " "
    for row, words in enumerate(sentences):
        for cells in words:
            yield _line(cells, separator, table.at(row))
        yield "\n"


_LINES = {".csv": _csv_lines, ".tsv": _tsv_lines, ".jsonl": json_lines, ".conll": _conll_lines}


def _rows(table: DataTable) -> Iterator[tuple[Any, ...]]:
    return zip(*table.columns.values(), strict=True)


def _line(cells: Sequence[str], separator: str, where: str) -> str:
    """Cells as one line. InputError if one has a tab or a line break."""
    if any(character in cell for cell in cells for character in "\t\n\r"):
        raise InputError(f"{where}: a value has a tab or a line break; use .csv or .jsonl")
    return separator.join(cells) + "\n"


def _text(value: Any) -> str:
    """A value as text; nothing and NaN are empty."""
    if value is None or value != value:
        return ""
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list | dict | bool) else str(value)


def _arrow(table: DataTable) -> Any:
    import pyarrow as pa

    try:
        return pa.table(table.columns)
    except (pa.ArrowException, TypeError, OverflowError) as error:
        raise InputError(f"{table.where}: Parquet cannot hold these values ({cut(error)}); use .jsonl") from None
