"""Reference losses, worked out by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest

from nlp_ssl.corpus.ngrams import Ngrams
from nlp_ssl.sampling.references import reference_nats, reference_sums
from nlp_ssl.sampling.targets import RowTargets, SequenceTargets, TokenTargets, WindowTargets
from tests.worlds import shard, vocabulary

NO, SEP = -100, 3
TRAIN = [[[5, 6, 5, 6]], [[5, 6, 7, 5]]]
NGRAMS = Ngrams([shard(TRAIN)], np.bincount([5, 6, 5, 6, 5, 6, 7, 5], minlength=50))


def nats(targets) -> dict[str, float]:
    """The summed nats of each reference."""
    sums = reference_sums(targets, vocabulary(), NGRAMS)
    return {name: float(found[0]) for name, found in reference_nats(sums[None], 50).items()}


def test_masked_tokens_have_unigrams_alone() -> None:
    found = nats(TokenTargets(labels=np.array([[NO, 5, NO, 7, NO]])))
    # 5 occurs 4 times and 7 once; each of 50 tokens has one more, of 58 in all.
    assert found == pytest.approx({"uniform_loss": 2 * math.log(50), "unigram_loss": -math.log(5 / 58 * 2 / 58)})


def test_the_end_has_the_probability_that_it_has_among_the_targets() -> None:
    found = nats(TokenTargets(labels=np.array([[5, 7, SEP, NO]]), next_token=True))
    of_ends = -math.log(1 / 3 * 2 / 3 * 2 / 3)
    assert found["unigram_loss"] == pytest.approx(-math.log(5 / 58 * 2 / 58) + of_ends)
    assert found["uniform_loss"] == pytest.approx(3 * math.log(50))
    before = np.array([[0, 0], [0, 5]])
    assert found["trigram_loss"] == pytest.approx(NGRAMS.trigram_nats(np.array([5, 7]), before).sum() + of_ends)


def test_tokens_that_no_text_gives_are_counted_with_the_ends() -> None:
    """Of four targets two are no text, a sentinel and [SEP]: each of the four has the probability 1/2 of its kind."""
    reserved = replace(vocabulary(), sentinels=(48,), unused=(48,))
    targets = SequenceTargets(tokens=np.array([[48, 5, 7, SEP]]))
    (found,) = reference_nats(reference_sums(targets, reserved, NGRAMS)[None], 50)["unigram_loss"]
    assert found == pytest.approx(-math.log(5 / 58 * 2 / 58) + 4 * math.log(2))


def test_decoder_inputs_are_the_targets_shifted_right() -> None:
    tokens = np.array([[5, 6, 7], [6, NO, NO]])
    found = nats(SequenceTargets(tokens=tokens))
    expected = NGRAMS.trigram_nats(np.array([5, 6, 7, 6]), np.array([[0, 0], [0, 5], [5, 6], [0, 0]])).sum()
    assert found["trigram_loss"] == pytest.approx(expected)


def test_other_targets_have_no_reference_or_their_own() -> None:
    assert nats(RowTargets(labels=np.array([1, 0]))) == {}
    assert nats(TokenTargets(labels=np.array([[5, 6]]), originals=True)) == {}
    one = np.array([[1, 1]])
    windows = WindowTargets(labels=np.array([[5, 6]]), left=0 * one, right=one, negatives=one, frequency_loss=2.5)
    assert nats(windows) == {"unigram_loss": 5.0}
    assert nats(TokenTargets(labels=np.array([[NO]]))) == {}


def test_groups_share_the_probability_of_an_end() -> None:
    groups = [TokenTargets(labels=np.array([labels])) for labels in ([5, SEP], [5, 5])]
    sums = np.stack([reference_sums(group, vocabulary(), NGRAMS) for group in groups])
    one, other = reference_nats(sums, 50)["unigram_loss"]
    five = -math.log(5 / 58)
    assert one == pytest.approx(five - math.log(3 / 4) - math.log(1 / 4))
    assert other == pytest.approx(2 * (five - math.log(3 / 4)))
