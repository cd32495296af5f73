"""Two views, as `contrastive` takes them."""

import numpy as np
import pytest

from nlp_ssl.objectives.contrastive import Contrastive
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.objectives.mlm import MaskedLM
from nlp_ssl.sampling.batch import check
from nlp_ssl.sampling.examples import TokenStream
from tests.worlds import clean_batch, random_documents, shard, vocabulary


def test_runs_anywhere_are_whole_sentences_of_each_part() -> None:
    batch, noise = clean_batch(random_documents(1, 60), "pair", "encoder", 40)
    out = Contrastive(views="anywhere").corrupt(batch, vocabulary(), noise)
    check(out, vocabulary(), "contrastive")
    shorter = 0
    for row, (ids, sentence) in enumerate(zip(batch.ids, batch.sentence, strict=True)):
        for part, view in enumerate((out, out.views["other"])):
            length, read = view.length[row], view.ids[row]
            numbers = np.unique(sentence[(sentence >= 0) & (batch.token_type_ids[row] == part)])
            runs = [(ids[(sentence >= a) & (sentence <= b)]).tolist() for a in numbers for b in numbers if a <= b]
            assert read[1 : length - 1].tolist() in runs
            assert (read[0], read[length - 1]) == (2, 3)
            shorter += len(numbers) > 1 and length - 2 < len(runs[len(numbers) - 1])
    assert shorter > 20


def test_length_and_place_of_runs_are_uniform() -> None:
    """Of a part with three sentences: length 3 in 1/3, each run of length 2 in 1/6, each single sentence in 1/9."""
    documents = [[[10], [11], [12], [13]]] * 6000
    batch, noise = clean_batch(documents, "pair", "encoder", 10)
    out = Contrastive(views="anywhere").corrupt(batch, vocabulary(), noise)
    three = np.count_nonzero(batch.token_type_ids, axis=1) == 2  # one token and [SEP] in B
    found, counts = np.unique(out.ids[three, 1:4], axis=0, return_counts=True)
    shares = {tuple(ids): n / three.sum() for ids, n in zip(found.tolist(), counts, strict=True)}
    expected = {(10, 11, 12): 1 / 3, (10, 11, 3): 1 / 6, (11, 12, 3): 1 / 6}
    expected |= {(n, 3, 0): 1 / 9 for n in (10, 11, 12)}
    assert shares == pytest.approx(expected, abs=0.04) and len(shares) == 6


@pytest.mark.parametrize("views", ["anywhere", "sentence"])
def test_views_do_not_depend_on_the_other_rows(views) -> None:
    batch, noise = clean_batch(random_documents(2, 30), "pair", "encoder", 40)
    whole = Contrastive(views=views).corrupt(batch, vocabulary(), noise)
    rows = np.arange(0, len(batch.ids), 3)
    part = Contrastive(views=views).corrupt(batch.take(rows), vocabulary(), noise.take(rows))
    for one, other in ((part, whole), (part.views["other"], whole.views["other"])):
        assert one.length.tolist() == other.length[rows].tolist()
        assert one.ids[:, : one.length.max()].tolist() == other.ids[rows, : one.length.max()].tolist()


def test_labels_move_with_their_tokens() -> None:
    """Masks come after views, in the sentences that are left."""
    mixture = Mixture(
        objectives={"contrastive": Contrastive(views="anywhere"), "mlm": MaskedLM(mask_share=1.0, random_share=0.0)}
    )
    batch, noise = clean_batch(random_documents(0, 60), "pair", "encoder", 40)
    out = mixture.corrupt(batch, vocabulary(), noise)
    check(out, vocabulary(), "mixture")
    assert ((out.targets["mlm"].labels != -100) == (out.ids == 4)).all()


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
    with pytest.raises(ValueError, match=r"write the table \[objective.mlm\] after \[objective.contrastive\]"):
        Mixture(objectives={"mlm": MaskedLM(), "contrastive": Contrastive()})


def test_no_token_is_lost_and_none_is_in_both_views() -> None:
    batch, noise = clean_batch(random_documents(1, 60), "pair", "encoder", 40)
    out = Contrastive().corrupt(batch, vocabulary(), noise)
    for row in range(len(batch.ids)):
        text = batch.ids[row, : batch.length[row]]
        both = [out.ids[row, : out.length[row]], out.views["other"].ids[row, : out.views["other"].length[row]]]
        joined = np.concatenate([ids[ids > 4] for ids in both])
        assert joined.tolist() == text[text > 4].tolist()
