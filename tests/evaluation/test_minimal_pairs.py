"""The whole command, on networks of a few thousand weights."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from nlp_ssl.cli import main
from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.likelihood import LanguageModel
from nlp_ssl.evaluation.minimal_pairs import MinimalPairs, minimal_pairs

Run = Callable[[str], Path]


def write(file: Path, pairs: list[tuple[str, str]], **others: str) -> Path:
    rows = [{"sentence_good": good, "sentence_bad": bad, **others} for good, bad in pairs]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Three files: one with a paradigm named in it, one of ties, one in which fewer tokens are better."""
    folder = tmp_path / "pairs"
    folder.mkdir()
    rng = np.random.default_rng(0)
    words = [" ".join(rng.choice([f"w{i}" for i in range(9)], 4)) for _ in range(21)]
    write(folder / "one.jsonl", list(pairwise(words)), UID="order", field="syntax")
    write(folder / "same.jsonl", [("w1 w2", "w1 w2"), ("nobody knows", "no one")])
    rows = ["sentence_good\tsentence_bad", "w1 w2\tw1 w2 w3", "w1\tw1 w2", "w1 w2\tw1", ""]
    (folder / "short.tsv").write_text("\n".join(rows))
    (folder / "README.md").write_text("not pairs")
    return folder


def options(run: Path, data: Path, out: Path, **others) -> MinimalPairs:
    return MinimalPairs(**{"run": run, "data": (data,), "out": out, "precision": "fp32"} | others)


@pytest.mark.parametrize("kind", ["mlm", "clm"])
def test_accuracy_is_the_share_of_pairs_whose_good_sentence_is_likelier(
    run: Run, pairs: Path, tmp_path: Path, kind: str
) -> None:
    result = minimal_pairs(options(run(kind), pairs, tmp_path / "out"))
    by = {"mlm": "pseudo-log-likelihood", "clm": "causal"}[kind]
    assert result["variant"] == by
    assert result["examples"] == {"order": 20, "same": 2, "short": 3}
    fewer, model = result["models"]
    assert fewer["paradigms"] == {"order": 0.5, "same": 0.5, "short": pytest.approx(2 / 3)}

    with np.load(tmp_path / "out" / "pairs.npz") as stored:
        found = {name: stored[name] for name in stored.files}
    assert found["paradigm"].tolist() == ["order"] * 20 + ["same"] * 2 + ["short"] * 3  # files sorted by name
    rows = [json.loads(line) for line in (pairs / "one.jsonl").read_text().splitlines()]
    scorer = LanguageModel(run(kind) / "model", "fp32")
    good, bad = (
        scorer.score(scorer.read([row[name] for row in rows]), by, False, lambda _: None)
        for name in ("sentence_good", "sentence_bad")
    )
    np.testing.assert_allclose(found["good"][:20], good, rtol=1e-5)
    assert found["correct"][:20].tolist() == (good > bad).tolist()
    assert found["correct"][20:22].tolist() == [0.5, 0.5]  # all unknown words are one token
    expected = {name: float(found["correct"][found["paradigm"] == name].mean()) for name in result["examples"]}
    assert model["paradigms"] == pytest.approx(expected)
    figures = model["scores"]["accuracy"]
    assert figures["mean"] == pytest.approx(np.mean(list(expected.values())))  # of paradigms, whatever their size
    accuracies = list(expected.values())
    interval = stats.t.interval(0.95, len(accuracies) - 1, np.mean(accuracies), stats.sem(accuracies))
    assert (figures["low"], figures["high"]) == pytest.approx(interval)


def test_a_model_that_is_also_a_decoder_is_scored_as_one_unless_it_is_asked_otherwise(
    run: Run, pairs: Path, tmp_path: Path
) -> None:
    both = tmp_path / "both"
    shutil.copytree(run("mlm"), both)
    shutil.copytree(run("clm") / "model", both / "model" / "decoder")
    for score, variant, alone in (
        ("auto", "causal", "clm"),
        ("causal", "causal", "clm"),
        ("pseudo-log-likelihood", "pseudo-log-likelihood", "mlm"),
    ):
        found = minimal_pairs(options(both, pairs, tmp_path / score, score=score))
        expected = minimal_pairs(options(run(alone), pairs, tmp_path / f"{score}-alone"))
        assert found["variant"] == variant
        assert found["models"][1]["paradigms"] == expected["models"][1]["paradigms"]


