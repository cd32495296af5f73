"""Every shipped recipe, from text to a score, on the embedded corpus."""

from pathlib import Path

import pytest

from nlp_ssl import declarations
from nlp_ssl.cli import main

pytestmark = pytest.mark.slow

EMOJI = ("emoji", "deepmoji")
SHORT = ["--budget", "2-steps", "--model.size", "tiny", "--evaluations", "1", "--evaluation-tokens", "2000"]


@pytest.fixture(scope="module")
def pydocs(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("recipes") / "pydocs"
    assert main(["prepare", "pydocs", "--out", str(out), "--vocab-size", "4096"]) == 0
    return out


@pytest.fixture(scope="module")
def tweets(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("recipes")
    both = (("sort", "😂"), ("search", "❤"))
    lines = [f"this {word} number {i} is fun {emoji}" for i in range(60) for word, emoji in both]
    (folder / "tweets.txt").write_text("\n".join(lines), encoding="utf-8")
    out = folder / "tweets"
    options = ["--out", str(out), "--vocab-size", "500", "--document", "line", "--validation", "0.2"]
    assert main(["prepare", str(folder / "tweets.txt"), *options]) == 0
    return out


@pytest.fixture(scope="module")
def task(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("recipes") / "task"
    folder.mkdir()
    for split, rows in (("train", 24), ("dev", 10)):
        lines = [f"this {word} number {i}\t{word}" for i in range(rows // 2) for word in ("sort", "search")]
        (folder / f"{split}.tsv").write_text("\n".join(["text\tlabel", *lines, ""]))
    return folder


@pytest.mark.parametrize("name", declarations.names("objectives"))
def test_two_steps_and_a_fine_tuning(name, pydocs, tweets, task, tmp_path) -> None:
    corpus, run = tweets if name in EMOJI else pydocs, tmp_path / "run"
    assert main(["pretrain", name, "--corpus", str(corpus), "--out", str(run), *SHORT]) == 0
    options = ["--task", "mine", "--text-column", "text", "--label-column", "label", "--data", str(task)]
    options += ["--seeds", "1", "--epochs", "1", "--learning-rates", "1e-3", "--no-baselines"]
    assert main(["finetune", str(run), "--out", str(tmp_path / "scores"), *options]) == 0


def test_a_corpus_without_emoji_is_refused(pydocs, tmp_path, capsys) -> None:
    assert main(["pretrain", "emoji", "--corpus", str(pydocs), "--out", str(tmp_path / "run"), *SHORT]) == 2
    assert "cannot serve emoji" in capsys.readouterr().err
