"""Running totals of a run."""

from __future__ import annotations

from dataclasses import dataclass, field

from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.training.validation import by_loss


@dataclass
class Totals:
    """Totals over all processes, saved with each checkpoint."""

    step: int = 0
    """Optimizer steps completed."""
    steps: int = 0
    """Optimizer steps of the whole run."""
    tokens: int = 0
    """Text tokens processed, without special tokens and padding."""
    targets: int = 0
    """Targets predicted."""
    flops: int = 0
    """Training FLOPs (nlp_ssl.models.flops)."""
    seconds: float = 0.0
    """Training time in seconds, without evaluations and checkpoints."""
    window: dict[str, float] = field(default_factory=dict)
    """Sums over the steps since the last log line."""

    @property
    def place(self) -> float:
        """The share of the run before the last completed step, which says what that step trained."""
        return max(self.step - 1, 0) / max(self.steps, 1)

    def counters(self) -> dict[str, float]:
        """Tokens, targets, FLOPs and seconds by name."""
        return {"tokens": self.tokens, "targets": self.targets, "flops": self.flops, "seconds": self.seconds}

    def add(self, **figures: float) -> None:
        """Add a step's metrics to the window."""
        for key, value in figures.items():
            self.window[key] = self.window.get(key, 0.0) + value


def means(window: dict[str, float], mixture: Mixture, done: float) -> dict[str, float]:
    """The metrics of a log line, from the sums over its steps, when the share `done` of a run is done.

    A loss without targets in these steps is left out.
    """
    counts = {name: window[f"{name}_targets"] for name in mixture.losses}
    of_losses = {name: {"loss": window[f"{name}_loss"] / n} for name, n in counts.items() if n}
    targets = sum(counts.values())
    several = of_losses if len(mixture.losses) > 1 else {}
    weights = {f"{name} weight": mixture.losses[name].weight for name in several}
    return (
        by_loss(of_losses, mixture, done)
        | weights
        | {
            "grad_norm": window["grad_norm"] / window["steps"],
            "tokens_per_second": window["tokens"] / window["seconds"],
            "targets_per_second": targets / window["seconds"],
            "flops_per_second": window["flops"] / window["seconds"],
        }
    )
