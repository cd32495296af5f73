from collections.abc import Callable
from pathlib import Path

import pytest

from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.probe import Probe, _Probing
from nlp_ssl.evaluation.score_task import score_task

Run = Callable[[str], Path]


def options(run: Path, data: Path, out: Path, **others: object) -> Probe:
    values = {"run": run, "task": "cues", "data": (data,), "out": out, "text_column": "text", "label_column": "label"}
    return Probe(**values | others)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train_examples": 401}, "--train-examples 401: cues has only 400 training examples"),
        ({"train_examples": 10}, "--train-examples is 10: it must be at least 20"),
        ({"run": Path("none")}, "none: no such folder"),
        ({"label_column": None}, "a task of your own needs --text-column and --label-column"),
    ],
)
def test_unusable_options_are_refused_before_anything_is_written(
    run: Run, cues: Path, tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    out = tmp_path / "out"
    asked = options(**{"run": run("mlm"), "data": cues, "out": out, **changes})
    with pytest.raises(InputError, match=message):
        score_task(_Probing, asked)
    assert not out.exists()


def test_the_result_is_that_of_the_experiment(run: Run, cues: Path, tmp_path: Path) -> None:
    asked = options(run("mlm"), cues, tmp_path / "out", train_examples=40, seeds=1, baselines=False)
    result = score_task(_Probing, asked)
    assert (result["task"], result["examples"]["train"]) == ("cues", 40)
    assert {model["key"] for model in result["models"]} == {"pretrained"}
    assert (tmp_path / "out" / "scores.json").is_file()
