"""Do the intervals of a difference cover the truth, and how often is a "better" false?

python benchmarks/intervals.py [--repeats 1000] [--worlds untrained]
Models are simulated whose true scores are known. Whether an example is right depends on the model's skill, on its
pretraining and fine-tuning seed, on the example (for both models alike, and for one alone), and on chance that every
run has with every example. The metric is computed from the predictions, as in a comparison.
The multi-bootstrap of the MultiBERTs is beside it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from nlp_ssl.console import table
from nlp_ssl.statistics.intervals import Scores, difference, measure
from nlp_ssl.statistics.multi_bootstrap import multi_bootstrap
from nlp_ssl.tasks.metrics import METRICS

POSITIVE = 0.7  # of the examples are of class 1: so is CoLA


@dataclass(frozen=True)
class World:
    """Standard deviations are of a latent margin; an example is right where its margin is above zero."""

    metric: str = "accuracy"
    n: int = 400
    skill: float = 0.8
    gain: float = 0.0
    """How much more skill ours has."""
    seed: float = 0.05
    finetuning: float = 0.05
    shared_seed: float = 0.02
    """Of the same pretraining seed in both models: what pairing by seed removes."""
    example: float = 0.7
    own_example: float = 0.4
    chance: float = 0.6
    seeds: int = 3
    finetuning_seeds: int = 2
    own_draw: float | None = None
    """Fine-tuning seeds have draws of training examples, the same for all seeds: models vary by this with them."""
    untrained: float | None = None
    """Theirs is a network without pretraining, whose samples vary by this and have nothing in common with our seeds."""

    def draw(self, rng: np.random.Generator) -> tuple[Scores, Scores]:
        """Ours and theirs, once."""
        S, F, n = self.seeds, self.finetuning_seeds, self.n
        gold = (rng.random(n) < POSITIVE).astype(float)
        both = self.example * rng.standard_normal(n)
        same = self.shared_seed * rng.standard_normal((S, 1, 2))
        scores = []
        for skill, seed, pretrained in self._models():
            # The mean margin of each run for the examples of each class.
            of_class = skill + same * (self.untrained is None) + seed * rng.standard_normal((S, 1, 2))
            of_class = of_class + self.finetuning * rng.standard_normal((S, F, 2))  # [S, F, 2]
            of_class = of_class + (self.own_draw or 0) * rng.standard_normal((1, F, 2))
            margin = np.take_along_axis(of_class, np.broadcast_to(gold.astype(int), (S, F, n)), axis=2) + both
            margin += self.own_example * rng.standard_normal(n) + self.chance * rng.standard_normal((S, F, n))
            predicted, draws = np.where(margin > 0, gold, 1 - gold), self.own_draw is not None
            scores.append(measure(self.metric, gold, predicted, pretrained=pretrained, draws=draws))
        return scores[0], scores[1]

    def _models(self) -> list[tuple[float, float, bool]]:
        """Skill, what its seeds vary by, and whether it is pretrained: of ours and of theirs."""
        ours = (self.skill + self.gain, self.seed, True)
        return [ours, (self.skill, *((self.seed, True) if self.untrained is None else (self.untrained, False)))]

    def truth(self) -> float:
        """The true difference: over all seeds, and as many examples as one likes."""
        if self.gain == 0 and self.untrained is None:
            return 0.0
        rng = np.random.default_rng(1)
        means = []
        for skill, seed, _ in self._models():
            variance = self.finetuning**2 + seed**2 + self.shared_seed**2 * (self.untrained is None)
            variance += (self.own_draw or 0) ** 2
            margin = skill + np.sqrt(variance) * rng.standard_normal((400_000, 2))
            right = ndtr(margin / np.sqrt(self.example**2 + self.own_example**2 + self.chance**2))
            # Four kinds of examples, (gold, predicted), with the share that each has.
            kinds = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float).T
            share = np.stack([right[:, 0], 1 - right[:, 0], 1 - right[:, 1], right[:, 1]], axis=1)
            share *= [1 - POSITIVE, 1 - POSITIVE, POSITIVE, POSITIVE]
            means.append(METRICS[self.metric](*kinds, 1e6 * share).mean())
        return float(means[0] - means[1])


def worlds() -> Iterator[tuple[str, World]]:
    for S in (2, 3, 5):
        yield f"{S} seeds vary not at all", World(seeds=S, seed=0, finetuning=0, shared_seed=0)
        yield f"{S} seeds vary little", World(seeds=S, seed=0.03, finetuning=0.03)
        yield f"{S} seeds", World(seeds=S)
        yield f"{S} seeds vary much", World(seeds=S, seed=0.2, finetuning=0.1, shared_seed=0.1)
        yield f"{S} seeds, 1 fine-tuning seed", World(seeds=S, finetuning_seeds=1)
        yield f"{S} seeds, ours better", World(seeds=S, gain=0.2)
        yield f"{S} seeds, 1,000 examples", World(seeds=S, n=1000)
        yield f"{S} seeds, 97 % right", World(seeds=S, skill=1.9)
        yield f"{S} seeds, Matthews", World(seeds=S, metric="matthews")
        yield f"{S} seeds, macro F1, ours better", World(seeds=S, metric="macro_f1", gain=0.2)
        for own, how in ((0.0, "do not matter"), (0.05, "vary like seeds"), (0.2, "vary much")):
            yield f"{S} seeds, 3 draws {how}", World(seeds=S, finetuning_seeds=3, own_draw=own)
        yield f"{S} seeds, 5 draws vary much", World(seeds=S, finetuning_seeds=5, own_draw=0.2)
        drawn = World(seeds=S, finetuning_seeds=3, own_draw=0.1, untrained=0.1, seed=0.1)
        yield f"{S} seeds, 3 draws, beside untrained", drawn
        yield f"{S} seeds, beside untrained", World(seeds=S, untrained=0.05, finetuning_seeds=1)
        yield f"{S} seeds, untrained varies less", World(seeds=S, seed=0.1, untrained=0.0)
        yield f"{S} seeds, untrained varies more", World(seeds=S, seed=0.0, untrained=0.2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=1000)
    parser.add_argument("--worlds", default="", help="only those with this in their names")
    arguments = parser.parse_args()
    repeats = arguments.repeats
    rows = []
    for name, world in worlds():
        if arguments.worlds not in name:
            continue
        rng, truth = np.random.default_rng(0), world.truth()
        covered = resampled = better = worse = 0
        detectable = []
        for _ in range(repeats):
            ours, theirs = world.draw(rng)
            found = difference(ours, theirs)
            other = multi_bootstrap(ours, theirs)
            covered += found.low <= truth <= found.high
            resampled += other.low <= truth <= other.high
            better += found.verdict == "better"
            worse += found.verdict == "worse"
            detectable.append(found.detectable)
        shares = [f"{100 * count / repeats:.1f}" for count in (covered, resampled, better, worse)]
        rows.append([name, f"{100 * truth:+.2f}", *shares, f"{100 * np.median(detectable):.1f}"])
        print(".", end="", flush=True, file=sys.stderr)
    head = ["world", "true difference", "covered, %", "multi-bootstrap, %", "better, %", "worse, %", "detectable"]
    print(table(head, rows))


if __name__ == "__main__":
    main()
