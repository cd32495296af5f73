"""The minimum detectable effects that --dry-run prints, from assumptions and from an earlier comparison."""

from dataclasses import replace
from pathlib import Path

import pytest

from nlp_ssl.comparison.power import Expected, Row, advice, brief, expect, power_table
from nlp_ssl.comparison.results_file import Setting
from nlp_ssl.comparison.variation import Variation
from nlp_ssl.statistics.power import Components, Plan, detectable
from nlp_ssl.statistics.sequential import Look
from tests.comparison.plans import labelled_task, small_plan

ROOT = Path(__file__).parents[2]


def row(seeds: int = 3, looks: tuple[int, ...] = (3,), seed: float = 0.02, examples: int = 1000) -> Row:
    alone = Components(seed**2, 0.0, 0.0, 0.0, 0.1)
    pair = Components(2 * seed**2, 0.0, 0.1, 0.0, 0.2)
    variation = Variation(alone, alone, 0.1, 0.0, pair, assumed=True)
    plan = Plan(seeds, 2, examples, comparisons=3, look=Look.at(seeds, looks))
    return Row(Setting("finetune", None, None), "sst2", examples, plan, main=True, pairs=3, variation=variation)


def expected(*rows: Row, looks: tuple[int, ...] = (3,), falling: dict[str, float] | None = None) -> Expected:
    return Expected(looks, list(rows), falling or {}, None)


def test_each_look_has_its_line() -> None:
    lines = power_table(expected(row(looks=(3, 5, 10)), looks=(3, 5, 10))).splitlines()
    cells = [line.split() for line in lines if line.startswith("finetune, all labels")]
    assert [line[3:6] for line in cells] == [["sst2", "1,000", "3"], ["sst2", "1,000", "10"]]
    first, last = (float(line[6]) for line in cells)
    assert last < first and all(line[-1] == "assumed" for line in cells)


def test_one_seed_detects_nothing() -> None:
    assert "none" in power_table(expected(row(1, (1,)), looks=(1,)))
    said = advice(expected(row(1, (1,)), looks=(1,)), 1200, 2)
    assert said.startswith("Best use of the next hour: 3 more seeds, for a mean MDE vs random init of ")
    assert "(now none; with twice the scored examples, none)" in said


def test_a_difference_that_no_score_can_have_is_not_named_to_a_decimal() -> None:
    vague = row(seeds=2, looks=(2,), seed=1.0)
    assert "the mean MDE vs random init is over 100 points (" in brief(expected(vague, looks=(2,)))


def test_an_hour_goes_where_the_noise_is() -> None:
    assert advice(expected(row(seed=0.03)), 1800, 2).startswith("Best use of the next hour: 2 more seeds,")
    few = row(seed=0.0, examples=100)
    assert advice(expected(few), 1800, 2).startswith("Best use of the next hour: twice the scored examples,")
    assert "1 more seed (2h 00m)" in advice(expected(row(seed=0.03)), 7200, 2)


def test_more_tokens_are_judged_by_the_loss() -> None:
    assert "Whether more tokens would help is unknown" in advice(expected(row()), 60, 2)
    assert "the validation loss of clm still fell by 4 %" in advice(
        expected(row(), falling={"mlm": 0.02, "clm": 0.04}), 60, 2
    )
    assert "More tokens promise little" in advice(expected(row(), falling={"mlm": 0.001}), 60, 2)


def test_the_seeds_that_a_difference_needs() -> None:
    large = row(examples=10**6)
    said = advice(expected(large), 60, 5)
    (seeds,) = [int(part.split()[0]) for part in said.split(". ") if "would find 5 points" in part]
    # Two samples of a standard deviation of 2 points, three comparisons.
    assert large.against_random(seeds=seeds) <= 5 < large.against_random(seeds=seeds - 1)
    assert "Not even 50 seeds would find 0.1 points" in advice(expected(row()), 60, 0.1)


def test_clusters_are_the_examples_of_a_plan(tmp_path: Path) -> None:
    """Two examples of a cluster are assumed independent: the MDE is that of 24, but for quantiles of t."""
    task = labelled_task(tmp_path / "data")
    rows = [
        expect(small_plan(tmp_path, "mlm", "clm", tasks=[task], seeds=3, looks=(3,))).rows[0]
        for task in (task, replace(task, independent={"train": 40, "dev": 12}))
    ]
    assert [(row.scored, row.plan.examples) for row in rows] == [(24, 24), (24, 12)]
    for way in (Row.against_random, Row.between):
        examples, clusters = map(way, rows)
        assert clusters == pytest.approx(examples, rel=0.05)


def test_chance_does_not_vary(tmp_path: Path) -> None:
    """One sample of seeds, of components .0002 and .11 per example, and .14 per example that no seed changes."""
    task = replace(labelled_task(tmp_path / "data"), labels=("no", "yes"))
    methods = {"methods": ("few-shot",), "shots": (4,), "tasks": [task]}
    (found,) = expect(small_plan(tmp_path, "clm", "mlm", seeds=3, looks=(3,), **methods)).rows
    alone = Components(0.0001, 0.0001, 0.0, 0.0, 0.11)
    assert found.variation.random is None and vars(found.variation.ours) == pytest.approx(vars(alone))
    assert found.against_random() == pytest.approx(100 * detectable(found.plan, [alone], 0.14))
    two = replace(found, variation=replace(found.variation, random=alone))
    assert found.against_random() < two.against_random()
    assert "few-shot is compared with chance." in power_table(expected(found))


def test_retrieval_counts_in_the_correction(tmp_path: Path) -> None:
    task = labelled_task(tmp_path / "data")
    plans = [small_plan(tmp_path, "mlm", "clm", tasks=[task], retrieval=retrieval) for retrieval in (False, True)]
    rows = [expect(plan).rows[0] for plan in plans]
    # Each of two objectives against its random initialisation, and one with the other; retrieval has as many.
    assert [(row.plan.comparisons, row.pairs) for row in rows] == [(2, 1), (4, 2)]
