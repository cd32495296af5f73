"""The learning-rate schedule, a pure function of the step, so checkpoints need not save it.

Pretraining and fine-tuning both use it.
"""

from __future__ import annotations

from math import cos, pi

from nlp_ssl.recipe import Optimizer

DECAY_SHARE = 0.2
"""Fraction of the steps in which warmup-stable-decay decays (Haegele et al., NeurIPS 2024)."""


def learning_rate(step: int, steps: int, optimizer: Optimizer) -> float:
    """The learning rate of update `step` (counted from 0) of `steps`. It is above 0 at every step."""
    warmup = round(optimizer.warmup * steps)
    if step < warmup:
        return optimizer.learning_rate * (step + 1) / warmup
    left = (steps - step) / max(steps - warmup, 1)  # 1 right after the warm-up
    factor = {
        "linear": left,
        "cosine": 0.5 * (1 - cos(pi * left)),
        "wsd": min(1.0, (steps - step) / max(DECAY_SHARE * steps, 1)),
        "constant": 1.0,
    }[optimizer.schedule]
    return optimizer.learning_rate * factor
