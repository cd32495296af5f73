"""The positive class of F1: declared, by flag, or the rarer label."""

from pathlib import Path

import numpy as np
import pytest

from nlp_ssl.errors import InputError
from nlp_ssl.tasks.declaration import Task, load_task, own_task, with_flags
from nlp_ssl.tasks.kinds.classification import Classification
from nlp_ssl.tasks.positive_class import with_positive
from nlp_ssl.tasks.splits import LabelledExamples, load_splits


def spam(positive: str | None = None, metric: str = "f1") -> Task:
    return with_flags(own_task("mine"), "text", None, "label", (metric,), None, positive)


def examples(ids: list[int]) -> LabelledExamples:
    return LabelledExamples([f"text {i}" for i in range(len(ids))], None, np.array(ids))


def loaded(tmp_path: Path, labels: list[str], positive: str | None = None) -> tuple[Task, Classification, float]:
    """The task, its kind, and the F1 of outputs that predict the second label, in order, for every example."""
    for split in ("train", "dev"):
        lines = [f"{split} text {i}\t{label}\n" for i, label in enumerate(labels)]
        (tmp_path / f"{split}.tsv").write_text("text\tlabel\n" + "".join(lines))
    names, splits = load_splits(spam(positive), [tmp_path])
    task = with_positive(spam(positive), names, splits["train"])
    kind = Classification(names, task.positive)
    outputs = np.tile([0.0, 1.0], (len(labels), 1))
    return task, kind, kind.score("f1", outputs, splits["dev"])


def test_the_rarer_label_is_positive_in_any_order_of_labels(tmp_path: Path) -> None:
    task, kind, f1 = loaded(tmp_path, ["1", "1", "1", "-1"])
    assert (kind.labels, task.positive) == (("1", "-1"), "-1")
    assert f1 == 2 * 1 / (1 + 4)  # "-1" is predicted everywhere
    task, kind, f1 = loaded(tmp_path, ["1", "-1", "-1", "-1"])
    assert (task.positive, f1) == ("1", 0)  # "1" is never predicted


@pytest.mark.parametrize(("positive", "f1"), [("ham", 0), ("spam", 2 * 3 / (3 + 4))])
def test_a_positive_class_by_flag(tmp_path: Path, positive: str, f1: float) -> None:
    assert loaded(tmp_path, ["spam", "spam", "ham", "spam"], positive)[2] == f1


def test_equally_frequent_labels_make_the_second_one_positive() -> None:
    assert with_positive(spam(), ("ham", "spam"), examples([0, 1, 1, 0])).positive == "spam"


def test_a_positive_class_that_is_no_label_is_refused() -> None:
    with pytest.raises(InputError, match=r"^mine: the positive class 'Spam' is not a label; there are ham, spam$"):
        with_positive(spam("Spam"), ("ham", "spam"), examples([0, 1]))


def test_other_metrics_have_no_positive_class() -> None:
    assert with_positive(spam(metric="accuracy"), ("ham", "spam"), examples([0, 1, 1])).positive == ""
    with pytest.raises(InputError, match="only f1, precision and recall have"):
        spam("ham", metric="accuracy")


@pytest.mark.parametrize(("name", "positive"), [("mrpc", "equivalent"), ("qqp", "duplicate")])
def test_shipped_tasks_declare_class_1_as_positive(name: str, positive: str) -> None:
    task = load_task(name)
    assert with_positive(task, task.labels, examples([1, 1, 0])).positive == positive == task.labels[1]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("metrics = ['f1']\npositive = 'c'", "task.positive is 'c': it must be one of task.labels"),
        (
            "metrics = ['accuracy']\npositive = 'a'",
            "task.positive is 'a': only f1, precision and recall have a positive class",
        ),
    ],
)
def test_a_wrong_declaration_is_refused(tmp_path: Path, lines: str, message: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(f"[task]\ncolumns = ['x']\nlabel = 'y'\nlabels = ['a', 'b']\n{lines}\n")
    with pytest.raises(InputError, match=message):
        load_task(str(file))


def test_only_f1_depends_on_the_positive_class() -> None:
    outputs = np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])  # predicts 1, 0, 1
    kinds = [Classification(("a", "b"), positive) for positive in ("a", "b")]
    dev = examples([1, 1, 0])
    for metric in ("accuracy", "macro_f1", "matthews"):
        assert kinds[0].score(metric, outputs, dev) == kinds[1].score(metric, outputs, dev)
    assert [kind.score("f1", outputs, dev) for kind in kinds] == [0, 0.5]
    tables = [kind.prediction_table(outputs, dev)[1] for kind in kinds]
    assert tables[0] == tables[1] and tables[0][0][1:3] == ["b", "b"]
