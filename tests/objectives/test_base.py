"""What every objective promises."""

import dataclasses

import numpy as np
import pytest

from nlp_ssl import registry
from nlp_ssl.errors import InputError
from nlp_ssl.objectives import all_objectives
from nlp_ssl.objectives.base import Objective, require
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.sampling.batch import check
from tests.worlds import clean_batch, random_documents, vocabulary

OBJECTIVES = all_objectives()


@pytest.mark.parametrize("name", OBJECTIVES)
def test_an_objective_says_what_it_is(name: str) -> None:
    objective = OBJECTIVES[name]
    assert objective.name == name and objective.paper and objective.needs
    assert set(objective.heads.values()) <= set(registry.names("heads"))
    assert set(objective().loss_weights()) == set(objective.heads)
    with pytest.raises(dataclasses.FrozenInstanceError):
        objective().weight = 2.0


@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_weight_is_above_zero(name: str) -> None:
    with pytest.raises(ValueError, match="weight is 0: it must be above 0"):
        OBJECTIVES[name](weight=0)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_corrupting_is_pure_and_does_not_depend_on_the_other_rows(name: str) -> None:
    objective = OBJECTIVES[name]()
    clean, noise = clean_batch(random_documents(0, 40), objective.example_type, objective.body, 40)
    before = {key: value.copy() for key, value in vars(clean).items() if isinstance(value, np.ndarray)}
    whole = objective.corrupt(clean, vocabulary(), noise)
    assert all(np.array_equal(getattr(clean, key), value) for key, value in before.items())
    check(whole, vocabulary(), name)
    assert set(whole.targets) == set(objective.heads)
    rows = np.array([4, 1])
    part = objective.corrupt(clean.take(rows), vocabulary(), noise.take(rows))
    for at, row in enumerate(rows):
        length = int(whole.length[row])
        assert part.length[at] == length
        assert np.array_equal(part.ids[at, :length], whole.ids[row, :length])
        for target, of_part in part.targets.items():
            alone, among = of_part.take(np.array([at])), whole.targets[target].take(np.array([row]))
            assert alone.count() == among.count()


def test_require_names_field_value_and_rule() -> None:
    require(True, "width", 3, "it must be even")
    with pytest.raises(ValueError, match=r"^width is 3: it must be even$"):
        require(False, "width", 3, "it must be even")


@pytest.mark.parametrize(("field", "value"), [("example_type", "segmnt"), ("body", "encodr")])
def test_a_type_or_body_that_there_is_not_is_refused_when_the_class_is_made(field, value) -> None:
    with pytest.raises(InputError, match=f"objective Mistaken: {field} is '{value}': it must be "):
        type("Mistaken", (Objective,), {field: value})


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (lambda batch: None, "objective mlm: corrupt returned a NoneType, not a batch"),
        (lambda batch: batch, "objective mlm: corrupt returned a batch without the targets masked_lm"),
    ],
)
def test_what_corrupt_returns_is_checked(returned, message, monkeypatch) -> None:
    mlm = OBJECTIVES["mlm"]
    monkeypatch.setattr(mlm, "corrupt", lambda self, batch, vocabulary, noise: returned(batch))
    clean, noise = clean_batch(random_documents(0, 40), "segment", "encoder", 40)
    with pytest.raises(InputError, match=message):
        Mixture(objectives={"mlm": mlm()}).corrupt(clean, vocabulary(), noise)
