from pathlib import Path

from nlp_ssl.report.sections.cautions import below_copying, cautions
from tests.comparison.worlds import World, write_comparison
from tests.report.boards import board


def test_one_pretraining_seed(tmp_path: Path) -> None:
    first = next(iter(cautions(write_comparison(tmp_path), [board({"a": [1]}, anecdotal=True)])))
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


def test_overlap_with_the_corpus(tmp_path: Path) -> None:
    assert list(cautions(write_comparison(tmp_path), [])) == [
        "The pretraining corpus contains test texts or near copies of them: 7.5 % of the dev split of sst2, "
        "7.5 % of the dev split of nsmc and 7.5 % of the dev split of blimp. Scores may reflect memorisation."
    ]


def test_unequal_budgets_and_failures(tmp_path: Path) -> None:
    budget, failed, _ = cautions(write_comparison(tmp_path, World(uneven=1.2, failed="sop")), [])
    assert budget == (
        "Tokens should be equal, but the largest is 1.20 times the smallest. "
        "This is not a comparison at an equal budget."
    )
    assert failed == "1 job failed; its results are missing. See Failures."
