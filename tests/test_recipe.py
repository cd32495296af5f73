from dataclasses import replace

import pytest

from nlp_ssl import recipe_files
from nlp_ssl.recipe import Batching, Budget, Optimizer, differences


@pytest.mark.parametrize(
    ("text", "spelled", "amount"),
    [
        ("5m-tokens", "5M-tokens", 5e6),
        ("5M-tokens", "5M-tokens", 5e6),
        ("500K-steps", "500k-steps", 5e5),
        ("1.5t-flops", "1.5T-flops", 1.5e12),
        ("20-minutes", "20-minutes", 20),
        ("10M-TOKENS", "10M-tokens", 1e7),
        ("2E3-Steps", "2e3-steps", 2000),
        ("2e15-flops", "2e15-flops", 2e15),
        ("10M-Tokens", "10M-tokens", 1e7),
        ("10m tokens", "10M-tokens", 1e7),
        ("10M_token", "10M-tokens", 1e7),
        ("1.5B-tokens", "1.5G-tokens", 1.5e9),
        ("1-Epoch", "1-epochs", 1),
        ("0.5epochs", "0.5-epochs", 0.5),
        ("20min", "20-minutes", 20),
        ("20-mins", "20-minutes", 20),
    ],
)
def test_a_budget_has_several_spellings(text: str, spelled: str, amount: float) -> None:
    assert Budget.parse(text).amount == amount
    assert replace(recipe_files.load("mlm"), budget=text).budget == spelled


@pytest.mark.parametrize(
    ("text", "amount", "unit"),
    [
        ("10M-tokens", 10e6, "tokens"),
        ("500-steps", 500, "steps"),
        ("20-minutes", 20, "minutes"),
        ("2e15-flops", 2e15, "flops"),
        ("1.5G-tokens", 1.5e9, "tokens"),
        ("3-epochs", 3, "epochs"),
    ],
)
def test_budgets(text, amount, unit) -> None:
    assert Budget.parse(text) == Budget(amount, unit)


@pytest.mark.parametrize(
    "text", ["10M", "tokens", "0-steps", "-5-steps", "10X-tokens", "10M--tokens", "5-passes", "1m"]
)
def test_invalid_budgets_are_refused(text) -> None:
    with pytest.raises(ValueError, match='it must be like "10M-tokens"'):
        Budget.parse(text)


@pytest.mark.parametrize(
    ("largest", "larger", "message"),
    [
        ("1-steps", "0.9-steps", "it must be at least one step"),
        ("2.3k-steps", "1.5-steps", "budget is '1.5-steps': it must be a whole number of steps"),
        ("1.001k-steps", "1.0015k-steps", "it must be a whole number of steps"),
        ("1P-tokens", "1.1P-tokens", r"it must be at most 1e\+15 tokens"),
        ("1e5-epochs", "100001-epochs", r"it must be at most 1e\+05 epochs"),
        ("525600-minutes", "525601-minutes", r"it must be at most 5e\+05 minutes"),
    ],
)
def test_budgets_have_limits(largest: str, larger: str, message: str) -> None:
    Budget.parse(largest)
    with pytest.raises(ValueError, match=message):
        Budget.parse(larger)


def test_a_change_has_the_name_of_its_field() -> None:
    (change,) = differences(
        recipe_files.load("mlm"), replace(recipe_files.load("mlm"), optimizer=Optimizer(warmup=0.5))
    )
    assert (change.field, change.before, change.after) == ("optimizer.warmup", 0.06, 0.5)
    assert str(change) == "optimizer.warmup is 0.5, before 0.06"
    before_mlm = [
        c for c in differences(recipe_files.load("clm"), recipe_files.load("mlm")) if "mlm.masking" in c.field
    ]
    assert [(c.field, c.before, c.after) for c in before_mlm] == [("objective.mlm.masking", None, "token")]


def test_worker_processes_have_a_limit() -> None:
    assert Batching(workers=256).workers == 256
    with pytest.raises(ValueError, match=r"workers is 257: it must lie in 0\.\.256"):
        Batching(workers=257)
