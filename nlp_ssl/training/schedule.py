"""The learning rate as a pure function of the step: nothing to save, nothing to resume."""

from __future__ import annotations

from math import cos, pi

from nlp_ssl.recipe import Optimizer

DECAY_SHARE = 0.2
"""The share of the steps in which warmup-stable-decay goes down (Haegele et al., NeurIPS 2024)."""


def learning_rate(step: int, steps: int, optimizer: Optimizer) -> float:
    """The learning rate of update `step` (from 0) of `steps`; the first one is above 0."""
    warmup = round(optimizer.warmup * steps)
    if step < warmup:
        return optimizer.learning_rate * (step + 1) / warmup
    left = (steps - step) / max(steps - warmup, 1)  # 1 after the warm-up, above 0 at the last step
    factor = {
        "linear": left,
        "cosine": 0.5 * (1 - cos(pi * left)),
        "wsd": min(1.0, (steps - step) / max(DECAY_SHARE * steps, 1)),
        "constant": 1.0,
    }[optimizer.schedule]
    return optimizer.learning_rate * factor
