"""Label names and containers."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nlp_ssl.errors import InputError
from nlp_ssl.tasks.declaration import own_task, with_flags
from nlp_ssl.tasks.splits import load_splits
from nlp_ssl.tasks.values import container, label_name, number


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (" caf\u00e9 ", "caf\u00e9"),
        ("cafe\u0301", "caf\u00e9"),
        (1, "1"),
        (1.0, "1"),
        (1.5, "1.5"),
        ("1.0", "1.0"),
        (True, "True"),
        (None, ""),
        (float("nan"), ""),
        (float("inf"), "inf"),
        ("\u3000", ""),
    ],
)
def test_a_label_has_one_name(value: object, name: str) -> None:
    assert label_name(value) == name


@pytest.mark.parametrize(
    ("value", "found"),
    [
        *((" 1.5 ", 1.5), ("-2e3", -2000.0), (3, 3.0), (np.float32(0.5), 0.5)),
        *(
            (value, None)
            for value in ("１", "٣", "1_000", "1e999", "nan", "-inf", float("inf"), 10**400, "x", "", None)
        ),
        *((value, None) for value in ([1], {})),
    ],
)
def test_numbers_are_plain_and_finite(value: object, found: float | None) -> None:
    assert number(value) == found


def test_containers_are_no_single_values() -> None:
    found = [container(value) for value in (["a"], ("a",), {"a"}, {"a": 1}, b"a", "a", 1, None, True)]
    assert found == ["a list", "a list", "a list", "an object", "binary data", None, None, None, None]


def loaded(tmp_path: Path, rows: list[tuple[object, object]], kind: str = "classification") -> list[str]:
    """The problems of rows (text, label) after a good one, in a train file; none if they are accepted."""
    good = {"classification": ("fine", "b"), "multilabel": ("fine", ["a", "b"]), "regression": ("fine", 1.5)}
    good["token_classification"] = (["so", "fine"], ["A", "B"])  # type: ignore[assignment]
    for split, some in (("train", [good[kind], *rows]), ("dev", [good[kind]] * 2)):
        lines = [json.dumps({"text": text, "label": label}) + "\n" for text, label in some]
        (tmp_path / f"{split}.jsonl").write_text("".join(lines))
    try:
        load_splits(with_flags(own_task("mine"), "text", None, "label", (), kind), [tmp_path])
    except InputError as error:
        return [problem.replace(f"{tmp_path}/", "") for problem in error.problems]
    return []


@pytest.mark.parametrize(
    ("kind", "row", "problem"),
    [
        (
            "classification",
            ("x", ["fun", "sad"]),
            "train.jsonl:2: the label is a list; several labels for a text need --kind multilabel",
        ),
        ("classification", ("x", {"a": 1}), "train.jsonl:2: the label is an object; it must be a single value"),
        ("classification", ("x", None), "train.jsonl:2: the label is empty; fill it in or remove the row"),
        (
            "classification",
            (["x", "y"], "a"),
            "train.jsonl:2: the text is a list; it must be a string; a list of words needs --kind token_classification",
        ),
        ("classification", ({"en": "x"}, "a"), "train.jsonl:2: the text is an object; it must be a string"),
        ("classification", (None, "a"), "train.jsonl:2: the text is empty; remove the row"),
        (
            "classification",
            ("x", True),
            "train.jsonl: some labels are true or false and others are not; use one type",
        ),
        (
            "regression",
            ("x", [1.0]),
            "train.jsonl:2: the label is a list; several labels for a text need --kind multilabel",
        ),
        ("regression", ("x", None), "train.jsonl:2: the label None is not a finite number such as 1.5"),
        ("multilabel", ("x", {"fun": 1}), "train.jsonl:2: a label is an object; it must be a single value"),
        ("multilabel", ("x", [["fun"], "sad"]), "train.jsonl:2: a label is a list; it must be a single value"),
        ("multilabel", ("x", ["fun", None]), "train.jsonl:2: a label is empty; fill it in or remove it"),
        ("token_classification", (["x"], [["A"]]), "train.jsonl:2: a tag is a list; it must be a single value"),
        ("token_classification", ([["x"]], ["A"]), "train.jsonl:2: a word is no string"),
    ],
)
def test_containers_are_refused_with_file_and_line(tmp_path: Path, kind: str, row, problem: str) -> None:
    assert problem in loaded(tmp_path, [row], kind)


def test_lists_of_labels_are_for_multilabel(tmp_path: Path) -> None:
    assert loaded(tmp_path, [("x", ["a"]), ("y", []), ("z", "a, b")], "multilabel") == []


def test_lists_in_parquet_are_refused_too(tmp_path: Path) -> None:
    for split in ("train", "dev"):
        pq.write_table(pa.table({"text": ["x", "y"], "label": [["a"], ["b"]]}), tmp_path / f"{split}.parquet")
    with pytest.raises(InputError, match=r"train\.parquet, row 1: the label is a list; several labels"):
        load_splits(with_flags(own_task("mine"), "text", None, "label", ()), [tmp_path])


def test_labels_are_compared_composed_and_stripped(tmp_path: Path) -> None:
    (tmp_path / "train.tsv").write_text("text\tlabel\na\tcaf\u00e9\nb\tcafe\u0301 \nc\tbar\n", encoding="utf-8")
    (tmp_path / "dev.tsv").write_text("text\tlabel\na\t cafe\u0301\nb\tbar\n", encoding="utf-8")
    labels, splits = load_splits(with_flags(own_task("mine"), "text", None, "label", ()), [tmp_path])
    assert labels == ("bar", "caf\u00e9")
    assert [splits[name].labels.tolist() for name in ("train", "dev")] == [[1, 1, 0], [1, 0]]
