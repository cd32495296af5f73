import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nlp_ssl.corpus.readers.parquet import Parquet
from nlp_ssl.corpus.sources import Span, file_source
from nlp_ssl.errors import InputError


@pytest.fixture
def span(tmp_path: Path) -> Span:
    pq.write_table(pa.table({"text": ["a", None, "c"], "n": [1, 2, 3]}), tmp_path / "a.parquet")
    return Span(file_source(tmp_path / "a.parquet"))


def test_rows_are_numbered(span: Span) -> None:
    assert list(Parquet().rows(span))[1:] == [(2, {"text": None, "n": 2}), (3, {"text": "c", "n": 3})]
    assert list(Parquet().rows(span, ["n"])) == [(1, {"n": 1}), (2, {"n": 2}), (3, {"n": 3})]
    assert list(Parquet().documents(span, "text")) == ["a", "", "c"]


def test_a_compressed_file(span: Span, tmp_path: Path) -> None:
    (tmp_path / "b.parquet.gz").write_bytes(gzip.compress((tmp_path / "a.parquet").read_bytes()))
    packed = Span(file_source(tmp_path / "b.parquet.gz"))
    assert list(Parquet().rows(packed)) == list(Parquet().rows(span))


def test_errors(span: Span, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no column 'body', there is 'text', 'n'"):
        list(Parquet().documents(span, "body"))
    with pytest.raises(InputError, match="row 1: 'n' holds int '1', not text"):
        list(Parquet().documents(span, "n"))
    (tmp_path / "c.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"c\.parquet: not a readable Parquet file"):
        list(Parquet().rows(Span(file_source(tmp_path / "c.parquet"))))
