"""Whether a loss is below a reference by more than noise, and bits per byte."""

import math

import numpy as np
import pytest

from nlp_ssl.corpus.ngrams import Ngrams
from nlp_ssl.runtime import make_accelerator
from nlp_ssl.training.loss_totals import LossTotals, below_zero, bits_per_byte
from tests.networks import mixture
from tests.worlds import shard, vocabulary


def test_bits_per_byte_charge_unknown_text_byte_by_byte() -> None:
    assert bits_per_byte(6 * math.log(2), 12, 0) == 0.5
    assert bits_per_byte(6 * math.log(2), 12, 3) == 2.5  # 6 bits and 3 * 8 bits for 12 bytes


@pytest.mark.parametrize(
    ("sums", "counts", "below"),
    [
        # Mean -0.5 with a standard error of 0.5: t is 4.3 for three batches.
        ([-10, -15, 0], [10, 10, 10], False),
        ([-5.0, -5.1, -4.9], [10, 10, 10], True),
        ([5.0, 5.1, 4.9], [10, 10, 10], False),
        ([0, 0, 0], [10, 10, 10], False),
        # The same loss per target in batches of different sizes varies not at all.
        ([-1, -2, -3], [1, 2, 3], True),
        # A batch without targets says nothing.
        ([-10, -15, 0, 0, 0, 0], [10, 10, 10, 0, 0, 0], False),
    ],
)
def test_below_zero_by_more_than_noise(sums: list[float], counts: list[float], below: bool) -> None:
    assert below_zero(np.array(sums, float), np.array(counts, float)) is below


def test_noise_is_called_learning_as_often_as_its_level_says() -> None:
    draw = np.random.default_rng(1)
    false = [below_zero(draw.standard_normal(20), np.full(20, 7.0)) for _ in range(4000)]
    assert np.mean(false) == pytest.approx(0.025, abs=0.008)


def test_a_loss_without_targets_has_no_metrics() -> None:
    words = vocabulary()
    ngrams = Ngrams([shard([[[5, 6, 7]]])], words.counts)
    totals = LossTotals(mixture("clm").losses["clm"], words, ngrams, 2, make_accelerator("fp32"))
    assert totals.metrics(4.0, 0.0) == {"validation_targets": 0.0}
