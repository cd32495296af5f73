"""Parquet: a table stored by columns; it may also be compressed as a whole."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from nlp_ssl.corpus.readers.base import NumberedRow, TableReader, no_column
from nlp_ssl.corpus.sources import Span
from nlp_ssl.corpus.streams import read_bytes
from nlp_ssl.errors import InputError


class Parquet(TableReader):
    """Rows are numbered from 1."""

    name: ClassVar[str] = "parquet"
    suffixes: ClassVar[tuple[str, ...]] = (".parquet",)
    decodes: ClassVar[bool] = False
    has_lines: ClassVar[bool] = False

    def rows(self, span: Span, columns: Sequence[str] | None = None) -> Iterator[NumberedRow]:
        """The rows with the needed columns. InputError where one is missing or the file is damaged."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        name = span.source.name
        with tempfile.TemporaryFile() as whole:
            file: Any = name
            if span.source.compressed:  # Parquet is read from its end
                for chunk in read_bytes(name):
                    whole.write(chunk)
                file = whole
            try:
                table = pq.ParquetFile(file)
                there = table.schema_arrow.names
                for column in columns or []:
                    if column not in there:
                        raise InputError(no_column(name, column, there))
                number = 0
                for batch in table.iter_batches(batch_size=1024, columns=None if columns is None else list(columns)):
                    for row in batch.to_pylist():
                        number += 1
                        yield number, row
            except (pa.ArrowInvalid, OSError) as error:
                raise InputError(f"{name}: not a readable Parquet file ({error}); get a new copy") from None
