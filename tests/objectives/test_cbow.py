"""CBOW: a target is a word."""

import numpy as np

from nlp_ssl.objectives.cbow import CBOW
from nlp_ssl.objectives.mixture import Mixture
from tests.objectives.test__windows import many


def test_a_target_is_a_word_that_has_words_around_it() -> None:
    (targets,) = many(Mixture(objectives={"cbow": CBOW()})).targets.values()
    assert not targets.counts_pairs
    assert targets.count() == np.count_nonzero(targets.left + targets.right) > 0
