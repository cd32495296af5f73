"""FSDP: here on CPUs over gloo, which Accelerate's launcher does not offer."""

import os
import shutil
import signal
import time
from pathlib import Path

import pytest
import torch
from accelerate.state import AcceleratorState, PartialState
from accelerate.utils import DistributedType
from safetensors.torch import load_file

from nlp_ssl.runtime import make_accelerator
from nlp_ssl.training import parallel
from tests.forked import end, start, start_together
from tests.training.runs import TINY, arguments_of, metrics, pretrain

STEPS = ["--budget", "8-steps", "--log-every", "1", "--evaluations", "2", "--save-every", "4"]


@pytest.fixture
def launched(monkeypatch):
    """A function that makes the next processes those of `accelerate launch --use_fsdp --fsdp_version 2`."""

    def make(precision, fsdp_plugin=None, **options):
        accelerator = make_accelerator(precision, fsdp_plugin=None, **options)
        if fsdp_plugin is not None:
            accelerator.state.fsdp_plugin = fsdp_plugin
            accelerator.state.distributed_type = DistributedType.FSDP
            PartialState._shared_state["distributed_type"] = DistributedType.FSDP  # as Accelerate does on GPUs
        return accelerator

    def launch(**settings: str) -> None:
        for name, value in {"ACCELERATE_USE_FSDP": "true", "FSDP_VERSION": "2", **settings}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(parallel, "make_accelerator", make)

    yield launch
    AcceleratorState._reset_state(reset_partial_state=True)


def run_two(objective: str, corpus: Path, out: Path, *more: str, into: str = "--out", status: int = 0) -> str:
    """Run the command in two processes; returns what they say."""
    words = ["pretrain", *arguments_of(objective), "--corpus", str(corpus), into, str(out), *TINY, *STEPS, *more]
    log = out.with_name(f"{out.name}-log")
    started = start_together([words, words], log)
    said = [end(pid, 500) for pid in started]
    text = "".join(Path(f"{log}-{rank}").read_text() for rank in (0, 1))
    assert said == [status, status], text
    return text


def losses(out: Path) -> list[float]:
    lines = [line for line in metrics(out) if line["event"] != "snapshot"]
    return [line["validation"]["loss"] if line["event"] == "end" else line["loss"] for line in lines]


SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("bert", "bart", "rtd", "skip_thought", "hybrid")]


@pytest.mark.parametrize("objective", ["mlm", *SLOW])
def test_losses_and_weights_are_those_of_one_process(objective, corpus, tmp_path, launched) -> None:
    assert pretrain(objective, corpus, tmp_path / "one", *STEPS) == 0
    launched()
    run_two(objective, corpus, tmp_path / "two", "--batch.accumulation", "2")
    assert losses(tmp_path / "two") == pytest.approx(losses(tmp_path / "one"), abs=1e-5, rel=3e-6)
    one, two = (load_file(tmp_path / name / "model" / "model.safetensors") for name in ("one", "two"))
    torch.testing.assert_close(two, one, rtol=1e-3, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("sharded_first", [True, False])
def test_a_run_goes_on_sharded_or_not(sharded_first, corpus, tmp_path, launched) -> None:
    more = ["--keep-checkpoints", "9", "--model.dropout", "0"]
    assert pretrain("bart", corpus, tmp_path / "one", *STEPS, *more) == 0
    if sharded_first:
        launched()
        run_two("bart", corpus, tmp_path / "run", *more)
    else:
        shutil.copytree(tmp_path / "one", tmp_path / "run")
    for gone in ("model", "checkpoints/step-00000008"):
        shutil.rmtree(tmp_path / "run" / gone)
    if sharded_first:
        words = ["pretrain", "--resume", str(tmp_path / "run"), "--corpus", str(corpus)]
        assert end(start(words, tmp_path / "log", {"ACCELERATE_USE_FSDP": "false"}), 500) == 0
    else:
        launched()
        run_two("bart", corpus, tmp_path / "run", *more, into="--resume")
    assert losses(tmp_path / "run") == pytest.approx(losses(tmp_path / "one"), abs=1e-5, rel=3e-6)


@pytest.mark.slow
def test_bf16_keeps_weights_in_fp32(corpus, tmp_path, launched) -> None:
    flags = ["--precision", "bf16", "--snapshots", "1", "--activation-checkpointing"]
    assert pretrain("mlm", corpus, tmp_path / "one", *STEPS, *flags) == 0
    launched()
    run_two("mlm", corpus, tmp_path / "two", *flags)
    assert losses(tmp_path / "two") == pytest.approx(losses(tmp_path / "one"), rel=1e-2)
    for model in ("model", "snapshots/1-of-2/model"):
        for weight in load_file(tmp_path / "two" / model / "model.safetensors").values():
            assert weight.dtype == torch.float32
            assert weight.ndim < 2 or not torch.equal(weight, weight.bfloat16().float())


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
