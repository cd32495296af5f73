"""Texts whose labels are to be predicted."""

import json
from pathlib import Path

import pytest

from nlp_ssl.errors import InputError
from nlp_ssl.tasks.declaration import Task
from nlp_ssl.tasks.unlabelled import read_file, unlabelled


def write(file: Path, *rows: dict) -> Path:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def task(kind: str, *columns: tuple[str, ...]) -> Task:
    return Task(name="", kind=kind, columns=columns, label=("label",), labels=("no", "yes"), metrics=())


def test_columns_of_text_and_label_that_are_swapped(tmp_path: Path, capsys) -> None:
    """As in published files of sst2, whose header names the columns in the wrong order."""
    table = read_file(write(tmp_path / "in.jsonl", {"text": "0", "label": "a film"}, {"text": "1", "label": "b"}))
    assert unlabelled(table, task("classification", ("text",)))[1].texts == ["a film", "b"]
    assert "the columns of text and label are swapped; reading each as the other" in capsys.readouterr().err
    table = read_file(write(tmp_path / "in.jsonl", {"text": "0"}, {"text": "1"}))
    assert unlabelled(table, task("classification", ("text",)))[1].texts == ["0", "1"]


def test_every_row_is_an_example_and_labels_are_not_read(tmp_path: Path, capsys) -> None:
    rows = [{"a": " x ", "b": "y", "label": [1]}, {"a": None, "b": "z"}, {"a": 7, "b": ""}]
    pairs = task("classification", ("c", "a"), ("b",))
    table, examples = unlabelled(read_file(write(tmp_path / "in.jsonl", *rows)), pairs)
    assert (examples.texts, examples.pairs) == (["x", "", "7"], ["y", "z", ""])
    assert examples.labels is None and table.columns["a"] == [" x ", None, 7]
    assert capsys.readouterr().err == f"{tmp_path / 'in.jsonl'}: 2 of 3 texts are empty\n"


def test_words_of_sentences_some_of_which_are_empty(tmp_path: Path) -> None:
    rows = [{"words": ["a", " b"]}, {"words": []}, {"words": None}]
    sentences = task("token_classification", ("words",))
    _, examples = unlabelled(read_file(write(tmp_path / "in.jsonl", *rows)), sentences)
    assert examples.words == [["a", "b"], [], []] and examples.texts == ["a b", "", ""]


@pytest.mark.parametrize(
    ("kind", "row", "problem"),
    [
        ("classification", {"text": ["a"]}, "in.jsonl:2: the text is a list; it must be a string"),
        ("classification", {"other": "a"}, "in.jsonl:2: no 'text'"),
        ("token_classification", {"text": "a b"}, "in.jsonl:2: the text is not a list of words"),
        ("token_classification", {"text": ["a", ""]}, "in.jsonl:2: the text has an empty word"),
    ],
)
def test_rows_that_cannot_be_read_are_refused(kind: str, row: dict, problem: str, tmp_path: Path) -> None:
    first = {"text": ["a"] if kind == "token_classification" else "a"}
    table = read_file(write(tmp_path / "in.jsonl", first, row))
    with pytest.raises(InputError) as refused:
        unlabelled(table, task(kind, ("text",)))
    assert refused.value.problems == (f"{tmp_path}/{problem}",)


def test_broken_rows_are_refused_not_left_out(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("a,b\n1,2\n1\n1,2,3\n")
    with pytest.raises(InputError) as refused:
        read_file(tmp_path / "in.csv")
    assert [problem.split(": ")[0] for problem in refused.value.problems] == [f"{tmp_path}/in.csv:{i}" for i in (3, 4)]
