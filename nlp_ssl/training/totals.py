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

    def counters(self) -> dict[str, float]:
        """Tokens, targets, FLOPs and seconds by name."""
        return {"tokens": self.tokens, "targets": self.targets, "flops": self.flops, "seconds": self.seconds}

    def add(self, **figures: float) -> None:
        """Add a step's metrics to the window."""
        for key, value in figures.items():
            self.window[key] = self.window.get(key, 0.0) + value


def means(window: dict[str, float], mixture: Mixture) -> dict[str, float]:
    """The metrics of a log line, from the sums over its steps."""
    of_losses = {name: {"loss": window[f"{name}_loss"] / max(window[f"{name}_targets"], 1)} for name in mixture.losses}
    targets = sum(window[f"{name}_targets"] for name in mixture.losses)
    several = mixture.losses if len(mixture.losses) > 1 else {}
    weights = {f"{name} weight": loss.weight for name, loss in several.items()}
    return (
        by_loss(of_losses, mixture)
        | weights
        | {
            "grad_norm": window["grad_norm"] / window["steps"],
            "tokens_per_second": window["tokens"] / window["seconds"],
            "targets_per_second": targets / window["seconds"],
            "flops_per_second": window["flops"] / window["seconds"],
        }
    )
