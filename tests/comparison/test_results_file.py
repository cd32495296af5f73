import json
from pathlib import Path

import pytest

from nlp_ssl.comparison.results_file import Setting, finished_runs, load_results, setting_of, write_results
from nlp_ssl.errors import InputError
from tests.comparison.worlds import World, write_comparison


def refusal(folder: Path) -> str:
    with pytest.raises(InputError) as error:
        load_results(folder)
    return str(error.value)


def change(folder: Path, **values: object) -> None:
    file = folder / "results.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    written = write_comparison(tmp_path)
    assert load_results(tmp_path) == json.loads(json.dumps(written))


def test_the_date_changes_only_with_the_results(tmp_path: Path) -> None:
    for date, score in (("monday", 1), ("tuesday", 1)):
        write_results(tmp_path, {"date": date, "scores": (score,)})
    assert json.loads((tmp_path / "results.json").read_text())["date"] == "monday"
    write_results(tmp_path, {"date": "tuesday", "scores": (2,)})
    assert json.loads((tmp_path / "results.json").read_text())["date"] == "tuesday"


def test_a_folder_without_results(tmp_path: Path) -> None:
    assert refusal(tmp_path) == f"{tmp_path} has no results.json: give the --out folder of `nlp-ssl compare`"


def test_results_of_another_format(tmp_path: Path) -> None:
    write_results(tmp_path, write_comparison(tmp_path) | {"format": 1})
    assert refusal(tmp_path).startswith(f"{tmp_path / 'results.json'} has format 1, not ")


def test_edited_results(tmp_path: Path) -> None:
    write_comparison(tmp_path)
    change(tmp_path, date="yesterday")
    assert refusal(tmp_path) == f"{tmp_path / 'results.json'} is damaged or was edited: run `nlp-ssl compare` again"


def test_missing_predictions_are_counted(tmp_path: Path) -> None:
    scores = write_comparison(tmp_path)["scores"]
    gone = [scores[5]["outputs"], scores[2]["outputs"]]
    for name in gone:
        (tmp_path / name).unlink()
    assert refusal(tmp_path) == f"{tmp_path} lacks 2 files of predictions, {gone[1]} first: run compare again"


def test_a_score_without_predictions_lacks_none(tmp_path: Path) -> None:
    results = write_comparison(tmp_path)
    results["scores"][0]["outputs"] = None
    write_results(tmp_path, results)
    assert load_results(tmp_path)["scores"][0]["outputs"] is None


def test_finished_runs_are_those_without_an_error(tmp_path: Path) -> None:
    results = write_comparison(tmp_path, World(failed="clm"))
    assert [(run["objective"], run["seed"]) for run in finished_runs(results)] == [
        *(("mlm", 1), ("mlm", 2), ("clm", 1), ("sop", 1), ("sop", 2)),
    ]
    assert [run["seed"] for run in finished_runs(results, "clm")] == [1]


def test_the_setting_of_a_score() -> None:
    score = {"method": "zero-shot", "train_examples": None, "variant": "causal", "model": "clm", "score": 0.5}
    assert setting_of(score) == Setting("zero-shot", None, "causal")
