from dataclasses import replace

import pytest

from nlp_ssl.recipe import Optimizer
from nlp_ssl.training.schedule import learning_rate

OPTIMIZER = Optimizer(learning_rate=1.0, warmup=0.2)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("linear", [0.5, 1.0, 1.0, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125]),
        ("cosine", [0.5, 1.0, 1.0, 0.962, 0.854, 0.691, 0.5, 0.309, 0.146, 0.038]),
        ("wsd", [0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5]),
        ("constant", [0.5, *[1.0] * 9]),
    ],
)
def test_by_hand(schedule, expected) -> None:
    optimizer = replace(OPTIMIZER, schedule=schedule)
    assert [round(learning_rate(step, 10, optimizer), 3) for step in range(10)] == expected


def test_no_warm_up_starts_at_the_top() -> None:
    assert learning_rate(0, 10, replace(OPTIMIZER, warmup=0.0)) == 1.0


def by_definition(step: int, steps: int) -> float:
    """A linear rise and fall with a warm-up of a tenth of the steps, at least one."""
    warm_up = max(1, round(0.1 * steps))
    return min((step + 1) / warm_up, (steps - step) / max(1, steps - warm_up))


@pytest.mark.parametrize("steps", [*range(1, 30), 100, 999])
def test_fine_tuning_has_a_warm_up_of_at_least_one_step(steps) -> None:
    schedule = Optimizer(learning_rate=1.0, warmup=max(0.1, 1 / steps))
    rates = [learning_rate(step, steps, schedule) for step in range(steps)]
    assert rates == [by_definition(step, steps) for step in range(steps)]
