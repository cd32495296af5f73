from typing import Any

import pytest

from nlp_ssl.comparison.learning_curves import learning_curves
from nlp_ssl.comparison.results_file import Setting


def test_a_learning_curve_goes_through_the_means_of_the_seeds() -> None:
    def score(seed: int, tokens: int | None, score: float) -> dict[str, Any]:
        of = {"model": "mlm", "role": "objective", "pretraining_seed": seed, "task": "sst2", "metric": "accuracy"}
        how = {"method": "probe", "train_examples": None, "variant": None}
        return {**of, **how, "tokens": tokens, "score": score}

    def run(seed: int, flops: float) -> dict[str, Any]:
        curve = [{"tokens": 100, "flops": flops / 4, "loss": 1.0}]
        return {"objective": "mlm", "seed": seed, "status": "done", "tokens": 200, "flops": flops, "curve": curve}

    results: dict[str, Any] = {
        "tasks": [{"name": "sst2", "metric": "accuracy"}],
        "runs": [run(1, 400.0), run(2, 800.0)],
        "scores": [score(1, 50, 0.5), score(1, None, 0.7), score(2, 50, 0.6), score(2, None, 0.9)],
    }
    results["scores"] += [score(1, 0, 0.5), score(3, 50, 0.1), score(3, None, 0.1)]  # seed 3 has no finished run
    (curve,) = learning_curves(results)[Setting("probe", None, None), "sst2"]
    assert curve.tokens == [50, 200]
    assert curve.flops == [75, 600]  # at half of the first 100 tokens: (50 + 100) / 2
    assert curve.mean == pytest.approx([0.55, 0.8])
    assert (curve.low, curve.high) == ([0.5, 0.7], [0.6, 0.9])


def test_a_curve_ends_where_the_shortest_seed_ends() -> None:
    """Seed 2 has no score of its final model yet."""
    common = {"model": "mlm", "role": "objective", "task": "sst2", "metric": "accuracy", "method": "probe"}
    points = [(1, 50, 0.5), (1, None, 0.7), (2, 50, 0.7)]
    scores = [
        {**common, "train_examples": None, "variant": None, "pretraining_seed": seed, "tokens": tokens, "score": score}
        for seed, tokens, score in points
    ]
    runs = [
        {"objective": "mlm", "seed": seed, "status": "done", "tokens": 200, "flops": 400.0, "curve": []}
        for seed in (1, 2)
    ]
    results = {"tasks": [{"name": "sst2", "metric": "accuracy"}], "runs": runs, "scores": scores}
    (curve,) = learning_curves(results)[Setting("probe", None, None), "sst2"]
    assert curve.tokens == [50]
    assert curve.mean == pytest.approx([0.6])
