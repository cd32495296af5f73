"""The training split of a dataset on the Hugging Face hub, `owner/name` or `owner/name:config`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from nlp_ssl.corpus.readers.base import NumberedRow, TableReader, no_column
from nlp_ssl.corpus.sources import Span
from nlp_ssl.errors import InputError, first_line


class Hub(TableReader):
    """Rows are numbered from 1. Needs the `datasets` library, which is imported on first use."""

    name: ClassVar[str] = "hub"
    decodes: ClassVar[bool] = False
    has_lines: ClassVar[bool] = False

    def rows(self, span: Span, columns: Sequence[str] | None = None) -> Iterator[NumberedRow]:
        """The rows with the needed columns. InputError where the dataset cannot be loaded or one is missing."""
        from datasets import load_dataset

        name = span.source.name
        path, _, config = name.partition(":")
        try:
            rows = load_dataset(path, config or None, split="train")
        except Exception as error:  # the hub fails in many ways
            reason = first_line(error)
            raise InputError(
                f"{name}: no such file or folder, and no hub dataset that could be loaded ({reason})"
            ) from None
        for column in columns or []:
            if column not in rows.column_names:
                raise InputError(no_column(name, column, rows.column_names))
        yield from enumerate(rows if columns is None else rows.select_columns(list(columns)), 1)
