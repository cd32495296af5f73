"""Classifiers on small bodies, and texts for them."""

from collections.abc import Callable
from pathlib import Path

import torch

from nlp_ssl.evaluation.checkpoints import load_checkpoint
from nlp_ssl.evaluation.classifier import build
from nlp_ssl.tasks.kinds.classification import Classification
from nlp_ssl.tasks.splits import LabelledExamples

Run = Callable[[str], Path]
BODIES = ["mlm", "sop", "clm", "bart", "mbart", "t5"]
THREE = LabelledExamples(["w1 w2 w3 fine", "w4", "w5 w6"], None, None)
PAIRS = LabelledExamples(["w1 w2 w3 fine", "w4"], ["w5", "w6 w7"], None)
LABELS = Classification(["bad", "good"])


def model_of(run: Run, kind: str, pretrained: bool = True, seed: int = 1) -> torch.nn.Module:
    """A classifier on the body of a run, in evaluation."""
    return build(load_checkpoint(run(kind) / "model"), pretrained, LABELS, seed).eval()
