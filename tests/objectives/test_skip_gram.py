"""Skip-gram: a target is a pair of words."""

from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.objectives.skip_gram import SkipGram
from tests.objectives.test__windows import many


def test_a_target_is_a_word_and_one_in_its_window() -> None:
    (targets,) = many(Mixture(objectives={"skip_gram": SkipGram()})).targets.values()
    assert targets.counts_pairs
    assert targets.count() == targets.left.sum() + targets.right.sum() > 0
