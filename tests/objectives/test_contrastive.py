import numpy as np
import pytest

from nlp_ssl.objectives.contrastive import Contrastive
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.objectives.mlm import MaskedLM
from nlp_ssl.sampling.batch import check
from nlp_ssl.sampling.examples import TokenStream
from tests.worlds import clean_batch, random_documents, shard, vocabulary


def test_the_two_texts_of_a_pair_are_two_views() -> None:
    batch, noise = clean_batch([[[10, 11, 12], [13, 14]], [[20], [21, 22, 23]]], "pair", "encoder", 10)
    assert batch.ids.tolist() == [[2, 10, 11, 12, 3, 13, 14, 3, 0, 0], [2, 20, 3, 21, 22, 23, 3, 0, 0, 0]]
    out = Contrastive().corrupt(batch, vocabulary(), noise)
    check(out, vocabulary(), "contrastive")
    assert out.ids.tolist() == [[2, 10, 11, 12, 3, 0, 0, 0], [2, 20, 3, 0, 0, 0, 0, 0]]
    assert out.views["other"].ids.tolist() == [[2, 13, 14, 3, 0, 0, 0, 0], [2, 21, 22, 23, 3, 0, 0, 0]]
    assert (out.length.tolist(), out.views["other"].length.tolist()) == ([5, 3], [4, 5])
    assert out.sentence.tolist() == [[-1, 0, 0, 0, -1, -1, -1, -1], [-1, 0, -1, -1, -1, -1, -1, -1]]
    assert not out.token_type_ids.any()
    assert out.targets["contrastive"].valid.tolist() == [True, True]


def test_rows_are_grouped_by_their_document() -> None:
    text = TokenStream([shard([[[10], [11]], [[12]], [[13], [14], [15], [16]]])])
    pairs = Contrastive().examples(text, vocabulary(), "encoder", 5)
    assert (pairs.start.tolist(), pairs.example_class.tolist()) == ([0, 3, 5], [0, 2, 2])


def test_masks_of_a_mixture_are_in_the_first_view() -> None:
    mixture = Mixture(objectives={"contrastive": Contrastive(), "mlm": MaskedLM(mask_share=1.0, random_share=0.0)})
    batch, noise = clean_batch(random_documents(0, 60), "pair", "encoder", 40)
    out = mixture.corrupt(batch, vocabulary(), noise)
    check(out, vocabulary(), "mixture")
    assert ((out.targets["mlm"].labels != -100) == (out.ids == 4)).all()
    assert not (out.views["other"].ids == 4).any()
    with pytest.raises(ValueError, match=r"write \[objective.mlm\] last"):
        Mixture(objectives={"mlm": MaskedLM(), "contrastive": Contrastive()})


def test_no_token_is_lost_and_none_is_in_both_views() -> None:
    batch, noise = clean_batch(random_documents(1, 60), "pair", "encoder", 40)
    out = Contrastive().corrupt(batch, vocabulary(), noise)
    for row in range(len(batch.ids)):
        text = batch.ids[row, : batch.length[row]]
        both = [out.ids[row, : out.length[row]], out.views["other"].ids[row, : out.views["other"].length[row]]]
        joined = np.concatenate([ids[ids > 4] for ids in both])
        assert joined.tolist() == text[text > 4].tolist()
