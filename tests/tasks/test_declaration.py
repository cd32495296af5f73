"""Declarations: the shipped ones, and invalid ones."""

from pathlib import Path

import pytest

from nlp_ssl.errors import InputError
from nlp_ssl.tasks.declaration import DEFAULT_SPLITS, load_task, own_task, task_names, with_flags

GLUE = {
    "cola": ["matthews"],
    "sst2": ["accuracy"],
    "mrpc": ["f1", "accuracy"],
    "stsb": ["pearson", "spearman"],
    "qqp": ["f1", "accuracy"],
    "mnli": ["accuracy"],
    "qnli": ["accuracy"],
    "rte": ["accuracy"],
    "wnli": ["accuracy"],
}


@pytest.mark.parametrize("name", task_names())
def test_shipped_declarations_are_whole(name: str) -> None:
    task = load_task(name)
    assert task.name == name and task.title
    assert set(task.metrics) <= set(task.kind_type.metrics)
    assert task.kind != "regression" or not task.labels


def test_glue_is_declared_with_its_metrics() -> None:
    for name, metrics in GLUE.items():
        task = load_task(name)
        assert list(task.metrics) == metrics
        assert task.hub == f"nyu-mll/glue/{name}"
        assert task.submission and len(task.columns) == (1 if name in ("cola", "sst2") else 2)
    assert load_task("mnli").evaluation_splits == ["dev_matched", "dev_mismatched"]


def test_a_declaration_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[task]\ncolumns = ["a", ["b", "B"]]\nlabel = "gold"\nmetrics = ["f1"]\n')
    task = load_task(str(file))
    assert (task.name, task.columns, task.label, task.splits) == (
        "mine",
        (("a",), ("b", "B")),
        ("gold",),
        DEFAULT_SPLITS,
    )


@pytest.mark.parametrize(
    ("lines", "messages"),
    [
        (
            "columns = 'a'\nlabel = 'b'\nmetrics = ['f1']",
            ["must be a list, each item a string or a list of strings"],
        ),
        (
            "columns = ['a']\nlabel = 'b'\nmetric = ['f1']",
            ["unknown key task.metric: did you mean 'metrics'?", "task.metrics is missing"],
        ),
        ("columns = ['a']\nlabel = 'b'\nmetrics = ['pearson']", ["classification has accuracy, f1"]),
        (
            "columns = ['a']\nlabel = 'b'\nmetrics = ['f1']\nkind = 'labels'",
            ["task.kind is 'labels': it must"],
        ),
        ("columns = ['a']\nlabel = 'b'\nmetrics = ['f1']\nlabels = ['x', 'x']", ["at least two names, all different"]),
        (
            "columns = ['a']\nlabel = 'b'\nmetrics = ['f1']\n[task.splits]\ntrain = 'train'",
            ["must have train and dev"],
        ),
        ("columns = ['a']\nlabel = 'b'\nmetrics = ['f1']\n[tasks]", ["unknown table 'tasks'"]),
        ("columns = [", ["not valid TOML"]),
    ],
)
def test_mistakes_are_refused_all_at_once(tmp_path: Path, lines: str, messages: list[str]) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(f"[task]\n{lines}\n")
    with pytest.raises(InputError) as error:
        load_task(str(file))
    assert len(error.value.problems) == len(messages)
    for problem, message in zip(error.value.problems, messages, strict=True):
        assert message in problem and "mine.toml" in problem


def test_unknown_names_get_a_suggestion() -> None:
    with pytest.raises(InputError, match="did you mean 'sst2'"):
        with_flags(own_task("sst-2"), None, None, None, ())


def test_flags_replace_declared_values() -> None:
    task = with_flags(own_task("mine"), "a", "b", "c", ("spearman",))
    assert (task.kind, task.columns, task.label) == ("regression", (("a",), ("b",)), ("c",))
    assert with_flags(load_task("sst2"), "a", None, None, ("f1", "accuracy")).labels == ("negative", "positive")
    with pytest.raises(InputError, match="regression has pearson"):
        with_flags(own_task("mine"), "a", None, "c", ("accuracy", "pearson"))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            "[task.submission]\ntest = '/any/path.tsv'",
            "task.submission.test is '/any/path.tsv': it must be a file name",
        ),
        ("folder = '../up'", "task.folder is '../up': it must be a name, not a path"),
        ("[task.submission]\ntest = '../up.tsv'", "task.submission.test is '../up.tsv': it must be a file name"),
        ("[task.submission]\ntest = '..'", "task.submission.test is '..': it must be a file name"),
        ("[task.submission]\ntest = ''", "task.submission.test is '': it must be a file name"),
        ('[task.submission]\ntest = "C:\\\\x.tsv"', "task.submission.test is"),
        ('[task.submission]\ntest = "a\\u001bb"', "task.submission.test is"),
        ("[task.splits]\ntrain = 'train'\n'dev_/../x' = 'dev'", "task.splits has train, dev_/../x: it must have"),
        ("[task.splits]\ntrain = 'train'\n'dev_..' = 'dev'", "task.splits has train, dev_..: it must have"),
        ("[task.splits]\ntrain = '../../train'\ndev = 'dev'", "task.splits.train is '../../train': it must be a name"),
        ("broken_rows = -1", "task.broken_rows is -1.0: it must be a share of at least 0 and below 1"),
    ],
)
def test_names_are_never_paths(tmp_path: Path, lines: str, message: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(f"[task]\ncolumns = ['x']\nlabel = 'y'\nmetrics = ['accuracy']\n{lines}\n")
    with pytest.raises(InputError) as error:
        load_task(str(file))
    assert message in str(error.value)


@pytest.mark.parametrize("name", ["../up", "/etc/passwd", "a\\b", "..", ""])
def test_the_name_of_an_own_task_is_no_path(name: str) -> None:
    with pytest.raises(InputError, match="a name has no"):
        own_task(name)
