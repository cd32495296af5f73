import numpy as np
import pytest

from nlp_ssl.objectives.base import Objective
from nlp_ssl.objectives.clm import CausalLM
from nlp_ssl.objectives.hybrid import Hybrid
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.objectives.mlm import MaskedLM
from nlp_ssl.objectives.sop import SentenceOrderPrediction
from nlp_ssl.sampling.batch import Batch, check
from nlp_ssl.sampling.batches import Batches
from nlp_ssl.sampling.examples import TokenStream
from nlp_ssl.sampling.noise import Noise
from tests.objectives.test_mlm import clean
from tests.worlds import clean_batch, random_documents, shard, vocabulary

NO = -100


def one_batch(objective: Objective) -> Batch:
    """All rows of an objective on the same text that have the same padded length as its first ones."""
    text = TokenStream([shard(random_documents(0, 60))])
    mixture = Mixture(objectives={objective.name: objective})
    examples = mixture.examples(text, vocabulary(), 32)
    (batch,) = Batches(text, examples, vocabulary(), mixture, seed=0, tokens=10**6)[0]
    return batch


def rows_with(batch: Batch, name: str) -> dict[tuple[int, ...], list[int]]:
    """The rows that have a target: their tokens, and the labels."""
    there = (batch.targets[name].labels != NO).any(axis=1)
    rows = zip(batch.ids[there], batch.targets[name].labels[there], batch.length[there], strict=True)
    return {tuple(ids[:n].tolist()): labels[:n].tolist() for ids, labels, n in rows}


def test_by_hand(monkeypatch) -> None:
    """Two masked rows, then a causal row that ends its document and one that does not."""
    batch = clean([[2, 10, 11, 12, 13, 3], [2, 20, 21, 22, 3], [2, 30, 31, 32, 3], [2, 33, 34, 35, 36, 3]])
    batch.example_class[:] = [0, 1, 1, 0]
    noise = Noise(0, 0, np.arange(4))
    draws = {
        "way": np.array([[0.9], [0.5], [0.4], [0.1]]),
        "mask": np.array([[0, 0.1, 0.9, 0.9, 0.1, 0], [0, 0.9, 0.1, 0.9, 0, 0]]),  # of the masked rows
    }
    monkeypatch.setattr(Noise, "uniform", lambda self, stream, width: draws[stream][:, :width])
    out = Hybrid(mask_share=1.0, random_share=0.0).corrupt(batch, vocabulary(), noise)
    check(out, vocabulary(), "hybrid")
    assert out.ids.tolist() == [
        [2, 4, 11, 12, 4, 3],
        [2, 20, 4, 22, 3, 0],
        [2, 30, 31, 32, 3, 0],
        [2, 33, 34, 35, 36, 0],
    ]
    assert out.length.tolist() == [6, 5, 5, 5]
    assert out.targets["mntp"].labels.tolist() == [
        [10, NO, NO, 13, NO, NO],
        [NO, 21, NO, NO, NO, NO],
        [NO] * 6,
        [NO] * 6,
    ]
    assert out.targets["clm"].labels.tolist() == [
        [NO] * 6,
        [NO] * 6,
        [30, 31, 32, 3, NO, NO],
        [33, 34, 35, 36, NO, NO],
    ]
    assert (out.targets["clm"].next_token, out.targets["mntp"].next_token) == (True, False)


@pytest.mark.parametrize("share", [0.0625, 0.5, 0.9])
def test_a_row_is_masked_or_causal_with_its_share_and_anew_in_each_epoch(share: float) -> None:
    batch, _ = clean_batch(random_documents(0, 800), "segment", "encoder", 24)
    causal = []
    for epoch in (0, 1):
        noise = Noise(0, epoch, np.arange(len(batch.ids)))
        out = Hybrid(causal_share=share).corrupt(batch, vocabulary(), noise)
        masked, read = ((out.targets[name].labels != NO).any(axis=1) for name in ("mntp", "clm"))
        assert (masked ^ read).all()
        error = (share * (1 - share) / len(read)) ** 0.5
        assert read.mean() == pytest.approx(share, abs=4 * error)
        causal.append(read)
    assert not np.array_equal(*causal)


def test_masked_rows_are_those_of_mlm_with_the_labels_one_to_the_left() -> None:
    options = {"masking": "n_gram", "mlm_probability": 0.3}
    ours, theirs = rows_with(one_batch(Hybrid(**options)), "mntp"), rows_with(one_batch(MaskedLM(**options)), "mlm")
    assert 5 < len(ours) < len(theirs)
    assert all(labels == [*theirs[ids][1:], NO] for ids, labels in ours.items())


def test_causal_rows_are_those_of_clm() -> None:
    """An example of clm may be a token longer, as it rarely has [SEP]: those that both have are compared."""
    ours, theirs = rows_with(one_batch(Hybrid(causal_share=0.9)), "clm"), rows_with(one_batch(CausalLM()), "clm")
    shared = ours.keys() & theirs.keys()
    assert len(shared) > 5 and all(ours[ids] == theirs[ids] for ids in shared)
    assert {ids[-1] == 3 for ids in shared} == {True, False}  # some end a document, others do not


def test_losses_are_weighted_with_the_share_of_their_examples() -> None:
    mixture = Mixture(objectives={"hybrid": Hybrid(causal_share=0.25)})
    assert {name: (loss.head, loss.weight) for name, loss in mixture.losses.items()} == {
        "mntp": ("next_token_lm", 0.75),
        "clm": ("next_token_lm", 0.25),
    }


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_impossible_options_are_refused(share: float) -> None:
    with pytest.raises(ValueError, match=f"causal_share is {share}: it must lie between 0 and 1"):
        Hybrid(causal_share=share)


@pytest.mark.parametrize("mixing", ["together", "alternating"])
def test_other_objectives_cannot_be_added(mixing) -> None:
    objectives = {"sop": SentenceOrderPrediction(), "hybrid": Hybrid()}
    with pytest.raises(
        ValueError, match="hybrid is a mixture of its own and cannot be combined; use a recipe for each"
    ):
        Mixture(objectives=objectives, mixing=mixing)
