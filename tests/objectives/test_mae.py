import numpy as np
import pytest

from nlp_ssl.objectives.mae import MaskedAutoencoder
from nlp_ssl.sampling.batch import check
from tests.worlds import clean_batch, random_documents, vocabulary

NO = -100


def test_by_hand(monkeypatch) -> None:
    """Half of five tokens is three, half of two is one: those with the lowest draws."""
    batch, noise = clean_batch([[[10, 11, 12], [13, 14]], [[20, 21]]], "segment", "encoder", 8)
    draws = np.array([[0, 0.9, 0.1, 0.2, 0.8, 0.3, 0, 0], [0, 0.6, 0.5, 0, 0, 0, 0, 0]], np.float32)
    monkeypatch.setattr(type(noise), "uniform", lambda self, stream, width: draws[:, :width])
    out = MaskedAutoencoder(mlm_probability=0.5).corrupt(batch, vocabulary(), noise)
    check(out, vocabulary(), "mae")
    assert out.ids.tolist() == [[2, 10, 4, 4, 13, 4, 3, 0], [2, 20, 4, 3, 0, 0, 0, 0]]
    assert out.targets["masked_lm"].labels.tolist() == [
        [NO, NO, 11, 12, NO, 14, NO, NO],
        [NO, NO, 21, NO, NO, NO, NO, NO],
    ]
    seen = out.views["visible"]
    assert seen.ids.tolist() == [[2, 10, 13, 3, 0, 0, 0, 0], [2, 20, 3, 0, 0, 0, 0, 0]]
    assert seen.positions.tolist() == [[0, 1, 4, 6, 0, 0, 0, 0], [0, 1, 3, 0, 0, 0, 0, 0]]
    assert seen.length.tolist() == [4, 3]


@pytest.mark.parametrize(("rate", "width"), [(0.15, 56), (0.5, 40), (0.75, 24)])
def test_the_view_is_narrower_at_higher_rates(rate: float, width: int) -> None:
    """62 tokens of text are 53, 31 and 15 (or 16) after masking, with [CLS] and [SEP] in a multiple of 8."""
    batch, noise = clean_batch([[[5 + i % 40 for i in range(62)]]] * 5, "segment", "encoder", 64)
    out = MaskedAutoencoder(mlm_probability=rate).corrupt(batch, vocabulary(), noise)
    assert out.views["visible"].ids.shape == (5, width)
    assert (out.views["visible"].length + out.targets["masked_lm"].count() // 5 == 64).all()


def test_gaps_and_visible_tokens_are_the_text() -> None:
    batch, noise = clean_batch(random_documents(0, 40), "segment", "encoder", 32)
    out = MaskedAutoencoder().corrupt(batch, vocabulary(), noise)
    labels, seen = out.targets["masked_lm"].labels, out.views["visible"]
    for row, length in enumerate(seen.length):
        text = np.where(labels[row] == NO, 0, labels[row])
        text[seen.positions[row, :length]] = seen.ids[row, :length]
        assert text.tolist() == batch.ids[row].tolist()
        assert (seen.ids[row, :length] != vocabulary().mask).all()


def test_impossible_options_are_refused() -> None:
    with pytest.raises(ValueError, match=r"mlm_probability is 1.0: it must lie between 0 and 1"):
        MaskedAutoencoder(mlm_probability=1.0)
    with pytest.raises(ValueError, match=r"decoder_layers is 0: it must lie in 1..100"):
        MaskedAutoencoder(decoder_layers=0)
