"""Checkpoints."""

import torch

from tests.training.runs import TINY, pretrain, refused


def test_a_checkpoint_that_does_not_fit_is_refused(corpus, tmp_path, capsys) -> None:
    out = tmp_path / "run"
    assert pretrain("mlm", corpus, out, "--budget", "4-steps") == 0
    saved = out / "checkpoints" / "step-00000004" / "pytorch_model.bin"
    torch.save({f"old.{name}": weight for name, weight in torch.load(saved).items()}, saved)
    arguments = ["mlm", "--corpus", str(corpus), "--out", str(out), *TINY, "--budget", "4-steps", "--resume"]
    said = refused(capsys, "pretrain", *arguments)
    assert "step-00000004: cannot go on from it" in said and "another --out" in said and "Traceback" not in said
