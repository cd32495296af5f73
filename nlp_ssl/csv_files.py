"""CSV files that spreadsheets open as data."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t")


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The text of a CSV file (RFC 4180, with line feeds); None becomes an empty value.

    A text that a spreadsheet would take as a formula gets an apostrophe before it. Numbers stay as they are.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_without_formula(value) for value in row] for row in rows)
    return text.getvalue()


def _without_formula(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_STARTS_A_FORMULA) else value
