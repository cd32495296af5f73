"""Does a planned comparison find the differences that it says it will?

python benchmarks/power.py [--repeats 1000] [--settings "seeds"]
The predicted minimum detectable effect (MDE) is set beside the simulated one: the true difference that our analysis
(interval, Holm's correction) finds in 80 % of simulated comparisons. In the first part the variance components are
known; in the second they are estimated from a simulated pilot comparison of three seeds, whose models answer right or
wrong, and predict a larger comparison.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from intervals import World

from nlp_ssl.console import table
from nlp_ssl.statistics.corrections import holm
from nlp_ssl.statistics.intervals import Scores, difference
from nlp_ssl.statistics.power import Components, Plan, detectable, paired
from nlp_ssl.statistics.sequential import Look
from nlp_ssl.statistics.spread import LEVEL, POWER

Draw = Callable[[np.random.Generator], tuple[Scores, Scores]]


@dataclass(frozen=True)
class Setting:
    """A comparison of models with known variance components, as percentage points."""

    plan: Plan
    seed: float = 1.5
    run: float = 1.0
    example: float = 30.0
    seed_example: float = 10.0
    run_example: float = 30.0
    beside_random: bool = False

    @property
    def components(self) -> Components:
        points = (self.seed, self.run, self.example, self.seed_example, self.run_example)
        return Components(*((value / 100) ** 2 for value in points))

    def draw(self, rng: np.random.Generator) -> tuple[Scores, Scores]:
        """Two models that are equally good. The example component is that of their difference."""
        plan = self.plan
        both = self.example / 100 * rng.standard_normal(plan.examples)
        nothing = Scores(np.zeros((plan.seeds, plan.runs)), np.zeros((plan.seeds, plan.runs, plan.examples)))
        ours = self._model(rng, both)
        return ours, self._model(rng, np.zeros(plan.examples)) if self.beside_random else nothing

    def _model(self, rng: np.random.Generator, examples: np.ndarray) -> Scores:
        S, F, n = self.plan.seeds, self.plan.runs, self.plan.examples
        scores = self.seed * rng.standard_normal((S, 1, 1)) + self.run * rng.standard_normal((S, F, 1))
        scores = scores + self.seed_example * rng.standard_normal((S, 1, n))
        scores = (scores + self.run_example * rng.standard_normal((S, F, n))) / 100 + examples
        values = scores.mean(2)
        return Scores(values, scores - values[..., None], lowest=-np.inf)

    def predicted(self) -> float:
        return detectable(self.plan, [self.components] * (1 + self.beside_random), self.components.example)


def simulated(draw: Draw, plan: Plan, repeats: int, beside_random: bool = False, seed: int = 0) -> float:
    """The true difference that is found in `POWER` of the comparisons, where nothing else differs."""
    rng = np.random.default_rng(seed)
    pairs, others = [], []

    def pair() -> tuple[Scores, Scores]:
        ours, theirs = draw(rng)
        # Two samples of seeds, unless seeds are paired.
        return replace(ours, lowest=-np.inf), replace(theirs, pretrained=not beside_random, lowest=-np.inf)

    def p(ours: Scores, theirs: Scores, gain: float = 0.0) -> float:
        found = difference(replace(ours, values=ours.values + gain), theirs, plan.look).p
        assert found is not None
        return found

    for _ in range(repeats):
        pairs.append(pair())
        others.append([p(*pair()) for _ in range(plan.comparisons - 1)])
    low, high = 0.0, 4.0
    for _ in range(11):
        gain = (low + high) / 2
        found = 0
        for (ours, theirs), rest in zip(pairs, others, strict=True):
            first = holm([p(ours, theirs, gain), *rest])[0]
            found += first is not None and first <= LEVEL and ours.mean + gain > theirs.mean
        low, high = (low, gain) if found >= POWER * repeats else (gain, high)
    return high


def settings() -> Iterator[tuple[str, Setting]]:
    for S in (2, 3, 5, 10):
        yield f"{S} seeds", Setting(Plan(S, 2, 300))
        yield f"{S} seeds, beside random initialisation", Setting(Plan(S, 2, 300), beside_random=True)
        yield f"{S} seeds, 6 differences", Setting(Plan(S, 2, 300, comparisons=6))
        yield f"{S} seeds that do not vary", Setting(Plan(S, 1, 300), seed=0, run=0)
        yield f"{S} seeds that vary much", Setting(Plan(S, 2, 300), seed=6)
    yield "3 seeds, 1,000 examples, 15 differences", Setting(Plan(3, 3, 1000, comparisons=15), beside_random=True)
    yield "last of looks at 3, 5 and 10 seeds", Setting(Plan(10, 2, 300, look=Look.at(10, (3, 5, 10))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=1000)
    parser.add_argument("--settings", default="", help="only those with this in their names")
    arguments = parser.parse_args()
    rows = []
    for name, setting in settings():
        if arguments.settings not in name:
            continue
        repeats = max(arguments.repeats // setting.plan.comparisons, 200)
        found = simulated(setting.draw, setting.plan, repeats, setting.beside_random)
        rows.append([name, *_compared(setting.predicted(), found)])
        print(".", end="", flush=True, file=sys.stderr)
    for name, world in (("even seeds", World()), ("uneven seeds", World(seed=0.2, finetuning=0.1, shared_seed=0.1))):
        if arguments.settings not in name:
            continue
        plan = Plan(5, 2, 1000)
        found = simulated(replace(world, seeds=5, n=1000).draw, plan, arguments.repeats)
        predictions = [_from_pilot(replace(world, seeds=3), plan, np.random.default_rng(i)) for i in range(100)]
        for share, said in ((0.5, "median of 100 pilots"), (0.1, "lowest tenth"), (0.9, "highest tenth")):
            rows.append([f"pilot, {name}: {said}", *_compared(float(np.quantile(predictions, share)), found)])
    print(table(["comparison", "predicted MDE", "simulated", "ratio"], rows))


def _compared(predicted: float, found: float) -> list[str]:
    return [f"{100 * predicted:.1f}", f"{100 * found:.1f}", f"{predicted / found:.2f}"]


def _from_pilot(world: World, plan: Plan, rng: np.random.Generator) -> float:
    """The MDE predicted from a pilot of six differences."""
    components = Components.of([paired(*world.draw(rng)) for _ in range(6)])
    return detectable(plan, [components], components.example)


if __name__ == "__main__":
    main()
