"""The tables that a comparison prints."""

from dataclasses import replace
from pathlib import Path

import pytest

from nlp_ssl.comparison.results_file import Setting
from nlp_ssl.comparison.summary import _format_metrics, summary
from tests.comparison.worlds import World, write_comparison
from tests.report.boards import board


def cells(text: str) -> list[list[str]]:
    """The cells of a table in plain text, without its rule."""
    lines = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in text.splitlines()]
    return [lines[0], *lines[2:]]


def test_scores_come_before_costs(tmp_path: Path) -> None:
    results = write_comparison(tmp_path, World(objectives=("mlm", "clm"), seeds=1))
    found = board({"mlm": [1, 0], "clm": [-1, 0]}, baselines={"majority": [0.5, 0.25], "tfidf": [0.4, 0.3]})
    scores, costs = summary(results, [found]).split("\n\n")
    table, legend = scores.rsplit("\n", 1)
    assert cells(table) == [
        ["task", "scored by", "mlm", "clm", "best simple baseline"],
        ["task 0", "finetune", "70.0 (+10.0 ▲)", "70.0 (-10.0 ▼)", "50.0", "majority class"],
        ["task 1", "finetune", "70.0 (+0.0 ≈)", "70.0 (+0.0 ≈)", "30.0", "TF-IDF + linear model"],
    ]
    assert legend.startswith("In brackets: difference from random initialisation, or from chance")
    assert cells(costs) == [
        ["objective", "validation (first seed)", "learned", "tokens", "FLOPs", "time"],
        ["mlm", "accuracy 35.0 % (majority 5.0)", "2M", "50T", "5m 01s"],
        ["clm", "1.90 bits/byte", "2M", "120T", "12m 01s"],
    ]


def test_costs_are_means_over_seeds(tmp_path: Path) -> None:
    results = write_comparison(tmp_path, World(objectives=("mlm",), seeds=3))
    for run, seconds in zip(results["runs"], (10.0, 20.0, 60.0), strict=True):
        run["seconds"] = seconds
    results["runs"][2]["status"] = "failed"
    assert cells(summary(results, [board({"mlm": [0]})]).split("\n\n")[1])[1][-1] == "15s"


def test_each_task_says_how_it_was_scored(tmp_path: Path) -> None:
    found = board({"mlm": [0, 0]})
    found = replace(found, settings={**found.settings, "task 1": Setting("probe", 1000, None)})
    rows = cells(summary(write_comparison(tmp_path), [found]).split("\n\n")[0].rsplit("\n", 1)[0])
    assert [row[:2] for row in rows[1:]] == [["task 0", "finetune"], ["task 1", "probe, 1,000 labels"]]


@pytest.mark.parametrize(
    ("metrics", "text"),
    [
        ({"loss": 1.0, "bits_per_byte": 1.234, "accuracy": 0.5}, "1.23 bits/byte"),
        ({"loss": 1.0, "accuracy": 0.171}, "accuracy 17.1 %"),
        ({"accuracy": 0.5, "majority": 0.6}, "accuracy 50.0 % (majority 60.0)"),
        ({"accuracy": 0.5, "accuracy_by_copying": 0.3}, "accuracy 50.0 % (copying 30.0)"),
        (
            {"mlm accuracy": 0.1, "sop accuracy": 0.6, "sop majority": 0.5},
            "mlm accuracy 10.0 %, sop accuracy 60.0 % (majority 50.0)",
        ),
        ({"loss": 1.0}, ""),
    ],
)
def test_the_main_metrics_of_an_objective(metrics: dict[str, float], text: str) -> None:
    assert _format_metrics(metrics) == text


@pytest.mark.parametrize(
    ("metrics", "mark"),
    [
        ([{"learned": 1.0}, {"learned": 1.0}], "yes"),
        ([{"learned": 0.0}, {"learned": 0.0}], "no"),
        ([{"learned": 1.0}, {"learned": 0.0}], "1 of 2"),
        ([{"mlm learned": 1.0, "nsp learned": 0.0}, {"mlm learned": 1.0, "nsp learned": 1.0}], "1 of 2"),
        ([{}, {}], ""),
    ],
)
def test_whether_an_objective_has_learned(tmp_path: Path, metrics: list[dict[str, float]], mark: str) -> None:
    results = write_comparison(tmp_path, World(objectives=("mlm",), seeds=2))
    for run, more in zip(results["runs"], metrics, strict=True):
        run["validation"] |= {**more, "bits_per_byte": 1.5, "trigram_bits_per_byte": 1.7}
    header, _, row = summary(results, [board({"mlm": [0]})]).splitlines()[-3:]
    start = header.index("learned")
    assert row[start : start + len("learned")].strip() == mark
    assert "1.50 bits/byte (trigrams 1.70)" in row


def test_objectives_that_train_on_a_task_are_marked(tmp_path: Path) -> None:
    found = board({"mlm": [1], "clm": [1]}, own_tasks=(("clm", "task 0"),))
    scores = summary(write_comparison(tmp_path, World(objectives=("mlm", "clm"))), [found]).split("\n\n")[0]
    assert cells(scores)[1] == ["task 0", "finetune", "70.0 (+10.0 ▲)", "70.0 (+10.0 ▲)*"]
    assert "\n* trained on this task itself\n" in scores
