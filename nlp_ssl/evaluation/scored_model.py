"""A model to score on a labelled task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nlp_ssl.evaluation.checkpoints import Checkpoint
    from nlp_ssl.evaluation.inputs import Tokens


@dataclass(frozen=True)
class ScoredModel:
    """A model to score: the run itself, its random initialisation, or an existing model as a baseline."""

    key: str
    """"pretrained", "random_init" or "model"; `key` in scores.json."""
    name: str
    """Its name in tables."""
    cached_as: str
    """Prefix of its results in the cache."""
    checkpoint: Checkpoint
    tokens: dict[str, Tokens]
    """Its tokenised input, by name as in `Experiment.inputs`."""
    depends_on: Callable[[int], dict[str, Any]] | None
    """Everything that its results for a seed depend on; None if they are not shared between runs."""

    def shared_by(self, seed: int) -> dict[str, Any] | None:
        """Everything that its results for a seed depend on, or None."""
        return None if self.depends_on is None else self.depends_on(seed)

    @property
    def pretrained(self) -> bool:
        """Whether it starts from trained weights."""
        return self.key != "random_init"
