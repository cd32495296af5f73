"""The jobs that need no network; `tests.test_compare_command` runs the others."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nlp_ssl.comparison.job_kinds as kinds
from nlp_ssl.array_files import write_arrays
from nlp_ssl.comparison.plan import Plan
from nlp_ssl.comparison.tasks import PairFile
from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.few_shot import FewShot
from nlp_ssl.evaluation.finetune import Finetune
from tests.comparison.plans import labelled_task, small_plan
from tests.worlds import write_corpus

VECTORS = (["red", "tea", "cup", "sea"], np.array([[1, 0], [1, 0.1], [1, 1], [0, 1]], np.float32))


def test_every_job_of_a_plan_has_its_function(tmp_path: Path) -> None:
    pairs = (PairFile(data=tmp_path / "p", fingerprint=""),)
    tasks = [replace(labelled_task(tmp_path / "data"), labels=("no", "yes"))]
    methods = {"methods": ("finetune", "probe", "few-shot"), "shots": (4,), "tasks": tasks}
    given = {"minimal_pairs": pairs, "word_pairs": pairs, "retrieval": True, **methods}
    plan: Plan = small_plan(tmp_path, "bert", "sop", "cbow", **given)
    assert {job.kind for job in plan.jobs()} == set(kinds.JOB_KINDS)


def test_an_interrupted_pretraining_is_no_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nlp_ssl.training.pretrain.main", lambda words: 143)
    with pytest.raises(InterruptedError, match=r"interrupted and saved \(status 143\)"):
        kinds.pretrain(tmp_path, ["mlm"])


def test_similarity_correlates_cosines_with_ratings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.json").write_text("{}")
    monkeypatch.setattr("nlp_ssl.models.word_vectors.word_vectors", lambda folder: VECTORS)
    file = tmp_path / "pairs.tsv"
    file.write_text("red\ttea\t1\nred\tcup\t5\nred\tsea\t9\nred\tunknown\t3\n")
    found = kinds.similarity(tmp_path, [str(tmp_path), "--pairs", str(file)], 2, 1)
    assert (found["networks"], found["pairs"]) == (2, 3)
    assert [(line["key"], line["finetuning_seed"]) for line in found["scores"]] == [
        *(("pretrained", None), ("random", 1), ("random", 2)),
    ]
    assert found["scores"][0]["score"] == pytest.approx(-1.0)  # the closest vectors have the lowest rating
    with np.load(tmp_path / found["scores"][0]["outputs"]) as stored:
        assert stored["gold"].tolist() == [1, 5, 9]
        assert stored["predicted"] == pytest.approx([1 / 1.01**0.5, 0.5**0.5, 0])
    again = kinds.similarity(tmp_path, [str(tmp_path), "--pairs", str(file)], 1, 1)
    other = kinds.similarity(tmp_path, [str(tmp_path), "--pairs", str(file)], 1, 2)
    assert again["scores"] == found["scores"][:2] and other["scores"][0] == found["scores"][0]


def test_similarity_needs_two_known_pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.json").write_text("{}")
    monkeypatch.setattr("nlp_ssl.models.word_vectors.word_vectors", lambda folder: VECTORS)
    file = tmp_path / "pairs.tsv"
    file.write_text("red\ttea\t1\nred\tunknown\t3\nblue\tsea\t2\n")
    with pytest.raises(InputError, match="the vocabulary has both words of 1 pairs; at least 2 are needed"):
        kinds.similarity(tmp_path, [str(tmp_path), "--pairs", str(file)], 1, 1)


def test_retrieval_reports_each_network_with_its_queries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = [
        {"key": key, "name": name, "scores": {"mrr": {"seeds": seeds}, "top1": {"seeds": seeds}}}
        for key, name, seeds in (
            ("tfidf_cosine", "TF-IDF cosine", [0.1]),
            ("random_init", "random initialisation", [0.2, 0.3]),
            ("pretrained", "run", [0.4]),
        )
    ]
    result = {"models": models, "queries": 300, "candidates": 250, "chance": {"mrr": 0.02, "top1": 0.004}}
    monkeypatch.setattr("nlp_ssl.evaluation.retrieval.retrieval", lambda options: result)
    words = ["run", "--corpus", "corpus", "--seeds", "2", "--out", str(tmp_path / "scores")]
    found = kinds.retrieval(tmp_path, words)
    lines = [line for line in found["scores"] if line["metric"] == "mrr"]
    assert [(line["key"], line["finetuning_seed"], line["score"]) for line in lines] == [
        ("tfidf_cosine", None, 0.1),
        ("random_init", 1, 0.2),
        ("random_init", 2, 0.3),
        ("pretrained", None, 0.4),
    ]
    names = [
        f"scores/queries/{name}.npz"
        for name in ("tfidf_cosine", "random_init-seed1", "random_init-seed2", "pretrained")
    ]
    assert [line["outputs"] for line in lines] == names
    assert ["title" in line for line in lines] == [True, False, False, False]
    assert (found["networks"], found["candidates"], found["chance"]["mrr"]) == (2, 250, 0.02)


def test_minimal_pairs_report_the_scores_of_model_and_baseline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scores = {"fewer tokens": 0.4, "pretrained": 0.7}
    models = [{"key": key, "scores": {"accuracy": {"seeds": [score]}}} for key, score in scores.items()]
    result = {"models": models, "variant": "causal", "examples": {"one": 3, "two": 5}}
    monkeypatch.setattr("nlp_ssl.evaluation.minimal_pairs.minimal_pairs", lambda options: result)
    words = ["run", "--data", "pairs", "--out", str(tmp_path / "scores")]
    found = kinds.minimal_pairs(tmp_path, words)
    assert found["pairs"] == 8
    baseline, line = found["scores"]
    assert (line["score"], line["variant"], line["outputs"]) == (0.7, "causal", "scores/pairs.npz")
    assert (baseline["score"], baseline["title"]) == (0.4, "fewer tokens")
    assert baseline["outputs"] == "scores/fewer_tokens.npz" and "variant" not in baseline


def test_show_keeps_input_and_targets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = {"text": "a b", "input": "a [MASK]", "token:": "b"}
    two = {"text": "c", "input": "c", "one:": "x", "two:": "y"}
    monkeypatch.setattr("nlp_ssl.show.command.show", lambda options: {"examples": [one, two]})
    assert kinds.show(tmp_path, ["mlm", "--corpus", "c"]) == {
        "shown": [
            {"text": "a b", "input": "a [MASK]", "target": "b"},
            {"text": "c", "input": "c", "target": "one: x; two: y"},
        ]
    }


def test_overlap_counts_the_texts_of_each_split(tmp_path: Path) -> None:
    corpus, task = write_corpus(tmp_path / "corpus"), labelled_task(tmp_path / "data")
    data = [str(path) for path in task.data]
    found = kinds.overlap(tmp_path, str(corpus.folder), "mine", data, task.flags)["overlap"]
    assert {split: counts["of"] for split, counts in found.items()} == {"train": 40, "dev": 24}


def test_scores_of_a_command_name_their_predictions(tmp_path: Path) -> None:
    """Baselines on texts have one score if all labels are used; networks have one for each seed."""
    words = {"run": tmp_path, "task": "mine", "out": tmp_path / "scores"}
    files = ["scored/a-extended.npz", "scored/b-extended.npz"]
    models = [
        {
            "key": "majority",
            "name": "majority class",
            "method": None,
            "seeds": [None],
            "scores": {"accuracy": {"split": "dev", "seeds": [0.0]}},
            "outputs": {"dev": ["scored/majority-dev.npz"]},
        },
        {
            "key": "pretrained",
            "name": "mine",
            "method": "finetune",
            "seeds": [1, 2],
            "scores": {"accuracy extended": {"split": "extended", "seeds": [1.0, 0.5]}},
            "outputs": {"extended": files},
        },
    ]
    lines = kinds._lines(tmp_path, Finetune(**words), {"models": models})
    titles = [line.pop("title", None) for line in lines]
    assert [list(line.values()) for line in lines] == [
        ["majority", "finetune", None, "accuracy", 0.0, "scores/scored/majority-dev.npz"],
        ["pretrained", "finetune", 1, "accuracy extended", 1.0, "scores/scored/a-extended.npz"],
        ["pretrained", "finetune", 2, "accuracy extended", 0.5, "scores/scored/b-extended.npz"],
    ]
    assert titles == ["majority class", None, None]


def test_prompts_are_scored_by_the_metrics_of_the_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Predicted are no, no, yes where no, yes, yes is right; "no" is the positive class, so precision is 1/2."""
    scores = np.array([[[2, 1], [3, 0], [-1, 4]]], np.float32)
    arrays = {"gold": np.array([0, 1, 1]), "2-shots": scores, "2-shots-random": -scores, "majority": scores * [0, 1]}
    result = {"label words": {"no": "bad", "yes": "good"}, "variant": "causal", "scored": 3}
    result["models"] = [{"key": "2-shots", "shortened prompts": [2], "cut texts": [1], "seconds": [0.5]}]

    def write(options: FewShot) -> dict[str, Any]:
        write_arrays(options.out / "few_shot.npz", arrays)
        return result

    monkeypatch.setattr("nlp_ssl.evaluation.few_shot.few_shot", write)
    (tmp_path / "scores").mkdir()
    words = ["run", "--task", "mine", "--shots", "2", "--seeds", "1", "--out", str(tmp_path / "scores")]
    found = kinds.few_shot(tmp_path, words, {"accuracy": "accuracy", "f1": "f1 (of 'no')"}, "no")
    lines = {(line["key"], line["metric"]): line["score"] for line in found["scores"]}
    assert lines["pretrained", "accuracy"] == pytest.approx(2 / 3)
    assert lines["pretrained", "f1 (of 'no')"] == pytest.approx(2 / 3)  # precision 1/2, recall 1
    assert lines["random_labels", "accuracy"] == pytest.approx(1 / 3)
    assert found["prompts"] == {"shortened prompts": 2, "cut texts": 1, "prompts": 4}
    with np.load(tmp_path / found["scores"][0]["outputs"]) as stored:
        assert stored["gold"].tolist() == [1, 0, 0] and stored["predicted"].tolist() == [1, 1, 0]
