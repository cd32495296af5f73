import numpy as np
import pytest

from nlp_ssl.objectives.mlm import MaskedLM
from nlp_ssl.objectives.retromae import RetroMAE
from nlp_ssl.sampling.batch import check
from tests.worlds import clean_batch, random_documents, vocabulary

NO = -100


def test_by_hand(monkeypatch) -> None:
    """The second text has no draw below one half: its lowest is masked. Special tokens never are."""
    batch, noise = clean_batch([[[10, 11, 12], [13, 14]], [[20, 21]]], "segment", "encoder", 8)
    draws = np.array([[0, 0.9, 0.1, 0.2, 0.8, 0.3, 0, 0], [0, 0.7, 0.6, 0, 0, 0, 0, 0]], np.float32)
    monkeypatch.setattr(type(noise), "uniform", lambda self, stream, width: draws[:, :width])
    out = RetroMAE(mlm_probability=0.15, decoder_probability=0.5).corrupt(batch, vocabulary(), noise)
    check(out, vocabulary(), "retromae")
    assert out.ids.tolist() == [[2, 10, 4, 12, 13, 14, 3, 0], [2, 20, 4, 3, 0, 0, 0, 0]]
    assert out.targets["masked_lm"].labels.tolist() == [
        [NO, NO, 11, NO, NO, NO, NO, NO],
        [NO, NO, 21, NO, NO, NO, NO, NO],
    ]
    assert out.views["decoder"].ids.tolist() == [[2, 10, 4, 4, 13, 4, 3, 0], [2, 20, 4, 3, 0, 0, 0, 0]]
    assert out.targets["decoder"].labels.tolist() == [
        [NO, NO, 11, 12, NO, 14, NO, NO],
        [NO, NO, 21, NO, NO, NO, NO, NO],
    ]


def test_rates_and_independence_of_the_two_maskings() -> None:
    batch, noise = clean_batch(random_documents(0, 400), "segment", "encoder", 64)
    out = RetroMAE().corrupt(batch, vocabulary(), noise)
    long = batch.length > 30
    text = batch.sentence[long] >= 0
    encoder, decoder = (out.targets[name].labels[long] != NO for name in ("masked_lm", "decoder"))
    assert encoder[text].mean() == pytest.approx(0.3, abs=0.01)
    assert decoder[text].mean() == pytest.approx(0.5, abs=0.01)
    assert (encoder & decoder)[text].mean() == pytest.approx(0.15, abs=0.01)


def test_the_encoder_reads_what_a_masked_language_model_reads() -> None:
    batch, noise = clean_batch(random_documents(0, 40), "segment", "encoder", 32)
    out = RetroMAE(mlm_probability=0.2).corrupt(batch, vocabulary(), noise)
    masking = MaskedLM(mlm_probability=0.2, mask_share=1.0, random_share=0.0)
    assert np.array_equal(out.ids, masking.corrupt(batch, vocabulary(), noise).ids)


def test_impossible_options_are_refused() -> None:
    with pytest.raises(ValueError, match=r"decoder_probability is 0.0: it must lie between 0 and 1"):
        RetroMAE(decoder_probability=0.0)
    with pytest.raises(ValueError, match=r"decoder_probability is 0.2: it must be at least mlm_probability \(0.3\)"):
        RetroMAE(decoder_probability=0.2)
    assert RetroMAE(mlm_probability=0.5).decoder_probability == 0.5
