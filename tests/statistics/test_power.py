"""Minimum detectable effects against closed forms, and against simulated comparisons with our analysis."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from nlp_ssl.statistics.intervals import Scores, difference
from nlp_ssl.statistics.power import Components, Plan, detectable, fewest, paired, shared_components
from nlp_ssl.statistics.sequential import Look

NOTHING = Components(0, 0, 0, 0, 0)
USUAL = Components(0.015**2, 0.01**2, 0.3**2, 0.1**2, 0.3**2)


def draw(rng: np.random.Generator, of: Components, S: int, F: int, n: int, shared: bool = True) -> Scores:
    """Scores with these components; without `shared`, without the component of examples."""
    seed, run, example, seed_example, run_example, draws = (math.sqrt(v) for v in vars(of).values())
    scores = (
        seed * rng.standard_normal((S, 1, 1))
        + draws * rng.standard_normal((F, 1))
        + run * rng.standard_normal((S, F, 1))
    )
    scores = scores + seed_example * rng.standard_normal((S, 1, n)) + run_example * rng.standard_normal((S, F, n))
    scores += example * shared * rng.standard_normal(n)
    return Scores(scores.mean(2), scores - scores.mean(2, keepdims=True), lowest=-np.inf, draws=draws > 0)


def test_examples_alone() -> None:
    """(1.960 + 0.842) standard errors; with ten comparisons, 2.807 in place of 1.960."""
    of_examples = replace(NOTHING, example=0.25)
    assert detectable(Plan(3, 1, 10_000), [of_examples], 0.25) == pytest.approx(2.802 * 0.005, rel=2e-3)
    ten = Plan(3, 1, 10_000, comparisons=10)
    assert detectable(ten, [of_examples], 0.25) == pytest.approx((2.807 + 0.842) * 0.005, rel=2e-3)


@pytest.mark.parametrize("S", [2, 3, 5, 10])
def test_paired_seeds_alone_have_the_noncentral_t_distribution(S: int) -> None:
    found = detectable(Plan(S, 1, 10_000), [replace(NOTHING, seed=0.02**2)], 0.0)
    ratio = found / (0.02 / math.sqrt(S))
    assert stats.nct.sf(stats.t.isf(0.025, S - 1), S - 1, ratio) == pytest.approx(0.8, abs=0.003)


def test_independent_seeds_alone_are_nearly_the_two_sample_test() -> None:
    found = detectable(Plan(10, 1, 10_000), [replace(NOTHING, seed=0.02**2)] * 2, 0.0)
    ratio = found / (0.02 * math.sqrt(2 / 10))
    assert stats.nct.sf(stats.t.isf(0.025, 18), 18, ratio) == pytest.approx(0.8, abs=0.01)


def test_three_seeds_of_one_point_find_five_points() -> None:
    """The noncentral t distribution with 2 degrees of freedom: 5.65 / sqrt(3) = 3.26 standard deviations."""
    found = detectable(Plan(3, 1, 10**9), [replace(NOTHING, seed=0.01**2)], 0.0)
    ratio = stats.t.isf(0.025, 2)
    assert 0.0300 < found < 0.0345 and found > ratio * 0.01 / math.sqrt(3)


def test_one_seed_finds_nothing() -> None:
    assert detectable(Plan(1, 3, 100), [USUAL], USUAL.example) == math.inf


def test_more_of_anything_finds_smaller_differences() -> None:
    plan = Plan(3, 2, 400, comparisons=3)
    base = detectable(plan, [USUAL], USUAL.example)
    for better in (replace(plan, seeds=4), replace(plan, runs=4), replace(plan, examples=900)):
        assert detectable(better, [USUAL], USUAL.example) < base
    assert detectable(replace(plan, comparisons=12), [USUAL], USUAL.example) > base
    assert detectable(replace(plan, look=Look.at(3, (3, 5))), [USUAL], USUAL.example) > base


def test_components_are_recovered() -> None:
    rng = np.random.default_rng(0)
    found = Components.of([draw(rng, USUAL, 6, 4, 300) for _ in range(150)])
    assert vars(found) == pytest.approx(vars(USUAL), rel=0.25)


def test_draws_of_training_examples_are_a_component_of_their_own() -> None:
    rng, of = np.random.default_rng(0), replace(USUAL, draw=0.03**2)
    found = Components.of([draw(rng, of, 6, 4, 300) for _ in range(150)])
    assert vars(found) == pytest.approx(vars(of), rel=0.25)
    plan = Plan(5, 3, 300)
    assert detectable(plan, [of], of.example, of.draw) > 1.3 * detectable(plan, [USUAL], USUAL.example)


def test_one_fine_tuning_seed_has_no_component_of_runs() -> None:
    found = Components.of([draw(np.random.default_rng(0), USUAL, 3, 1, 50)])
    assert (found.run, found.run_example) == (0, 0)


def test_the_example_component_of_a_difference_leaves_out_what_both_share() -> None:
    rng = np.random.default_rng(0)
    both = 0.5 * rng.standard_normal(20_000)
    ours, theirs = (draw(rng, replace(USUAL, example=0.2**2), 3, 2, 20_000) for _ in range(2))
    ours, theirs = (replace(model, influence=model.influence + both) for model in (ours, theirs))
    assert shared_components(ours, theirs)[0] == pytest.approx(2 * 0.2**2, rel=0.1)


@pytest.mark.parametrize(
    ("plan", "of", "samples"),
    [
        (Plan(3, 2, 200), USUAL, 1),
        (Plan(3, 2, 200), replace(USUAL, seed=0.06**2), 1),
        (Plan(3, 1, 200, comparisons=6), USUAL, 2),
        (Plan(2, 2, 200), USUAL, 2),
        (Plan(5, 2, 200, look=Look.at(5, (3, 5))), USUAL, 1),
        (Plan(5, 3, 200), replace(USUAL, draw=0.03**2), 1),
    ],
    ids=[
        "3 paired seeds",
        "that vary much",
        "6 comparisons beside random",
        "2 seeds beside random",
        "second look",
        "draws",
    ],
)
def test_predictions_are_within_a_fifth_of_simulated_comparisons(plan: Plan, of: Components, samples: int) -> None:
    """A difference d is found if d + its estimate exceeds the half-width: 80 % of simulations need at most the MDE."""
    rng = np.random.default_rng(0)
    size = (plan.seeds, plan.runs, plan.examples)
    look = Look(plan.look.share / plan.comparisons)
    needed = []
    for _ in range(600):
        ours, nothing = draw(rng, of, *size), Scores(np.zeros(size[:2]), np.zeros(size), lowest=-np.inf, draws=True)
        theirs = replace(draw(rng, of, *size, shared=False), pretrained=False) if samples == 2 else nothing
        found = difference(ours, theirs, look)
        needed.append((found.high - found.low) / 2 - found.mean)
    assert detectable(plan, [of] * samples, of.example, of.draw) == pytest.approx(np.quantile(needed, 0.8), rel=0.2)


def test_paired_differences_lose_what_seeds_share() -> None:
    rng = np.random.default_rng(0)
    ours = draw(rng, USUAL, 3, 2, 50)
    same = paired(ours, replace(ours, values=ours.values - 0.1))
    assert max(vars(Components.of([same])).values()) < 1e-30 and same.mean == pytest.approx(0.1)


def test_the_fewest_seeds_for_a_difference() -> None:
    assert fewest(lambda seeds: 0.1 / seeds, 0.02, 10) == 5
    assert fewest(lambda seeds: 0.1 / seeds, 0.001, 10) is None
