"""SIGTERM and Ctrl-C: every command that writes ends at once, says how to go on, and leaves no process behind."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import NoReturn

import pytest

from nlp_ssl.comparison import job_kinds
from nlp_ssl.corpus import prepare
from nlp_ssl.evaluation import classifier, embed, frozen, likelihood
from nlp_ssl.export import push, sentence_vectors, word2vec
from tests.forked import await_end_of_session, end, fork_jobs, start
from tests.harm import Kit, call, make_kit

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it looks for processes in /proc")

KEPT = {
    "corpus": "run the command again to continue; finished work is kept",
    "finetuned": "run the command again; finished results are kept",
    "probed": "run the command again; finished results are kept",
    "pairs": "run the command again; finished results are kept",
    "vectors.txt": "run the command again",
    "predicted.jsonl": "run the command again",
    "embedded.npy": "run the command again",
    "exported": "run the command again",
    "pushed": "run the command again",
    "comparison": "run the command again; finished jobs are kept",
}
"""What each command says, by what it writes."""


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Kit:
    folder = tmp_path_factory.mktemp("kit")
    kit = make_kit(folder / "in", folder / "out")
    for name in ("corpus", "run"):
        status, _, said = call(kit.commands()[name])
        assert status == 0, said
    return kit


def hang_at_work(patch: pytest.MonkeyPatch, begun: Path) -> None:
    """Let every command hang in the middle of its work, after it has made the file `begun`."""

    def hang(*_: object, **__: object) -> NoReturn:
        begun.touch()
        while True:
            time.sleep(0.05)

    patch.setattr(prepare, "train_tokenizer", hang)
    patch.setattr(classifier.Classifier, "train", hang)
    patch.setattr(classifier.Classifier, "predict", hang)
    patch.setattr(frozen, "LinearProbe", hang)
    patch.setattr(likelihood.LanguageModel, "score", hang)
    patch.setattr(embed, "write_vectors", hang)
    patch.setattr(word2vec, "word2vec", hang)
    patch.setattr(sentence_vectors, "load_checkpoint", hang)
    patch.setattr(push, "upload", hang)
    for kind in job_kinds.JOB_KINDS:
        patch.setitem(job_kinds.JOB_KINDS, kind, hang)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name == "predicted.jsonl" else name for name in KEPT]
)
def test_a_stopped_command_says_how_to_go_on(name, number, kit: Kit, tmp_path: Path, monkeypatch) -> None:
    begun, log = tmp_path / "begun", tmp_path / "log"
    if name == "predicted.jsonl":
        assert call(kit.commands()["finetuned"])[0] == 0
    hang_at_work(monkeypatch, begun)
    fork_jobs(monkeypatch)
    words = kit.commands()[name]
    if name == "corpus":
        shutil.move(kit.out / "corpus", tmp_path / "corpus")
        words = [*words[:-1], "2"]  # worker processes
    try:
        pid = start(words, log)
        until = time.monotonic() + 60
        while not begun.exists():
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.02)
        if number == signal.SIGINT:
            os.killpg(pid, number)  # as a terminal does
        else:
            os.kill(pid, number)
        assert end(pid, 20) == 128 + number, log.read_text()
        await_end_of_session(pid)
    finally:
        if name == "corpus":
            shutil.rmtree(kit.out / "corpus", ignore_errors=True)
            shutil.move(tmp_path / "corpus", kit.out / "corpus")
        for left in (kit.out / name, kit.out / "finetuned") if name != "corpus" else ():
            shutil.rmtree(left, ignore_errors=True)
    said = log.read_text()
    by = "SIGTERM" if number == signal.SIGTERM else "Ctrl-C"
    assert f"nlp-ssl: stopped by {by}; {KEPT[name]}\n" in said
    assert "Traceback" not in said
    written = ("vectors.txt", "exported", "predicted.jsonl", "embedded.npy")
    assert not any((kit.out / file).exists() for file in written)
