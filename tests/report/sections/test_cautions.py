from pathlib import Path

from nlp_ssl.report.sections.cautions import below_copying, cautions, collapsed_runs
from tests.comparison.worlds import World, write_comparison
from tests.report.boards import board


def test_one_pretraining_seed(tmp_path: Path) -> None:
    first = next(iter(cautions(write_comparison(tmp_path), [board({"a": [1]}, anecdotal=("a",))])))
    assert first == (
        "One pretraining seed each: the intervals cover examples and fine-tuning seeds only, not other runs of the "
        "same objective. There are no p values."
    )


def test_models_below_copying(tmp_path: Path) -> None:
    results = write_comparison(tmp_path, World(objectives=("mlm", "gap_sentences")))
    assert below_copying(results, "gap_sentences") is None
    for run in results["runs"]:
        run["validation"] |= {"accuracy": 0.35, "accuracy_by_copying": 0.6}
    assert below_copying(results, "gap_sentences") == "gap_sentences (35.0 % correct, 60.0 % by copying)"
    assert any(
        text.startswith("Copying from the input would predict more tokens correctly than these models: mlm (35.0 %")
        for text in cautions(results, [])
    )
    for run in results["runs"]:
        run["validation"]["accuracy"] = 0.61
    assert below_copying(results, "gap_sentences") is None


def test_collapsed_runs(tmp_path: Path) -> None:
    results = write_comparison(tmp_path, World(objectives=("mlm", "simsiam")))
    runs = [run for run in results["runs"] if run["objective"] == "simsiam"]
    for run in runs:
        run["validation"]["contrastive spread"] = 0.1
    assert collapsed_runs(results, "simsiam") is None
    runs[0]["validation"]["contrastive spread"] = 0.0999
    assert collapsed_runs(results, "simsiam") == f"simsiam (1 of {len(runs)})"
    (caution,) = (text for text in cautions(results, []) if "collapsed" in text)
    assert caution.startswith(f"The vectors of these runs have collapsed: simsiam (1 of {len(runs)}). ")


def test_overlap_with_the_corpus(tmp_path: Path) -> None:
    assert list(cautions(write_comparison(tmp_path), [])) == [
        "The pretraining corpus contains test texts or near copies of them: 7.5 % of the dev split of sst2, "
        "7.5 % of the dev split of nsmc and 7.5 % of the dev split of blimp. Scores may reflect memorisation."
    ]


def test_overlap_with_train_is_no_caution(tmp_path: Path) -> None:
    results = write_comparison(tmp_path)
    for task in results["tasks"]:
        task["overlap"] = {"train": {"exact": 5, "near": 5, "of": 10}, "dev": {"exact": 1, "near": 0, "of": 100}}
    assert list(cautions(results, [])) == []  # 1 % of dev is not worth a caution
    results["tasks"][0]["overlap"]["dev"]["near"] = 1
    assert "2.0 % of the dev split of sst2." in next(iter(cautions(results, [])))


def test_unequal_budgets_and_failures(tmp_path: Path) -> None:
    budget, failed, _ = cautions(write_comparison(tmp_path, World(uneven=1.2, failed="sop")), [])
    assert budget == (
        "Tokens should be equal, but the largest is 1.20 times the smallest. "
        "This is not a comparison at an equal budget."
    )
    assert failed == "1 job failed; its results are missing. See Failures."


def test_objectives_that_train_on_a_task_itself(tmp_path: Path) -> None:
    found = board({"a": [1, 0], "b": [0, 1]}, own_tasks=(("b", "task 1"),))
    assert "Trained on the task itself, so no transfer: b on task 1." in cautions(write_comparison(tmp_path), [found])


def test_prompts_that_lost_demonstrations(tmp_path: Path) -> None:
    """Of both seeds together; an objective with none is not named."""
    results = write_comparison(tmp_path)
    assert not any("Prompts" in text for text in cautions(results, []))
    of = {"task": "sst2", "train_examples": 4, "cut texts": 0, "prompts": 101}
    lost = (("mlm", 1, 50), ("mlm", 2, 51), ("clm", 1, 0))
    results["prompts"] = [
        {"model": model, "pretraining_seed": seed, "shortened prompts": n, **of} for model, seed, n in lost
    ]
    (caution,) = (text for text in cautions(results, []) if "Prompts" in text)
    said = (
        "Prompts were too long for the models and lost demonstrations: 50.0 % of those of mlm with 4 labels on sst2. "
    )
    assert caution.startswith(said)
