import numpy as np

from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.objectives.mlm import MaskedLM
from nlp_ssl.objectives.rtd import ReplacedTokenDetection
from nlp_ssl.sampling.batch import check
from tests.worlds import clean_batch, random_documents, vocabulary


def test_every_token_is_a_target_and_masks_are_in_a_view_of_their_own() -> None:
    batch, noise = clean_batch([[[10, 11, 12], [13, 14]], [[20, 21]]], "segment", "encoder", 8)
    out = ReplacedTokenDetection(mlm_probability=0.3).corrupt(batch, vocabulary(), noise)
    check(out, vocabulary(), "rtd")
    assert out.ids.tolist() == [[2, 10, 11, 12, 13, 14, 3, 0], [2, 20, 21, 3, 0, 0, 0, 0]]
    originals = [[2, 10, 11, 12, 13, 14, 3, -100], [2, 20, 21, 3, -100, -100, -100, -100]]
    assert out.targets["detection"].labels.tolist() == originals
    masked = MaskedLM(mlm_probability=0.3, mask_share=1.0, random_share=0.0).corrupt(batch, vocabulary(), noise)
    assert np.array_equal(out.views["masked"].ids, masked.ids)
    assert np.array_equal(out.targets["generator"].labels, masked.targets["masked_lm"].labels)
    assert ((out.views["masked"].ids == 4) == (out.targets["generator"].labels != -100)).all()


def test_detection_weighs_fifty_times_the_generator() -> None:
    losses = Mixture(objectives={"rtd": ReplacedTokenDetection(weight=2.0)}).losses
    assert {name: loss.weight for name, loss in losses.items()} == {"generator": 2.0, "detection": 100.0}


def test_draws_belong_to_the_example() -> None:
    batch, noise = clean_batch(random_documents(0, 40), "segment", "encoder", 24)
    whole = ReplacedTokenDetection().corrupt(batch, vocabulary(), noise)
    rows = np.array([5, 2, 9])
    part = ReplacedTokenDetection().corrupt(batch.take(rows), vocabulary(), noise.take(rows))
    draws = whole.targets["generator"].noise["draws"]
    assert np.array_equal(part.targets["generator"].noise["draws"], draws[rows])
    assert draws.min() >= 0 and draws.max() < 1
