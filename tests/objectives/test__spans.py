import numpy as np
import pytest

from nlp_ssl.objectives._spans import draw_spans, to_decoder, with_lead
from nlp_ssl.sampling.batch import check
from nlp_ssl.sampling.noise import Noise
from tests.worlds import clean_batch, vocabulary

ROWS = 20_000


def drawn(tokens: int, ratio: float, mean: float, most: int = 100) -> tuple[np.ndarray, np.ndarray]:
    every = np.ones(ROWS)
    return draw_spans(tokens * every.astype(np.int64), ratio * every, mean * every, most, Noise(0, 0, np.arange(ROWS)))


def test_spans_go_to_the_decoder_behind_their_marks() -> None:
    batch, _ = clean_batch([[[10, 11, 12], [13, 14, 15]], [[20, 21]]], "segment", "seq2seq", 10)
    assert batch.ids.tolist() == [[2, 10, 11, 12, 13, 14, 15, 3, 0, 0], [2, 20, 21, 3, 0, 0, 0, 0, 0, 0]]
    begin, length = np.array([[1, 4], [0, 0]]), np.array([[2, 2], [0, 0]])
    out = to_decoder(batch, begin, length, np.array([[40, 41], [40, 41]]), vocabulary())
    check(out, vocabulary(), "spans")
    assert out.ids.tolist() == [[2, 10, 40, 13, 41, 3, 0, 0], [2, 20, 21, 3, 0, 0, 0, 0]]
    assert out.targets["seq2seq_lm"].tokens.tolist() == [
        [40, 11, 12, 41, 14, 15, 3, -100],
        [3, -100, -100, -100, -100, -100, -100, -100],
    ]
    assert out.length.tolist() == [6, 4]
    led = with_lead(out, np.array([37, 38]), vocabulary())
    assert led.ids.tolist() == [[2, 37, 10, 40, 13, 41, 3, 0], [2, 38, 20, 21, 3, 0, 0, 0]]
    assert led.sentence.tolist()[1] == [-1, -1, 0, 0, -1, -1, -1, -1] and led.length.tolist() == [7, 5]


def test_spans_without_a_mark_are_cut() -> None:
    batch, _ = clean_batch([[[10, 11, 12, 13]]], "segment", "seq2seq", 6)
    out = to_decoder(batch, np.array([[1]]), np.array([[3]]), np.array([[-100]]), vocabulary())
    assert out.ids[0, : out.length[0]].tolist() == [2, 10, 3]
    assert out.targets["seq2seq_lm"].tokens[0, :4].tolist() == [11, 12, 13, 3]


@pytest.mark.parametrize(
    ("tokens", "ratio", "mean"), [(126, 0.15, 3.0), (126, 0.5, 3.0), (126, 0.5, 8.0), (500, 0.15, 64.0)]
)
def test_rates_and_lengths_are_the_declared_ones(tokens, ratio, mean) -> None:
    _, length = drawn(tokens, ratio, mean)
    assert length.sum() / (ROWS * tokens) == pytest.approx(ratio, rel=0.01)
    assert length.sum() / np.count_nonzero(length) == pytest.approx(mean, rel=0.02)


@pytest.mark.parametrize("tokens", [1, 2, 5, 10, 19])
def test_short_rows_have_the_declared_rate_too(tokens) -> None:
    _, length = drawn(tokens, 0.15, 3.0)
    assert length.sum() / (ROWS * tokens) == pytest.approx(0.15, abs=0.006)


def test_spans_do_not_touch_and_stay_in_the_text() -> None:
    for tokens, ratio in ((20, 0.5), (3, 0.9), (50, 0.3)):
        begin, length = drawn(tokens, ratio, 1.5)
        used = length > 0
        assert (begin[used] >= 0).all() and ((begin + length)[used] <= tokens).all()
        next_to = used[:, 1:] & (begin[:, 1:] <= (begin + length)[:, :-1])
        assert not next_to.any()


def test_every_way_to_place_spans_is_equally_likely() -> None:
    """Two spans with four of six tokens: three pairs of lengths, each at three places that leave a token between."""
    every = np.ones(ROWS, np.int64)
    begin, length = draw_spans(6 * every, 4 / 6 * every, 2.0 * every, 2, Noise(0, 0, np.arange(ROWS)))
    both = np.concatenate([begin, length], axis=1)
    _, ways = np.unique(both[(length > 0).all(axis=1) & (length.sum(axis=1) == 4)], axis=0, return_counts=True)
    assert ways / ways.sum() == pytest.approx(np.full(9, 1 / 9), abs=0.012)


def test_no_more_spans_than_sentinels() -> None:
    _, length = drawn(126, 0.5, 3.0, most=5)
    assert (np.count_nonzero(length, axis=1) == 5).all()
    assert length.sum() / (ROWS * 126) == pytest.approx(0.5, rel=0.01)
