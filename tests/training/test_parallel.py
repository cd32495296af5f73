"""FSDP: its losses, and what it refuses."""

import os
import signal
import time

import pytest
import torch
from safetensors.torch import load_file

from tests.forked import end, start_together
from tests.training.runs import TINY, pretrain
from tests.training.sharded import STEPS, losses, run_two

SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("bert", "bart", "rtd", "skip_thought", "hybrid")]


@pytest.mark.parametrize("objective", ["mlm", *SLOW])
def test_losses_and_weights_are_those_of_one_process(objective, corpus, tmp_path, launched) -> None:
    assert pretrain(objective, corpus, tmp_path / "one", *STEPS) == 0
    launched()
    run_two(objective, corpus, tmp_path / "two", "--batch.accumulation", "2")
    assert losses(tmp_path / "two") == pytest.approx(losses(tmp_path / "one"), abs=1e-5, rel=3e-6)
    one, two = (load_file(tmp_path / name / "model" / "model.safetensors") for name in ("one", "two"))
    torch.testing.assert_close(two, one, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("objective", "flags", "problem"),
    [
        ("mlm", ["--optimizer.method", "muon"], "--optimizer.method muon"),
        ("skip_gram", ["--optimizer.method", "adamw"], "static vectors"),
        ("contrastive", [], "losses that compare the examples of a batch"),
        ("contrastive:byol", [], "losses that compare the examples of a batch, an averaged copy of the weights"),
        ("mlm", ["--compile"], "--compile"),
    ],
)
def test_what_cannot_be_sharded_is_refused(objective, flags, problem, corpus, tmp_path, launched, capsys) -> None:
    launched()
    assert pretrain(objective, corpus, tmp_path / "run", *STEPS, *flags) == 2
    said = capsys.readouterr().err
    assert said == f"nlp-ssl: error: FSDP does not work with {problem}; launch without --use_fsdp\n"
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"FSDP_VERSION": "1"}, "only version 2 is supported; add --fsdp_version 2 to accelerate launch"),
        ({"FSDP_OFFLOAD_PARAMS": "true"}, "weights cannot be kept on the CPU; leave out --fsdp_offload_params"),
        ({"FSDP_ACTIVATION_CHECKPOINTING": "true"}, "leave out --fsdp_activation_checkpointing; pretrain has an"),
    ],
)
def test_settings_of_the_launcher_that_do_not_work_are_refused(
    settings, problem, corpus, tmp_path, launched, capsys
) -> None:
    launched(**settings)
    assert pretrain("mlm", corpus, tmp_path / "run", *STEPS) == 2
    assert capsys.readouterr().err.startswith(f"nlp-ssl: error: FSDP: {problem}")
    assert not (tmp_path / "run").exists()


def test_one_process_without_a_gpu_is_not_sharded(corpus, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    monkeypatch.setenv("FSDP_VERSION", "2")
    assert pretrain("mlm", corpus, tmp_path / "run", *STEPS) == 2
    assert "FSDP: it needs several processes, each with a GPU; launch without --use_fsdp" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_killed_process_ends_the_other_within_a_minute(corpus, tmp_path, launched) -> None:
    launched()
    words = ["pretrain", "mlm", "--corpus", str(corpus), "--out", str(tmp_path / "run"), *TINY]
    words += ["--budget", "4000-steps", "--log-every", "1"]
    pids = start_together([words, words], tmp_path / "log")
    until = time.monotonic() + 120
    while time.monotonic() < until and not (tmp_path / "run" / "metrics.jsonl").is_file():
        time.sleep(0.05)
    os.kill(pids[1], signal.SIGKILL)
    assert end(pids[1]) == -signal.SIGKILL
    assert end(pids[0], 60) == 2
    said = (tmp_path / "log-0").read_text()
    assert "nlp-ssl: error: process 1 has ended early, and so do the others; " in said and "Traceback" not in said
