"""Rows for several values of a recipe's fields."""

import pytest

from nlp_ssl import recipe_files
from nlp_ssl.comparison.options import parse
from nlp_ssl.comparison.sweeps import Sweep, grid, read_sweeps
from nlp_ssl.errors import InputError

COMMON = ["--corpus", "c", "--task", "a", "--out", "o"]


def refusals(*words: str) -> list[str]:
    with pytest.raises(InputError) as error:
        parse([*words, *COMMON])
    return list(error.value.problems)


def test_values_are_those_of_a_recipe_file() -> None:
    assert Sweep.parse("optimizer.learning-rate = 1e-3, 2e-3") == Sweep("optimizer.learning_rate", (0.001, 0.002))
    assert Sweep.parse("model.size=tiny,mini") == Sweep("model.size", ("tiny", "mini"))
    assert Sweep.parse("objective.emoji.balanced=true,false").values == (True, False)
    assert Sweep.parse("batch.max_length=64").values == (64,)
    lists = 'model.config.layer_types=["full_attention", "sliding_attention"],["full_attention","full_attention"]'
    assert Sweep.parse(lists).values == (["full_attention", "sliding_attention"], ["full_attention"] * 2)


def test_a_list_is_a_value() -> None:
    rows = grid("mlm", recipe_files.load("mlm"), read_sweeps(["model.config.layer_types=[1, 2],[1]"]))
    assert {name: row.model.config["layer_types"] for name, row in rows.items()} == {
        "mlm [layer_types=[1, 2]]": [1, 2],
        "mlm [layer_types=[1]]": [1],
    }


def test_each_value_is_a_row() -> None:
    _, chosen = parse(["mlm", "clm", *COMMON, "--sweep", "optimizer.learning_rate=1e-3,2e-5", "--budget", "9-steps"])
    assert [(name, recipe.optimizer.learning_rate, recipe.budget) for name, recipe in chosen.items()] == [
        ("mlm [learning_rate=0.001]", 0.001, "9-steps"),
        ("mlm [learning_rate=2e-05]", 2e-5, "9-steps"),
        ("clm [learning_rate=0.001]", 0.001, "9-steps"),
        ("clm [learning_rate=2e-05]", 2e-5, "9-steps"),
    ]


def test_several_sweeps_are_a_grid() -> None:
    sweeps = read_sweeps(["objective.mlm.mlm_probability=0.15,0.3", "model.config.num_hidden_layers=1,3"])
    rows = grid("mlm", recipe_files.load("mlm"), sweeps)
    found = {name: (r.objective.mlm.mlm_probability, r.model.config) for name, r in rows.items()}
    assert found == {
        "mlm [mlm_probability=0.15, num_hidden_layers=1]": (0.15, {"num_hidden_layers": 1}),
        "mlm [mlm_probability=0.15, num_hidden_layers=3]": (0.15, {"num_hidden_layers": 3}),
        "mlm [mlm_probability=0.3, num_hidden_layers=1]": (0.3, {"num_hidden_layers": 1}),
        "mlm [mlm_probability=0.3, num_hidden_layers=3]": (0.3, {"num_hidden_layers": 3}),
    }


def test_fields_of_one_last_name_keep_the_others() -> None:
    recipe = recipe_files.load("bert")
    (row,) = grid("bert", recipe, read_sweeps(["objective.mlm.weight=2", "objective.nsp.weight=3"]))
    assert row == "bert [objective.mlm.weight=2, objective.nsp.weight=3]"


@pytest.mark.parametrize(
    ("sweep", "problem"),
    [
        ("optimizer.warmup", "--sweep optimizer.warmup: it must be like optimizer.learning_rate=1e-3,2e-3"),
        ("model.size=", "--sweep model.size=: it must be like optimizer.learning_rate=1e-3,2e-3"),
        ("model.size=tiny,", "--sweep model.size=tiny,: it must be like optimizer.learning_rate=1e-3,2e-3"),
        ("optimizer.warmu=1", "--sweep on mlm: unknown key optimizer.warmu: did you mean 'warmup'?"),
        ("seed.x=1", "--sweep on mlm: seed is {'x': 1}: it must be a whole number"),
        ("optimizer.warmup=x", "--sweep on mlm: optimizer.warmup is 'x': it must be a finite number"),
        ("optimizer.warmup=0.1,2", "--sweep on mlm: optimizer.warmup is 2.0: it must lie in 0..1"),
        ("mixing=x", "--sweep on mlm: mixing is 'x': it must be one of 'together', 'alternating', 'sequence'"),
        ("batch.tokens=2048,2048", "--sweep on mlm: mlm [tokens=2048] is given twice"),
        ("budget=1-steps", "--sweep budget: all rows have one budget"),
        ("seed=1,2", "--sweep seed: use --seeds"),
        ("batch.workers=1", "--sweep batch.workers: results do not depend on it"),
    ],
)  # fmt: skip
def test_wrong_sweeps_are_refused(sweep: str, problem: str) -> None:
    assert refusals("mlm", "--sweep", sweep) == [problem]


def test_what_is_given_twice_or_missing_in_one_recipe_is_refused() -> None:
    rate = "optimizer.learning_rate=1e-3"
    assert refusals("mlm", "--sweep", rate, "--sweep", "optimizer.learning_rate=2e-3") == [
        "--sweep optimizer.learning_rate is given twice: list all values in one"
    ]
    assert refusals("mlm", "--sweep", rate, "--optimizer.learning-rate", "3e-3") == [
        "--sweep optimizer.learning_rate and --optimizer.learning-rate exclude each other: leave one out"
    ]
    assert refusals("mlm", "--sweep", rate, "--tune") == [
        "--tune chooses the learning rate: leave it out, or sweep another field"
    ]
    assert refusals("mlm", "clm", "--sweep", "objective.mlm.mlm_probability=0.3") == [
        "--sweep on clm: unknown key objective.mlm: did you mean 'clm'?"
    ]
