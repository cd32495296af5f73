"""Whole models and checkpoints of sharded runs."""

import shutil

import pytest
import torch
from safetensors.torch import load_file

from tests.forked import end, start
from tests.training.runs import pretrain
from tests.training.sharded import STEPS, losses, run_two


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
