"""The command: its scores, files, cache and errors."""

import json
from pathlib import Path

import numpy as np
import pytest

from nlp_ssl.cli import main
from nlp_ssl.evaluation.retrieval import Retrieval, retrieval
from tests.training.runs import pretrain
from tests.worlds import replace_split, write_corpus


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each held-out document has words of its own, so that its sentences are alike."""
    folder = write_corpus(tmp_path_factory.mktemp("worlds") / "corpus", 2000).folder
    draw = np.random.default_rng(0)
    documents = [(50 + 10 * i + draw.integers(0, 10, (4, 9))).tolist() for i in range(150)]
    replace_split(folder, "validation", documents)
    return folder


@pytest.fixture(scope="module")
def runs(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("runs")
    for name in ("mlm", "clm", "text_infilling", "cbow"):
        assert pretrain(name, corpus, folder / name, "--budget", "1-steps") == 0
    return {path.name: path for path in folder.iterdir()}


@pytest.mark.parametrize("name", ["mlm", "clm", "text_infilling", "cbow"])
def test_bags_of_words_find_sentences_with_the_same_words(
    name: str, corpus: Path, runs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = retrieval(Retrieval(run=runs[name], corpus=corpus, out=tmp_path / "out", seeds=2, precision="fp32"))
    assert found["queries"] == found["candidates"] == 300 and found["passages"] == 150
    assert found["chance"] == pytest.approx({"mrr": 0.0209422, "top1": 1 / 300}, abs=1e-7)
    scores = {model["key"]: model["scores"] for model in found["models"]}
    assert [len(scores[key]["mrr"]["seeds"]) for key in ("tfidf_cosine", "random_init", "pretrained")] == [1, 2, 1]
    for of_model in scores.values():
        mrr = of_model["mrr"]
        assert 0.1 < mrr["low"] < mrr["mean"] < mrr["high"]
        assert of_model["top1"]["mean"] < mrr["mean"]
    table = capsys.readouterr().out
    assert "random order" in table and f"{100 * scores['pretrained']['mrr']['mean']:.2f} [" in table
    stored = np.load(tmp_path / "out" / "queries" / "pretrained.npz")
    assert stored["mrr"].mean() == pytest.approx(scores["pretrained"]["mrr"]["mean"])
    assert len(stored["passage"]) == 300
    assert json.loads((tmp_path / "out" / "scores.json").read_text())["models"] == found["models"]


def test_results_are_cached_and_baselines_shared(corpus: Path, runs: dict[str, Path], tmp_path: Path, capsys) -> None:
    words = ["retrieval", str(runs["mlm"]), "--corpus", str(corpus), "--seeds", "1", "--precision", "fp32"]
    shared = ["--share-baselines", str(tmp_path / "shared")]
    for out in ("one", "one", "two"):
        assert main([*words, *shared, "--out", str(tmp_path / out)]) == 0
    said = capsys.readouterr().err
    assert said.count("all results are cached") == 1
    assert said.count("random initialisation: seed 1") == 1
    first, second = (json.loads((tmp_path / out / "scores.json").read_text()) for out in ("one", "two"))
    assert [m["scores"] for m in first["models"]] == [m["scores"] for m in second["models"]]
    assert main([*words, "--out", str(tmp_path / "three"), "--no-baselines"]) == 0
    third = json.loads((tmp_path / "three" / "scores.json").read_text())
    assert [m["scores"] for m in third["models"]] == [m["scores"] for m in first["models"][-1:]]


def test_another_baseline_seed_draws_other_networks(corpus: Path, runs: dict[str, Path], tmp_path: Path) -> None:
    found = [
        retrieval(
            Retrieval(run=runs["cbow"], corpus=corpus, out=tmp_path / str(seed), baseline_seed=seed, precision="fp32")
        )["models"][1]["scores"]["mrr"]["seeds"]
        for seed in (1, 2)
    ]
    assert len({*found[0], *found[1]}) == 6


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--queries", "99"], "--queries is 99: it must be at least 100"),
        (["--seeds", "0"], "--seeds is 0: it must lie in 1..1000"),
        (["--baseline-seed", "1001"], "--baseline-seed is 1001: it must lie in 1..1000"),
        (["--max-length", "4"], "--max-length is 4: it must be at least 8"),
    ],
)
def test_wrong_options_are_one_sentence(
    flags: list[str], message: str, corpus: Path, runs: dict[str, Path], tmp_path: Path, capsys
) -> None:
    words = ["retrieval", str(runs["mlm"]), "--corpus", str(corpus), "--out", str(tmp_path / "out"), *flags]
    assert main(words) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_text_that_the_model_does_not_know_is_refused(runs: dict[str, Path], tmp_path: Path, capsys) -> None:
    other = write_corpus(tmp_path / "other", 4000).folder
    draw = np.random.default_rng(0)
    replace_split(other, "validation", [draw.integers(2000, 4000, (4, 9)).tolist() for _ in range(150)])
    assert main(["retrieval", str(runs["mlm"]), "--corpus", str(other), "--out", str(tmp_path / "out")]) == 2
    assert "100.0 % of the tokens are unknown to the model's tokenizer" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_no_model_and_too_little_text_are_one_sentence(runs: dict[str, Path], tmp_path: Path, capsys) -> None:
    few = write_corpus(tmp_path / "few").folder
    out = ["--out", str(tmp_path / "out")]
    assert main(["retrieval", str(runs["mlm"]), "--corpus", str(few), *out]) == 2
    assert "pairs of neighbouring sentences, at least 100 are needed" in capsys.readouterr().err
    assert main(["retrieval", str(tmp_path), "--corpus", str(few), *out]) == 2
    assert "no model/config.json" in capsys.readouterr().err
