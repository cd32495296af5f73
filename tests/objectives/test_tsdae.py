import numpy as np
import pytest

from nlp_ssl.objectives.tsdae import TSDAE
from nlp_ssl.sampling.batch import check
from tests.worlds import clean_batch, random_documents, vocabulary

NO = -100


def drawing(monkeypatch, noise, draws: list[list[float]]) -> None:
    """Make the draws of a noise those of a table."""
    monkeypatch.setattr(type(noise), "uniform", lambda self, stream, width: np.array(draws, np.float32)[:, :width])


def test_by_hand(monkeypatch) -> None:
    """Words are 10 | 11 12 | 13 | 14 and 20 21: w12, w15, … continue a word."""
    batch, noise = clean_batch([[[10, 11, 12], [13, 14]], [[20, 21]]], "segment", "encoder", 8)
    drawing(monkeypatch, noise, [[0.7, 0.5, 0.6, 0.1, 0, 0, 0, 0], [0.2, 0.9, 0, 0, 0, 0, 0, 0]])
    out = TSDAE(deletion=0.6).corrupt(batch, vocabulary(), noise)
    check(out, vocabulary(), "tsdae")
    # 11 12 and 14 are deleted; the second text has one word, which remains although its draw is below 0.6.
    assert out.ids.tolist() == [[2, 10, 13, 3, 0, 0, 0, 0], [2, 20, 21, 3, 0, 0, 0, 0]]
    assert out.length.tolist() == [4, 4]
    assert out.sentence.tolist() == [[-1, 0, 1, -1, -1, -1, -1, -1], [-1, 0, 0, -1, -1, -1, -1, -1]]
    assert out.targets["reconstruction"].tokens.tolist() == [
        [10, 11, 12, 13, 14, 3, NO],
        [20, 21, 3, NO, NO, NO, NO],
    ]
    assert out.text_tokens.tolist() == [5, 2]


def test_the_word_with_the_highest_draw_remains(monkeypatch) -> None:
    batch, noise = clean_batch([[[10, 11, 12, 13]]], "segment", "encoder", 6)
    drawing(monkeypatch, noise, [[0.1, 0.3, 0.2, 0, 0, 0]])
    assert TSDAE(deletion=0.6).corrupt(batch, vocabulary(), noise).ids.tolist() == [[2, 11, 12, 3, 0, 0]]


@pytest.mark.parametrize("deletion", [0.3, 0.6])
def test_the_share_of_deleted_words(deletion: float) -> None:
    batch, noise = clean_batch(random_documents(0, 300), "segment", "encoder", 64)
    out = TSDAE(deletion=deletion).corrupt(batch, vocabulary(), noise)
    assert (out.length > 2).all()
    whole = batch.length > 40
    words = [np.count_nonzero(vocabulary().word_starts[ids[ids > 4]]) for ids in (out.ids[whole], batch.ids[whole])]
    assert words[0] / words[1] == pytest.approx(1 - deletion, abs=0.02)


def test_remaining_tokens_keep_their_order() -> None:
    """Each text without its deleted words is a subsequence of it."""
    batch, noise = clean_batch(random_documents(0, 40), "segment", "encoder", 32)
    out = TSDAE().corrupt(batch, vocabulary(), noise)
    for row in range(len(batch.ids)):
        rest = iter(batch.ids[row, : batch.length[row]].tolist())
        assert all(token in rest for token in out.ids[row, : out.length[row]].tolist())


def test_impossible_options_are_refused() -> None:
    with pytest.raises(ValueError, match=r"deletion is 1.0: it must lie between 0 and 1"):
        TSDAE(deletion=1.0)
    with pytest.raises(ValueError, match=r"decoder_layers is 0: it must lie in 1..100"):
        TSDAE(decoder_layers=0)
