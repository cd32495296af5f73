"""Do comparisons that grow until they have an answer keep their error rate?

python benchmarks/sequential.py [--repeats 1000]
Six differences are looked at after 3, 5 and 10 seeds. A comparison ends at the first look where every difference is
significant after Holm's correction or its half-width is at most 2 points. Counted are comparisons with a false verdict
at their end, final intervals that cover the truth, comparisons where the intervals of a difference cover it at every
look, and seeds. Beside it: the same looks without shares of the error rate.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from power import Setting

from nlp_ssl.console import table
from nlp_ssl.statistics.corrections import holm
from nlp_ssl.statistics.intervals import Difference, Scores, difference
from nlp_ssl.statistics.power import Plan
from nlp_ssl.statistics.sequential import ONLY, Look
from nlp_ssl.statistics.spread import LEVEL

LOOKS = (3, 5, 10)
DIFFERENCES = 6
PRECISE = 0.02


def settings() -> Iterator[tuple[str, Setting, tuple[float, ...]]]:
    """Name, spread, and the true differences."""
    base = Setting(Plan(LOOKS[-1], 1, 300))
    nothing, mixed, large = (0.0,) * 6, (0.0, 0.0, 0.0, 0.02, 0.05, 0.1), (0.1,) * 6
    yield "no difference", base, nothing
    yield "no difference, seeds vary not at all", replace(base, seed=0, run=0), nothing
    yield "no difference, seeds vary much", replace(base, seed=6), nothing
    yield "no difference, nothing but seeds", replace(base, example=0, seed_example=0, run_example=0), nothing
    yield "no difference, beside random initialisation", replace(base, beside_random=True), nothing
    yield "0, 0, 0, 2, 5 and 10 points", base, mixed
    yield "0, 0, 0, 2, 5 and 10 points, seeds vary much", replace(base, seed=6), mixed
    yield "0, 0, 0, 2, 5 and 10 points, 3,000 examples", replace(base, plan=Plan(LOOKS[-1], 1, 3000)), mixed
    yield "10 points", base, large


def first(scores: Scores, seeds: int) -> Scores:
    return replace(scores, values=scores.values[:seeds], influence=scores.influence[:seeds], lowest=-np.inf)


def half(found: Difference) -> float:
    return (found.high - found.low) / 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=1000)
    repeats = parser.parse_args().repeats
    rows = []
    for name, setting, truths in settings():
        rng = np.random.default_rng(0)
        counts = {way: np.zeros(6) for way in ("shares", "none")}
        for _ in range(repeats):
            models = []
            for truth in truths:
                ours, theirs = setting.draw(rng)
                theirs = replace(theirs, pretrained=not setting.beside_random)
                models.append((replace(ours, values=ours.values + truth), theirs))
            for way, count in counts.items():
                count += one(models, truths, shares=way == "shares")
        false, covered, always, seeds, found, _ = counts["shares"] / repeats
        real = sum(truth != 0 for truth in truths)
        power = f"{100 * found / real:.1f}" if real else ""
        shown = [f"{100 * share:.1f}" for share in (false, covered, always)]
        rows.append([name, *shown, f"{seeds:.1f}", power, f"{100 * counts['none'][0] / repeats:.1f}"])
        print(".", end="", flush=True, file=sys.stderr)
    head = ["true differences", "any false, %", "final intervals cover, %", "intervals of all looks cover, %"]
    print(table([*head, "seeds", "found, %", "any false without shares, %"], rows))


def one(models: list[tuple[Scores, Scores]], truths: tuple[float, ...], shares: bool) -> np.ndarray:
    """Of one comparison: false verdicts (0 or 1), coverage at the end and at all looks, seeds, true ones found."""
    always = np.ones(len(truths), dtype=bool)
    end: np.ndarray | None = None
    for S in LOOKS:
        look = Look.at(S, LOOKS) if shares else ONLY
        found = [difference(first(ours, S), first(theirs, S), look) for ours, theirs in models]
        covers = np.array([f.low <= truth <= f.high for f, truth in zip(found, truths, strict=True)])
        always &= covers
        significant = np.array([p is not None and p <= LEVEL for p in holm([f.p for f in found])])
        if end is None and (LOOKS[-1] == S or all(significant | [half(f) <= PRECISE for f in found])):
            wrong = [s and np.sign(f.mean) != np.sign(t) for s, f, t in zip(significant, found, truths, strict=True)]
            real = [s and t != 0 for s, t in zip(significant, truths, strict=True)]
            end = np.array([any(wrong), covers.mean(), 0.0, S, sum(real), 0.0])
    assert end is not None
    end[2] = always.mean()
    return end


if __name__ == "__main__":
    main()
