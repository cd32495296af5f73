import json
import shutil
from pathlib import Path

import pytest

from nlp_ssl.cli import main
from nlp_ssl.evaluation.evaluate import Evaluate, evaluate
from tests.worlds import write_corpus

TINY = ["--model.size", "tiny", "--batch.max-length", "32", "--batch.tokens", "256", "--precision", "fp32"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("worlds") / "corpus", documents=200).folder


@pytest.fixture(scope="module")
def runs(corpus, tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("runs")
    for name in ("mlm", "sop", "bert", "clm", "pegasus", "cbow", "skip_thought"):
        arguments = ["--corpus", str(corpus), "--out", str(folder / name), "--budget", "12-steps"]
        assert main(["pretrain", name, *arguments, *TINY]) == 0
    return {path.name: path for path in folder.iterdir()}


@pytest.mark.parametrize("name", ["mlm", "sop", "bert", "clm", "pegasus", "cbow"])
def test_on_its_own_task_a_saved_model_does_what_it_did(name, runs, corpus) -> None:
    (line,) = (runs[name] / "metrics.jsonl").read_text().splitlines()[-1:]
    expected = json.loads(line)["validation"]
    found = evaluate(Evaluate(run=runs[name], corpus=corpus))
    assert found.keys() == expected.keys()
    assert found == {key: pytest.approx(value, rel=1e-5) for key, value in expected.items()}


def test_on_another_task(runs, corpus, capsys) -> None:
    """The classifier of next sentences judges their order; a mixture's parts answer for the objectives alone."""
    of_order = evaluate(Evaluate(run=runs["bert"], corpus=corpus, on="sop"))
    assert set(of_order) == {"loss", "accuracy", "majority", "validation_targets"}
    of_nsp = evaluate(Evaluate(run=runs["sop"], corpus=corpus, on="nsp"))
    assert of_nsp["majority"] == pytest.approx(0.5, abs=0.05)
    alone = evaluate(Evaluate(run=runs["bert"], corpus=corpus, on="mlm"))
    assert 2 < alone["loss"] < 5
    assert main(["evaluate", str(runs["bert"]), "--corpus", str(corpus), "--on", "sop"]) == 0
    assert "bert on sop" in capsys.readouterr().out


def test_what_is_written_is_compared_with_copying(runs, corpus) -> None:
    of_pegasus = evaluate(Evaluate(run=runs["pegasus"], corpus=corpus))
    assert 0 <= of_pegasus["gap_sentences accuracy_by_copying"] < 0.5  # gap sentences are gone from the input
    assert "mlm accuracy_by_copying" not in of_pegasus
    rotated = evaluate(Evaluate(run=runs["pegasus"], corpus=corpus, on="document_rotation"))
    assert 0.7 < rotated["accuracy_by_copying"] < 1 and rotated["accuracy"] < rotated["accuracy_by_copying"]


@pytest.mark.parametrize(
    ("run", "on", "message"),
    [
        (
            "mlm",
            "sop",
            "mlm cannot be evaluated on sop: it was trained on mlm, which has a different body or different heads",
        ),
        ("mlm", "clm", "mlm cannot be evaluated on clm"),
        ("skip_thought", None, "skip_thought: the run saved only the body"),
        ("mlm", "mml", "no recipe 'mml': did you mean 'mlm'"),
    ],
)
def test_what_cannot_be_asked_is_refused(run, on, message, runs, corpus, capsys) -> None:
    asked = ["--on", on] if on else []
    assert main(["evaluate", str(runs[run]), "--corpus", str(corpus), *asked]) == 2
    assert message in capsys.readouterr().err


def test_another_corpus_or_no_run_is_refused(runs, tmp_path, corpus, capsys) -> None:
    other = write_corpus(tmp_path / "other", documents=30)
    assert main(["evaluate", str(runs["mlm"]), "--corpus", str(other.folder)]) == 2
    said = capsys.readouterr().err
    assert "was trained on another corpus" in said and said.endswith("): give that corpus with --corpus\n")
    unfinished = tmp_path / "run"
    shutil.copytree(runs["mlm"], unfinished, ignore=shutil.ignore_patterns("model"))
    assert main(["evaluate", str(unfinished), "--corpus", str(corpus)]) == 2
    assert "not a finished pretraining run" in capsys.readouterr().err
