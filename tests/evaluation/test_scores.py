"""The table and the files of a result, from outputs written down by hand."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nlp_ssl.evaluation.result_cache import CachedResult
from nlp_ssl.evaluation.scores import Row, markdown, score_name, write_result
from nlp_ssl.tasks.declaration import own_task, with_flags
from nlp_ssl.tasks.draws import UNUSED, Draw, scored_splits
from nlp_ssl.tasks.kinds.classification import Classification
from nlp_ssl.tasks.splits import LabelledExamples

KIND = Classification(["bad", "good"])
TASK = with_flags(own_task("mine"), "text", None, "label", (), None)
DEV = LabelledExamples(["a", "b", "c", "d"], None, np.array([0, 1, 1, 0]))
TEST = LabelledExamples(["e"], None, None)
FACTS = {"examples": {"train": 100, "dev": 4}, "command": "nlp-ssl probe run"}


def part(name: str, labels: list[int]) -> CachedResult:
    outputs = {"dev": np.eye(2)[labels], "test": np.eye(2)[[1]], "unused": np.eye(2)[[1, 1, 0, 0, 0]]}
    return CachedResult(outputs, {"seconds": 1.0}, name)


ROWS = [
    Row("random_init", "random initialisation", [part("a", [0, 0, 0, 0]), part("b", [0, 1, 0, 1])], [1, 2], "finetune"),
    Row("pretrained", "mlm", [part("c", [0, 1, 1, 0]), part("d", [0, 1, 1, 1])], [1, 2], "finetune"),
]


@pytest.fixture
def result(tmp_path: Path) -> dict:
    splits = {"dev": DEV, "test": TEST}
    return write_result(tmp_path, TASK, KIND, splits, scored_splits(splits, []), ROWS, FACTS)


def test_scores_of_each_seed(result: dict) -> None:
    init, ours = (model["scores"]["accuracy"] for model in result["models"])
    assert (init["seeds"], init["mean"], init["sd"]) == ([0.5, 0.5], 0.5, 0.0)
    assert (ours["seeds"], ours["mean"]) == ([1.0, 0.75], 0.875)
    assert ours["sd"] == pytest.approx(0.125 * 2**0.5)
    assert "vs_random_init" not in init
    assert ours["vs_random_init"]["mean"] == pytest.approx(0.375)


def test_both_sides_of_a_contrast_are_one_example_of_an_interval(tmp_path: Path) -> None:
    """The models differ on one side of one contrast of four: by a mean of 1/8, with a standard error of 1/8."""
    dev = LabelledExamples(list("abcdefgh"), None, np.tile([0, 1], 4), None, np.repeat(np.arange(4), 2))
    outputs = [np.eye(2)[labels] for labels in ([0] * 8, [0, 1, *[0] * 6])]
    rows = [
        Row(key, key, [CachedResult({"dev": values}, {"seconds": 1.0}, key)], [None], "probe")
        for key, values in zip(("random_init", "pretrained"), outputs, strict=True)
    ]
    found = write_result(tmp_path, TASK, KIND, {"dev": dev}, scored_splits({"dev": dev}, []), rows, FACTS)
    gap = found["models"][1]["scores"]["accuracy"]["vs_random_init"]
    assert gap["mean"] == 0.125 and gap["high"] == pytest.approx(0.125 + 3.1824 * 0.125, abs=1e-4)
    with np.load(tmp_path / found["models"][1]["outputs"]["dev"][0]) as arrays:
        assert arrays["cluster"].tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def test_files(result: dict, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert json.loads((tmp_path / "scores.json").read_text())["models"] == json.loads(json.dumps(result["models"]))
    assert (tmp_path / "scores.csv").read_text().splitlines() == [
        "model,metric,seed,score",
        "random initialisation,accuracy,1,0.5",
        "random initialisation,accuracy,2,0.5",
        "mlm,accuracy,1,1.0",
        "mlm,accuracy,2,0.75",
    ]
    lines = (tmp_path / "scores.md").read_text().splitlines()
    assert lines[0] == "mine: 100 training examples, scored on 4 of dev, 2 seeds"
    assert lines[5].startswith("| mlm | 87.5 ± 17.7 | +37.5 [")
    assert sorted(f.name for f in (tmp_path / "predictions").iterdir()) == ["1.tsv", "2.tsv"]
    assert (tmp_path / "predictions" / "2.tsv").read_text().splitlines()[4] == "4\tbad\tgood\t0.7311\td"
    assert (tmp_path / "submission" / "test.tsv").read_text().splitlines()[0] == "index\tprediction"


def test_a_score_on_a_further_dev_split_has_its_name() -> None:
    assert [score_name(TASK, "f1", split) for split in ("dev", "dev_matched", "test")] == [
        "f1",
        "f1 matched",
        "f1 test",
    ]
    assert score_name(replace(TASK, positive="spam"), "f1", "dev_matched") == "f1 (of 'spam') matched"
    assert score_name(replace(TASK, positive="spam"), "accuracy", "dev") == "accuracy"


def test_markdown() -> None:
    assert markdown("two", ["a", "b"], [["1", "2"]], "nlp-ssl probe") == (
        "two\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n`nlp-ssl probe`\n"
    )


def test_labels_and_predictions_are_written_as_arrays(result: dict, tmp_path: Path) -> None:
    assert [model["outputs"] for model in result["models"]] == [
        {"dev": ["scored/a-dev.npz", "scored/b-dev.npz"]},
        {"dev": ["scored/c-dev.npz", "scored/d-dev.npz"]},
    ]
    with np.load(tmp_path / "scored" / "d-dev.npz") as arrays:
        assert arrays["gold"].tolist() == [0, 1, 1, 0] and arrays["predicted"].tolist() == [0, 1, 1, 1]
        assert arrays["kept"].all() and "probabilities" not in arrays


def test_figures_of_each_class_are_means_over_seeds(result: dict) -> None:
    classes = result["models"][1]["classes"]
    assert classes["split"] == "dev"
    assert classes["classes"]["bad"] == {"precision": 1, "recall": 0.75, "f1": pytest.approx(5 / 6), "support": 2}
    assert classes["confusion"] == [[1.5, 0.5], [0, 2]]


def test_the_extended_score_is_on_dev_and_unused_examples_that_do_not_recur(tmp_path: Path) -> None:
    unused = LabelledExamples(["learned", "f", "g", "h", "i"], None, np.array([0, 1, 1, 0, 0]))
    learned = LabelledExamples(["learned"], None, np.array([0]))
    splits = {"dev": DEV, UNUSED: unused}
    scored = scored_splits(splits, [Draw(learned, learned, learned)])
    facts = {"examples": {"train": 100, "dev": 4, "unused": 5}, "command": "nlp-ssl probe run"}
    result = write_result(tmp_path, replace(TASK, metrics=("accuracy", "auc")), KIND, splits, scored, ROWS, facts)
    scores = result["models"][1]["scores"]
    assert list(scores) == ["accuracy extended", "auc extended", "accuracy", "auc"]
    assert scores["accuracy extended"]["seeds"] == [7 / 8, 6 / 8]  # of unused, f, h and i are right
    assert scores["accuracy"]["seeds"] == [1.0, 0.75]
    assert (result["examples"]["extended"], result["texts that recur"]) == (8, 1)
    assert result["models"][1]["classes"]["split"] == "extended"
    with np.load(tmp_path / "scored" / "d-extended.npz") as arrays:
        assert arrays["kept"].tolist() == [True] * 4 + [False] + [True] * 4
        assert arrays["probabilities"].shape == (9,)
    assert "scored on 8 of extended and 4 of dev" in (tmp_path / "scores.md").read_text()
