"""Options of commands that score a model."""

from pathlib import Path

import pytest

from nlp_ssl.evaluation.options import TaskOptions, task_notes


def options(**values: object) -> TaskOptions:
    return TaskOptions(**{"run": Path("run"), "task": "mine", "out": Path("out")} | values)


def problems(**values: object) -> list[str]:
    return [problem for holds, problem in options(**values).rules() if not holds]


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"seeds": 0}, "--seeds is 0: it must lie in 1..1000"),
        (
            {"train_examples": 19},
            "--train-examples is 19: it must be at least 20, as some are used for selection",
        ),
        ({"max_length": 7}, "--max-length is 7: it must be at least 8"),
        ({"baseline_seed": 0}, "--baseline-seed is 0: it must lie in 1..1000"),
    ],
)
def test_values_out_of_range_are_refused(values: dict[str, int], problem: str) -> None:
    assert problems(**values) == [problem]
    assert problems(**{name: value + 1 for name, value in values.items()}) == []


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"seeds": 1001}, "--seeds is 1001: it must lie in 1..1000"),
        ({"baseline_seed": 1001}, "--baseline-seed is 1001: it must lie in 1..1000"),
    ],
)
def test_seeds_of_two_samples_never_overlap(values: dict[str, int], problem: str) -> None:
    assert problems(**values) == [problem]
    assert problems(**{name: value - 1 for name, value in values.items()}) == []


def test_shared_baselines_are_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert problems(share_baselines=tmp_path / "new") == []
    assert problems(share_baselines=tmp_path / "file") == [
        f"--share-baselines {tmp_path / 'file'}: a file, it should be a folder"
    ]


def test_another_baseline_seed_names_and_seeds_another_sample() -> None:
    assert options().sample("random_init") == ("random_init", 0)
    assert options(baseline_seed=3).sample("random_init") == ("random_init3", 2000)
    assert options(baseline_seed=2).sample("random") == ("random2", 1000)
    assert options(baseline_seed=2).sample("pretrained") == ("pretrained", 0)


def test_the_help_lists_tasks_and_the_sources_of_their_data() -> None:
    lines = task_notes().splitlines()
    assert "  sst2              Sentiment of film reviews (GLUE). Data: hub." in lines
    assert not any("pydocs" in line for line in lines)  # a corpus
