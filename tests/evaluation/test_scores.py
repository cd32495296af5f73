"""The table and the files of a result, from outputs written down by hand."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nlp_ssl.evaluation.result_cache import CachedResult
from nlp_ssl.evaluation.scores import Row, markdown, score_name, write_result
from nlp_ssl.tasks.declaration import own_task, with_flags
from nlp_ssl.tasks.kinds.classification import Classification
from nlp_ssl.tasks.splits import LabelledExamples

KIND = Classification(["bad", "good"])
TASK = with_flags(own_task("mine"), "text", None, "label", (), None)
DEV = LabelledExamples(["a", "b", "c", "d"], None, np.array([0, 1, 1, 0]))
TEST = LabelledExamples(["e"], None, None)
FACTS = {"examples": {"train": 100, "dev": 4}, "command": "nlp-ssl probe run"}


def part(labels: list[int], **facts: object) -> CachedResult:
    return CachedResult({"dev": np.eye(2)[labels], "test": np.eye(2)[[1]]}, {"seconds": 1.0, **facts})


ROWS = [
    Row("random_init", "random initialisation", [part([0, 0, 0, 0], seed=1), part([0, 1, 0, 1], seed=2)], "finetune"),
    Row("pretrained", "mlm", [part([0, 1, 1, 0], seed=1), part([0, 1, 1, 1], seed=2)], "finetune"),
]


@pytest.fixture
def result(tmp_path: Path) -> dict:
    return write_result(tmp_path, TASK, KIND, {"dev": DEV, "test": TEST}, ROWS, FACTS)


def test_scores_of_each_seed(result: dict) -> None:
    init, ours = (model["scores"]["accuracy"] for model in result["models"])
    assert (init["seeds"], init["mean"], init["sd"]) == ([0.5, 0.5], 0.5, 0.0)
    assert (ours["seeds"], ours["mean"]) == ([1.0, 0.75], 0.875)
    assert ours["sd"] == pytest.approx(0.125 * 2**0.5)
    assert "vs_random_init" not in init
    assert ours["vs_random_init"]["mean"] == pytest.approx(0.375)


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