def test_everything_is_written_and_nothing_is_done_twice(
    run: Run, pairs: Path, tmp_path: Path, capsys, monkeypatch
) -> None:
    asked = options(run("mlm"), pairs, tmp_path / "out")
    result = minimal_pairs(asked)
    assert json.loads((asked.out / "scores.json").read_text()) == result
    assert "| mean of 3 | 25 |" in (asked.out / "scores.md").read_text()
    assert "mean of 3" in capsys.readouterr().out
    assert not list(asked.out.rglob("*.writing"))
    other = minimal_pairs(replace(asked, out=tmp_path / "two"))
    assert other["models"][1]["paradigms"] == result["models"][1]["paradigms"]
    monkeypatch.setattr(LanguageModel, "score", None)
    assert minimal_pairs(asked)["models"] == result["models"]
    assert "nothing was run again" in capsys.readouterr().err
    with pytest.raises(InputError, match=r"other score \(pseudo-log-likelihood, now causal\): choose another --out"):
        minimal_pairs(replace(asked, score="causal"))
    write(pairs / "one.jsonl", [("w1", "w2")])
    with pytest.raises(InputError, match="holds a result with other pairs"):
        minimal_pairs(asked)


def test_one_paradigm_has_no_interval(run: Run, pairs: Path, tmp_path: Path, capsys) -> None:
    result = minimal_pairs(options(run("clm"), pairs / "one.jsonl", tmp_path / "out"))
    figures = result["models"][1]["scores"]["accuracy"]
    assert (figures["low"], figures["high"]) == (None, None)


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        ("clm", {"score": "pseudo-log-likelihood"}, "a causal model has no pseudo-log-likelihood; use --score causal"),
        ("clm", {"whole_words": True}, "--whole-words applies to --score pseudo-log-likelihood only"),
        ("bart", {}, "cannot score sentences with the encoder-decoder 'bart'"),
        ("t5", {}, "cannot score sentences with the encoder-decoder 't5'"),
        ("sop", {}, "the model has no language modelling head"),
        ("mlm", {"data": (Path("none"),)}, "--data none: no such file or folder"),
        ("mlm", {"run": Path("none")}, "none: no such folder"),
    ],
)
def test_a_refused_command_writes_nothing(
    run: Run, pairs: Path, tmp_path: Path, kind: str, change: dict, message: str
) -> None:
    with pytest.raises(InputError) as error:
        minimal_pairs(replace(options(run(kind), pairs, tmp_path / "out"), **change))
    assert message in str(error.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"sentence_good": "w1", "bad": "w2"}\n', "no column 'sentence_bad'; found sentence_good, bad"),
        ("", "mine.jsonl: no examples in it"),
        ("not json\n", "mine.jsonl:1: broken JSON"),
        ('{"sentence_good": "w1", "sentence_bad": " "}\n', "mine.jsonl:1: sentence_bad is empty; remove the pair"),
        (
            '{"sentence_good": "w1", "sentence_bad": "w2"}\n{"sentence_good": "'
            + "w1 " * 70
            + '", "sentence_bad": "w1"}\n',
            "mine.jsonl:2, sentence_good: 72 tokens with start and end, more than the model's 64 positions",
        ),
        (
            '{"sentence_good": "w1 w2 nobody", "sentence_bad": "w2 w3"}\n'
            + '{"sentence_good": "x", "sentence_bad": "y"}\n',
            "the pairs: 42.9 % of the tokens are unknown to the model's tokenizer; use a model whose tokenizer knows",
        ),
    ],
)
def test_unreadable_pairs_are_refused(run: Run, tmp_path: Path, capsys, content: str, message: str) -> None:
    (tmp_path / "mine.jsonl").write_text(content)
    words = ["minimal-pairs", str(run("mlm")), "--data", str(tmp_path / "mine.jsonl"), "--out", str(tmp_path / "out")]
    assert main(words) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_command_line(run: Run, pairs: Path, tmp_path: Path, capsys) -> None:
    words = ["minimal-pairs", str(run("mlm")), "--data", str(pairs), "--out", str(tmp_path / "out")]
    assert main([*words, "--whole-words"]) == 0
    assert "minimal pairs, pseudo-log-likelihood, whole words: % right" in capsys.readouterr().out
    empty = tmp_path / "empty"
    empty.mkdir()
    assert main([*words[:3], str(empty), *words[4:]]) == 2
    assert f"--data {empty}: no .tsv, .csv, .jsonl, .parquet files in the folder" in capsys.readouterr().err
