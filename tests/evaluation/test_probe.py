"""The whole command, on networks of a few thousand weights."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nlp_ssl.cli import main
from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.finetune import Finetune, finetune
from nlp_ssl.evaluation.probe import Probe, probe

Run = Callable[[str], Path]
Texts = Callable[[int, int], tuple[list[str], list[str]]]
MODELS = ["majority", "tfidf", "random", "random", "random_init", "random_init", "pretrained", "pretrained"]
METHODS = [None, None, *["probe", "knn"] * 3]


def options(run: Path, data: Path, out: Path, **others) -> Probe:
    values = {
        "run": run, "task": "cues", "data": (data,), "out": out, "seeds": 2, "precision": "fp32",
        "text_column": "text", "label_column": "label",
    }  # fmt: skip
    return Probe(**values | others)


def scores_of(result: dict, key: str, method: str | None, metric: str = "accuracy") -> list[float]:
    [model] = [m for m in result["models"] if (m["key"], m["method"]) == (key, method)]
    return model["scores"][metric]["seeds"]


def figures(result: dict) -> list[dict]:
    return [{k: v for k, v in model.items() if k != "seconds"} for model in result["models"]]


@pytest.fixture(scope="module")
def finished(run: Run, cue_texts: Texts, tmp_path_factory: pytest.TempPathFactory) -> tuple[Probe, dict]:
    """One whole result, with baselines."""
    folder = tmp_path_factory.mktemp("finished")
    for split, n in (("train", 400), ("dev", 200)):
        rows = [f"{text}\t{label}" for text, label in zip(*cue_texts(n, n), strict=True)]
        (folder / f"{split}.tsv").write_text("\n".join(["text\tlabel", *rows, ""]))
    asked = options(run("mlm"), folder, folder / "out")
    return asked, probe(asked)


def test_a_linear_task_is_read_off_the_vectors(finished: tuple[Probe, dict]) -> None:
    result = finished[1]
    assert [m["key"] for m in result["models"]] == MODELS
    assert [m["method"] for m in result["models"]] == METHODS
    assert [len(m["scores"]["accuracy"]["seeds"]) for m in result["models"]] == [1, 1, 2, 2, 2, 2, 1, 1]
    assert result["examples"] == {"train": 400, "selection": 80, "dev": 200}
    assert scores_of(result, "pretrained", "probe")[0] > 0.95
    assert min(scores_of(result, "random", "probe")) > 0.9
    assert scores_of(result, "pretrained", "knn")[0] > 0.8
    gap = result["models"][-1]["scores"]["accuracy"]["vs_random_init"]  # of its own method
    ours, theirs = (scores_of(result, key, "knn") for key in ("pretrained", "random_init"))
    assert gap["mean"] == pytest.approx(np.mean(ours) - np.mean(theirs))
    assert "vs_random_init" not in result["models"][4]["scores"]["accuracy"]
    assert [t["C"] for t in result["models"][-2]["tried"]] == [1e-4, 1e-3, 1e-2, 1e-1, 1.0]
    assert [t["neighbours"] for t in result["models"][-1]["tried"]] == [100, 30, 10, 3, 1]


def test_everything_is_written(finished: tuple[Probe, dict]) -> None:
    asked, result = finished
    assert json.loads((asked.out / "scores.json").read_text()) == json.loads(json.dumps(result))
    assert "| mlm, linear probe |" in (asked.out / "scores.md").read_text()
    assert sorted(f.name for f in (asked.out / "predictions").iterdir()) == ["knn.tsv", "probe.tsv"]
    rows = [line.split("\t") for line in (asked.out / "predictions" / "knn.tsv").read_text().splitlines()]
    assert rows[0] == ["example", "gold", "predicted", "probability", "text"]
    assert np.mean([r[1] == r[2] for r in rows[1:]]) == pytest.approx(scores_of(result, "pretrained", "knn")[0])
    assert all(0.5 <= float(r[3]) <= 1 for r in rows[1:])
    assert not list(asked.out.rglob("*.writing"))
    assert not (asked.out / "model").exists()


def test_the_same_command_gives_the_same_and_nothing_twice(
    finished: tuple[Probe, dict], tmp_path: Path, capsys, monkeypatch
) -> None:
    asked, result = finished
    assert figures(probe(replace(asked, out=tmp_path / "two"))) == figures(result)
    one, two = ((out / "predictions" / "probe.tsv").read_text() for out in (asked.out, tmp_path / "two"))
    assert one == two
    monkeypatch.setattr("nlp_ssl.evaluation.encoder.Encoder", None)
    capsys.readouterr()
    assert probe(asked)["models"] == result["models"]
    assert "nothing was run again" in capsys.readouterr().err


def test_an_interrupted_result_goes_on_and_seeds_are_added(finished: tuple[Probe, dict], tmp_path: Path) -> None:
    asked, result = finished
    shutil.copytree(asked.out, tmp_path / "copy")
    kept = tmp_path / "copy" / "parts" / "pretrained-probe.npz"
    (tmp_path / "copy" / "parts" / "pretrained-knn.npz").unlink()
    before = kept.stat().st_mtime_ns
    more = probe(replace(asked, out=tmp_path / "copy", seeds=3))
    assert kept.stat().st_mtime_ns == before
    for key, method in zip(MODELS, METHODS, strict=True):
        assert scores_of(more, key, method)[:2] == scores_of(result, key, method)
    assert len(scores_of(more, "random_init", "knn")) == 3


def test_baselines_are_shared_where_they_are_the_same(run: Run, cues: Path, tmp_path: Path, monkeypatch) -> None:
    alone = probe(options(run("sop"), cues, tmp_path / "alone"))
    shared = {"share_baselines": tmp_path / "shared"}
    probe(options(run("mlm"), cues, tmp_path / "mlm", **shared))
    with monkeypatch.context() as patch:  # sop's encoder is mlm's: there is nothing to draw again
        patch.setattr("nlp_ssl.evaluation.frozen.random_vectors", None)
        together = probe(options(run("sop"), cues, tmp_path / "sop", **shared))
    assert figures(together) == figures(alone)
    before = len(list((tmp_path / "shared").iterdir()))
    probe(options(run("clm"), cues, tmp_path / "clm", **shared))
    assert len(list((tmp_path / "shared").iterdir())) == before + 8  # a decoder: all but what counts words


def test_dev_labels_are_never_used_for_choosing(finished: tuple[Probe, dict], tmp_path: Path) -> None:
    asked, result = finished
    shutil.copy(asked.data[0] / "train.tsv", tmp_path)
    dev = (asked.data[0] / "dev.tsv").read_text()
    turned = {"bad": "good", "good": "bad"}
    rows = [line.split("\t") for line in dev.splitlines()[1:]]
    (tmp_path / "dev.tsv").write_text("\n".join(["text\tlabel", *(f"{t}\t{turned[label]}" for t, label in rows), ""]))
    other = probe(replace(asked, data=(tmp_path,), out=tmp_path / "out"))
    for before, after in zip(result["models"], other["models"], strict=True):
        assert after.get("tried") == before.get("tried")
        mean = [m["scores"]["accuracy"]["mean"] for m in (before, after)]
        assert mean[1] == pytest.approx(1 - mean[0])


def test_it_learns_from_the_examples_that_finetune_has(finished: tuple[Probe, dict], tmp_path: Path) -> None:
    asked, result = finished
    shared = {name: getattr(asked, name) for name in ("run", "task", "data", "text_column", "label_column")}
    tuned = finetune(Finetune(**shared, out=tmp_path / "tuned", seeds=1, epochs=1, learning_rates=(1e-3,)))
    assert tuned["examples"] == result["examples"]
    for key in ("majority", "tfidf"):
        assert scores_of(tuned, key, None) == scores_of(result, key, None)
    with pytest.raises(InputError, match="holds a result with other C"):
        probe(replace(asked, out=tmp_path / "tuned"))


@pytest.mark.parametrize("kind", ["sop", "clm", "bart", "t5"])
def test_every_kind_of_body(run: Run, cues: Path, tmp_path: Path, kind: str) -> None:
    result = probe(options(run(kind), cues, tmp_path / "out", seeds=1, baselines=False))
    assert scores_of(result, "pretrained", "probe")[0] > 0.9


def test_pairs_and_numbers(run: Run, tmp_path: Path) -> None:
    """Whether two texts have the same cue is in no text alone, but in the difference of their vectors."""
    rng = np.random.default_rng(0)
    for split, n in (("train", 300), ("dev", 100)):
        one, two = rng.choice(["awful", "fine"], (2, n))
        rows = [f"w1 {a}\tw2 {b}\t{int(a == b)}" for a, b in zip(one, two, strict=True)]
        (tmp_path / f"{split}.tsv").write_text("\n".join(["a\tb\tscore", *rows, ""]))
    columns = {"text_column": "a", "pair_column": "b", "label_column": "score", "seeds": 1}
    classes = probe(options(run("mlm"), tmp_path, tmp_path / "classes", **columns, baselines=False))
    assert scores_of(classes, "pretrained", "probe") == [1.0]
    numbers = probe(options(run("mlm"), tmp_path, tmp_path / "numbers", **columns, metric=("pearson", "spearman")))
    for method in ("probe", "knn"):
        assert scores_of(numbers, "pretrained", method, "pearson")[0] > 0.9
    assert (tmp_path / "numbers" / "predictions" / "knn.tsv").read_text().startswith("example\tgold\tpredicted\ttext\n")


def test_bf16(run: Run, cues: Path, tmp_path: Path) -> None:
    result = probe(options(run("mlm"), cues, tmp_path / "out", precision="bf16", baselines=False))
    assert scores_of(result, "pretrained", "probe")[0] > 0.9


def test_the_command_line(run: Run, cues: Path, tmp_path: Path, capsys) -> None:
    words = ["probe", str(run("mlm")), "--task", "cues", "--data", str(cues), "--out", str(tmp_path / "out")]
    words += ["--seeds", "1", "--train-examples", "40", "--text-column", "text", "--label-column", "label"]
    assert main(words) == 0
    captured = capsys.readouterr()
    assert "cues: 40 training examples, scored on 557 of extended and 200 of dev, 1 seed" in captured.out
    assert "mlm, nearest neighbours" in captured.out
    assert main([*words[:-1], "gold"]) == 2
    assert "no column 'gold'; found text, label" in capsys.readouterr().err
    assert main(["probe", *words[1:6], "--out", str(tmp_path / "x"), "--seeds", "0", "--max-length", "1"]) == 2
    assert capsys.readouterr().err.count("nlp-ssl: error:") == 2
    assert not (tmp_path / "x").exists()
