"""Which examples are shown."""

import numpy as np
import pytest

from nlp_ssl.objectives.hybrid import Hybrid
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.objectives.mlm import MaskedLM
from nlp_ssl.objectives.nsp import NextSentencePrediction
from nlp_ssl.objectives.ul2 import UL2
from nlp_ssl.show.choice import choose, kind_of
from tests.worlds import MODES, clean_batch, random_documents, vocabulary


@pytest.mark.parametrize(
    ("kinds", "count", "places"),
    [
        ("aaab", 3, [0, 1, 3]),
        ("aaaa", 3, [0, 1, 2]),
        ("abcd", 2, [0, 1]),
        ("aabacba", 3, [0, 2, 4]),
        ("aabacba", 5, [0, 1, 2, 3, 4]),
        ("ab", 3, [0, 1]),
    ],
)
def test_the_first_of_each_kind_is_chosen(kinds, count, places) -> None:
    assert choose(kinds, count) == places


def test_examples_without_targets_are_no_kind() -> None:
    assert choose([None, "a", None, "b"], 2) == [1, 3]
    assert choose([None, "a", None, "b"], 3) == [0, 1, 3]


@pytest.mark.parametrize(
    ("objective", "kinds"),
    [
        (Hybrid(random_share=0), {(("clm", None),), (("mntp", None),)}),
        (UL2(), {(("ul2", None), mode) for mode in MODES.values()}),
        (NextSentencePrediction(), {(("nsp", 0),), (("nsp", 1),)}),
        (MaskedLM(random_share=0), {(("mlm", None),)}),
    ],
)
def test_kinds_of_examples(objective, kinds) -> None:
    mixture = Mixture(objectives={objective.name: objective})
    batch, noise = clean_batch(random_documents(0, 60, 37), mixture.example_type, mixture.body, 40)
    out = mixture.corrupt(batch, vocabulary(), noise)
    assert {kind_of(out, row, vocabulary()) for row in np.arange(len(out.ids))} == kinds
