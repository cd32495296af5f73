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
def test_a_saved_model_repeats_its_validation_metrics(name, runs, corpus) -> None:
    (line,) = (runs[name] / "metrics.jsonl").read_text().splitlines()[-1:]
    expected = json.loads(line)["validation"]
    found = evaluate(Evaluate(run=runs[name], corpus=corpus))
    assert found.keys() == expected.keys()
    assert found == {key: pytest.approx(value, rel=1e-5) for key, value in expected.items()}


def test_on_another_task(runs, corpus, capsys) -> None:
    """The classifier of next sentences judges their order; a mixture's parts answer for the objectives alone."""
    of_order = evaluate(Evaluate(run=runs["bert"], corpus=corpus, on="sop"))
    assert set(of_order) == {"loss", "accuracy", "majority", "learned", "validation_targets"}
    of_nsp = evaluate(Evaluate(run=runs["sop"], corpus=corpus, on="nsp"))
    assert of_nsp["majority"] == pytest.approx(0.5, abs=0.05)
    alone = evaluate(Evaluate(run=runs["bert"], corpus=corpus, on="mlm"))
    assert 2 < alone["loss"] < 5
    assert main(["evaluate", str(runs["bert"]), "--corpus", str(corpus), "--on", "sop"]) == 0
    assert "bert on sop" in capsys.readouterr().out


def test_generation_is_compared_with_copying(runs, corpus) -> None:
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
        (
            "skip_thought",
            None,
            "skip_thought: the run saved only the body, not the heads of its objective; score it on tasks",
        ),
        ("mlm", "mml", "no recipe 'mml': did you mean 'mlm'"),
    ],
)
def test_impossible_evaluations_are_refused(run, on, message, runs, corpus, capsys) -> None:
    asked = ["--on", on] if on else []
    assert main(["evaluate", str(runs[run]), "--corpus", str(corpus), *asked]) == 2
    assert message in capsys.readouterr().err


def test_another_corpus_with_the_same_tokenizer(runs, tmp_path, corpus) -> None:
    other = write_corpus(tmp_path / "other", documents=30, seed=5).folder
    own = evaluate(Evaluate(run=runs["mlm"], corpus=corpus))
    assert evaluate(Evaluate(run=runs["mlm"], corpus=other)).keys() == own.keys()


def test_another_tokenizer_gives_bits_per_byte(runs, tmp_path, capsys) -> None:
    other = write_corpus(tmp_path / "other", vocab_size=60, documents=30).folder
    found = evaluate(Evaluate(run=runs["clm"], corpus=other))
    assert found.keys() == {"bits_per_byte", "loss", "bytes"} and 2 < found["loss"] < 5
    assert main(["evaluate", str(runs["mlm"]), "--corpus", str(other)]) == 2
    assert "a masked language model gives no bits per byte" in capsys.readouterr().err
    assert main(["evaluate", str(runs["clm"]), "--corpus", str(other), "--on", "clm"]) == 2
    said = capsys.readouterr().err
    assert "is no run with the tokenizer of" in said and "; leave --on out, or prepare the text with --tokeniz" in said


def test_a_model_that_is_no_run(runs, tmp_path, corpus, capsys) -> None:
    """The same weights have about the same bits per byte; texts are cut elsewhere."""
    shutil.copytree(runs["clm"] / "model", tmp_path / "model")
    assert main(["evaluate", str(tmp_path / "model"), "--corpus", str(corpus)]) == 0
    assert "model on corpus" in capsys.readouterr().out
    own = evaluate(Evaluate(run=runs["clm"], corpus=corpus))
    alone = evaluate(Evaluate(run=tmp_path / "model", corpus=corpus))
    assert alone["loss"] == pytest.approx(own["loss"], rel=0.05)


def test_metrics_alone(runs, corpus, tmp_path, capsys) -> None:
    words = ["evaluate", str(runs["mlm"]), "--corpus", str(corpus), "--evaluation-tokens", "300"]
    assert main([*words, "--no-tasks"]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[0].split() == ["mlm", "on", "corpus"] and said.err == ""
    assert main(words) == 0  # with too little text for any task
    said = capsys.readouterr()
    names = ("bigram_shift", "damaged_sentences", "next_sentence_retrieval")
    assert "unigram loss" in said.out and all(f"{name} is left out: " in said.err for name in names)


def test_a_damaged_recipe_is_no_missing_score(runs, corpus, tmp_path, capsys) -> None:
    run = Path(shutil.copytree(runs["mlm"], tmp_path / "run"))
    (run / "recipe.toml").write_text("[objective")
    assert main(["evaluate", str(run), "--corpus", str(corpus)]) == 2
    assert "recipe.toml" in capsys.readouterr().err
    (run / "recipe.toml").unlink()
    assert main(["evaluate", str(run), "--corpus", str(corpus)]) == 2
    assert "recipe.toml is missing: pretrain again in another --out" in capsys.readouterr().err


def test_an_unfinished_run_and_no_model_are_refused(runs, tmp_path, corpus, capsys) -> None:
    unfinished = tmp_path / "run"
    shutil.copytree(runs["mlm"], unfinished, ignore=shutil.ignore_patterns("model"))
    assert main(["evaluate", str(unfinished), "--corpus", str(corpus)]) == 2
    assert "not a finished pretraining run" in capsys.readouterr().err
