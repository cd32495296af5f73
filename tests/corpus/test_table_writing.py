"""Tables in files."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from nlp_ssl.corpus.table import DataTable, read_table
from nlp_ssl.corpus.table_writing import check_table, json_lines, with_columns, write_table
from nlp_ssl.errors import InputError


def table(**columns: list[Any]) -> DataTable:
    return DataTable("in.jsonl", columns, None, [])


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        (".csv", 'a,b\n"x, ""y""",1.5\n,"[1, ""é""]"\n=1+1,true\n'),
        (".tsv", 'a\tb\nx, "y"\t1.5\n\t[1, "é"]\n=1+1\ttrue\n'),
        (".jsonl", '{"a": "x, \\"y\\"", "b": 1.5}\n{"a": null, "b": [1, "é"]}\n{"a": "=1+1", "b": true}\n'),
    ],
)
def test_values_are_written_as_they_are(suffix: str, content: str, tmp_path: Path) -> None:
    (tmp_path / f"out{suffix}.1.writing").touch()
    write_table(tmp_path / f"out{suffix}", table(a=['x, "y"', None, "=1+1"], b=[1.5, [1, "é"], True]))
    assert (tmp_path / f"out{suffix}").read_text(encoding="utf-8") == content
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_readers_read_what_was_written(suffix: str, tmp_path: Path) -> None:
    columns = {"a": ["x", "'", "é"], "b": ["1", "", '"']}
    write_table(tmp_path / f"out{suffix}", table(**columns))
    assert read_table(tmp_path / f"out{suffix}").columns == columns


def test_words_in_columns(tmp_path: Path) -> None:
    words = {"1": [["a", "b"], ["c"]], "2": [["X", "Y"], ["X"]]}
    write_table(tmp_path / "out.conll", table(**words))
    assert (tmp_path / "out.conll").read_text() == "a X\nb Y\n\nc X\n\n"
    words |= {"1": [["a", "b"], ["c d"]], "2": [["X", ""], ["X"]]}
    write_table(tmp_path / "out.conll", table(**words))
    assert (tmp_path / "out.conll").read_text() == "a\tX\nb\t_\n\nc d\tX\n\n"
    words["2"][0][1] = "_"
    assert read_table(tmp_path / "out.conll").columns == words


def test_a_row_lacks_what_it_lacked_and_nothing_that_a_terminal_acts_on_is_printed() -> None:
    rows = DataTable("in", {"a": ["x\x9b", None, None], "b": [1, 2, date(2026, 1, 31)]}, None, [], {"a": [1]})
    assert list(json_lines(rows)) == ['{"a": "x\\u009b", "b": 1}\n', '{"b": 2}\n', '{"a": null, "b": "2026-01-31"}\n']


def test_further_columns_come_last_and_replace_none() -> None:
    made = with_columns(table(a=[1]), {"b": [2]})
    assert made.columns == {"a": [1], "b": [2]}
    with pytest.raises(InputError, match=r"in.jsonl: there is a column 'b' already; rename it"):
        with_columns(made, {"b": [3]})


@pytest.mark.parametrize(
    ("suffix", "values", "problem"),
    [
        (".tsv", ["a", "b\tc"], "in.jsonl, row 2: a value has a tab or a line break; use .csv or .jsonl"),
        (".conll", [["a"], "b"], "in.jsonl, row 2: .conll needs a value for each word in every column; use .jsonl"),
        (".conll", [["a"], []], "in.jsonl, row 2: .conll needs a value for each word in every column; use .jsonl"),
        (".parquet", [1, "a"], "in.jsonl: Parquet cannot hold these values"),
    ],
)
def test_values_that_a_format_cannot_hold(suffix: str, values: list[Any], problem: str, tmp_path: Path) -> None:
    for write in (lambda made: check_table(suffix, made), lambda made: write_table(tmp_path / f"out{suffix}", made)):
        with pytest.raises(InputError) as refused:
            write(table(a=values))
        assert refused.value.problems[0].startswith(problem)
    assert list(tmp_path.iterdir()) == []
