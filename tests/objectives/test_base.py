"""Properties of every objective."""

import dataclasses

import numpy as np
import pytest

from nlp_ssl import registry
from nlp_ssl.errors import InputError
from nlp_ssl.objectives import all_objectives
from nlp_ssl.objectives.base import Objective, require
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.sampling.batch import View, check
from nlp_ssl.sampling.targets import TokenTargets
from tests.worlds import clean_batch, random_documents, vocabulary

OBJECTIVES = all_objectives()


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_objective_declares_its_attributes(name: str) -> None:
    objective = OBJECTIVES[name]()
    assert objective.name == name and objective.paper and objective.needs
    assert set(objective.heads.values()) <= set(registry.names("heads"))
    assert set(objective.loss_weights()) == set(objective.heads)
    with pytest.raises(dataclasses.FrozenInstanceError):
        objective.weight = 2.0


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
def test_an_unknown_example_type_or_body_is_refused_at_class_creation(field, value) -> None:
    with pytest.raises(InputError, match=f"objective Mistaken: {field} is '{value}': it must be "):
        type("Mistaken", (Objective,), {field: value})


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (lambda batch: None, "objective mlm: corrupt returned a NoneType, not a batch"),
        (lambda batch: batch, "objective mlm: corrupt returned a batch without the targets masked_lm"),
    ],
)
def test_the_result_of_corrupt_is_checked(returned, message, monkeypatch) -> None:
    mlm = OBJECTIVES["mlm"]
    monkeypatch.setattr(mlm, "corrupt", lambda self, batch, vocabulary, noise: returned(batch))
    clean, noise = clean_batch(random_documents(0, 40), "segment", "encoder", 40)
    with pytest.raises(InputError, match=message):
        Mixture(objectives={"mlm": mlm()}).corrupt(clean, vocabulary(), noise)


def write_ids(batch, vocabulary, noise) -> None:
    batch.ids[0, 1] = vocabulary.mask


def add_to_ids(batch, vocabulary, noise) -> None:
    ids = batch.ids
    ids += 1


def sort_a_view(batch, vocabulary, noise) -> None:
    batch.ids[:, 1:].sort(axis=1)


def shuffle_types(batch, vocabulary, noise) -> None:
    np.random.default_rng(0).shuffle(batch.token_type_ids)


def fill_earlier_labels(batch, vocabulary, noise) -> None:
    batch.targets["earlier"].labels.fill(-100)


def write_a_view(batch, vocabulary, noise) -> None:
    np.copyto(batch.views["twin"].length, 1)


def write_noise_of_targets(batch, vocabulary, noise) -> None:
    np.negative(batch.targets["earlier"].noise["draw"], out=batch.targets["earlier"].noise["draw"])


def write_vocabulary(batch, vocabulary, noise) -> None:
    vocabulary.counts[3] = 0


@pytest.mark.parametrize(
    "write",
    [
        write_ids,
        add_to_ids,
        sort_a_view,
        shuffle_types,
        fill_earlier_labels,
        write_a_view,
        write_noise_of_targets,
        write_vocabulary,
    ],
)
def test_writing_to_what_was_given_is_refused(write, monkeypatch) -> None:
    mlm = OBJECTIVES["mlm"]
    monkeypatch.setattr(mlm, "corrupt", lambda self, *given: write(*given))
    clean, noise = clean_batch(random_documents(0, 40), "segment", "encoder", 40)
    labels = np.full_like(clean.ids, 7)
    earlier = TokenTargets(labels=labels, noise={"draw": np.zeros(labels.shape, np.float32)})
    twin = View(ids=clean.ids.copy(), length=clean.length.copy())
    batch = dataclasses.replace(clean.with_target("earlier", earlier), views={"twin": twin})
    with pytest.raises(
        InputError, match="objective mlm: corrupt writes to an array that it was given; copy the array first"
    ):
        Mixture(objectives={"mlm": mlm()}).corrupt(batch, vocabulary(), noise)


def test_other_errors_of_an_objective_stay_what_they_are(monkeypatch) -> None:
    def fail(*given: object) -> None:
        raise ValueError("operands could not be broadcast")

    mlm = OBJECTIVES["mlm"]
    monkeypatch.setattr(mlm, "corrupt", fail)
    clean, noise = clean_batch(random_documents(0, 40), "segment", "encoder", 40)
    with pytest.raises(ValueError, match="could not be broadcast"):
        Mixture(objectives={"mlm": mlm()}).corrupt(clean, vocabulary(), noise)
