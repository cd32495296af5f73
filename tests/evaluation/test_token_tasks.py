"""Token tasks from pretraining to scores: static vectors, and several processes."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nlp_ssl.cli import main
from tests.ports import free_port
from tests.training.runs import pretrain
from tests.worlds import write_corpus

ROOT = Path(__file__).parents[2]


@pytest.fixture
def parity(tmp_path: Path) -> Path:
    """A task in which a word's tag says whether its number is odd, with 61 and 21 sentences of 1 to 6 words."""
    folder = tmp_path / "parity"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for split, n in (("train", 61), ("dev", 21)):
        sentences = [[int(word) for word in rng.integers(5, 15, length)] for length in rng.integers(1, 7, n)]
        rows = ["\n".join(f"w{word} {'ab'[word % 2]}" for word in sentence) + "\n" for sentence in sentences]
        (folder / f"{split}.conll").write_text("\n".join(rows))
    return folder


def words_of(parity: Path) -> list[str]:
    return [line for line in (parity / "dev.conll").read_text().splitlines() if line]


def arguments(command: str, run: Path, parity: Path, out: Path, *more: str) -> list[str]:
    flags = "--task parity --kind token_classification --text-column 1 --label-column 2 --precision fp32 --seeds 1"
    return [command, str(run), "--data", str(parity), "--out", str(out), *flags.split(), *more]


def predicted(out: Path, part: str) -> np.ndarray:
    return np.load(out / "parts" / f"{part}.npz")["dev"]


@pytest.mark.parametrize("objective", ["skip_gram", "cbow"])
def test_static_vectors_tag_words(objective: str, parity: Path, tmp_path: Path) -> None:
    """A word's vector is all that there is, and tells its tag."""
    corpus = write_corpus(tmp_path / "corpus").folder
    assert pretrain(objective, corpus, tmp_path / "run", "--budget", "20-steps", "--evaluations", "1") == 0
    labels = np.array([int(line.endswith("b")) for line in words_of(parity)])
    more = ["--no-baselines", "--epochs", "30", "--learning-rates", "1e-1"]
    assert main(arguments("finetune", tmp_path / "run", parity, tmp_path / "tuned", *more)) == 0
    outputs = predicted(tmp_path / "tuned", "pretrained-seed1")
    assert outputs.shape == (len(labels), 2)
    assert np.mean(outputs.argmax(1) == labels) > 0.95
    assert main(arguments("probe", tmp_path / "run", parity, tmp_path / "probed", "--no-baselines")) == 0
    assert np.mean(predicted(tmp_path / "probed", "pretrained-probe").argmax(1) == labels) > 0.95


def launch(*command: str) -> None:
    """Run a command on two processes, by gloo."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2"]
    launcher += ["--master_port", str(free_port()), "train.py"]
    done = subprocess.run([*launcher, *command], capture_output=True, text=True, cwd=ROOT, timeout=300, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    corpus = write_corpus(tmp_path / "corpus").folder
    assert pretrain("mlm", corpus, tmp_path / "run", "--budget", "4-steps", "--evaluations", "1") == 0
    return tmp_path / "run"


@pytest.mark.slow
def test_frozen_vectors_of_words_are_the_same_on_two_processes(encoder: Path, parity: Path, tmp_path: Path) -> None:
    assert main(arguments("probe", encoder, parity, tmp_path / "one", "--no-baselines")) == 0
    launch(*arguments("probe", encoder, parity, tmp_path / "two", "--no-baselines"))
    one, two = (predicted(tmp_path / out, "pretrained-probe") for out in ("one", "two"))
    assert one.shape == (len(words_of(parity)), 2)
    np.testing.assert_allclose(one, two, atol=1e-4)


@pytest.mark.slow
def test_every_word_is_predicted_on_two_processes(encoder: Path, parity: Path, tmp_path: Path) -> None:
    more = ["--no-baselines", "--epochs", "2", "--learning-rates", "1e-3"]
    launch(*arguments("finetune", encoder, parity, tmp_path / "two", *more))
    outputs = predicted(tmp_path / "two", "pretrained-seed1")
    assert outputs.shape == (len(words_of(parity)), 2)
    assert np.isfinite(outputs).all() and outputs.any(axis=1).all()
