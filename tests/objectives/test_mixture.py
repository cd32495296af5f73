import numpy as np
import pytest

from nlp_ssl.objectives import all_objectives
from nlp_ssl.objectives.emoji import EmojiPrediction
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.objectives.mlm import MaskedLM
from nlp_ssl.objectives.nsp import NextSentencePrediction
from nlp_ssl.objectives.rtd import ReplacedTokenDetection
from nlp_ssl.objectives.sentence_permutation import SentencePermutation
from nlp_ssl.objectives.skip_thought import SkipThought
from nlp_ssl.objectives.sop import SentenceOrderPrediction
from nlp_ssl.objectives.text_infilling import TextInfilling
from nlp_ssl.sampling.batch import check
from tests.worlds import clean_batch, random_documents, vocabulary

OBJECTIVES = all_objectives()


def test_joint_objectives_have_their_labels_on_the_same_rows() -> None:
    mixture = Mixture(objectives={"mlm": MaskedLM(), "sop": SentenceOrderPrediction(weight=0.5)})
    assert (mixture.name, mixture.example_type, mixture.body) == ("mlm+sop", "pair", "encoder")
    assert {name: (p.head, p.weight) for name, p in mixture.losses.items()} == {
        "mlm": ("masked_lm", 1.0),
        "sop": ("sequence_classification", 0.5),
    }
    batch, noise = clean_batch(random_documents(0, 60), "pair", "encoder", 40)
    out = mixture.corrupt(batch, vocabulary(), noise)
    check(out, vocabulary(), "test")
    masked = MaskedLM().corrupt(batch, vocabulary(), noise)
    swapped = SentenceOrderPrediction().corrupt(masked, vocabulary(), noise)
    assert np.array_equal(out.ids, swapped.ids)
    assert set(out.targets) == {"mlm", "sop"}


def test_labels_follow_tokens_that_a_later_objective_moves() -> None:
    """In ALBERT's mixture masking comes first, and the swap moves what was masked."""
    mixture = Mixture(objectives={"mlm": MaskedLM(mask_share=1.0, random_share=0.0), "sop": SentenceOrderPrediction()})
    batch, noise = clean_batch(random_documents(0, 60), "pair", "encoder", 40)
    out = mixture.corrupt(batch, vocabulary(), noise)
    assert ((out.targets["mlm"].labels != -100) == (out.ids == vocabulary().mask)).all()


def test_alternating_every_row_is_for_one_objective() -> None:
    mixture = Mixture(objectives={"mlm": MaskedLM(weight=3.0), "emoji": EmojiPrediction()}, mixing="alternating")
    batch, noise = clean_batch(random_documents(0, 200), "segment", "encoder", 40)
    out = mixture.corrupt(batch, vocabulary(), noise)
    check(out, vocabulary(), "test")
    masked = (out.targets["mlm"].labels != -100).any(axis=1)
    labelled = out.targets["emoji"].labels != -100
    assert (masked ^ labelled).all()
    assert masked.mean() == pytest.approx(0.75, abs=0.06)
    alone = MaskedLM(weight=3.0).corrupt(batch, vocabulary(), noise)
    assert np.array_equal(out.ids[masked], alone.ids[masked])
    assert np.array_equal(out.ids[labelled], batch.ids[labelled])
    assert {name: part.weight for name, part in mixture.losses.items()} == {"mlm": 0.75, "emoji": 0.25}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_where_examples_alternate_an_objective_may_have_none_in_a_batch(name) -> None:
    objective = OBJECTIVES[name]()
    batch, noise = clean_batch(random_documents(0, 60), objective.example_type, objective.body, 40)
    none = np.arange(0)
    out = objective.corrupt(batch.take(none), vocabulary(), noise.take(none))
    assert len(out.ids) == 0
    assert set(out.targets) == set(objective.heads)


def test_emoji_are_taken_out_before_tokens_are_masked() -> None:
    mixture = Mixture(objectives={"emoji": EmojiPrediction(), "mlm": MaskedLM(mask_share=1.0, random_share=0.0)})
    batch, noise = clean_batch(random_documents(0, 60), "segment", "encoder", 40)
    out = mixture.corrupt(batch, vocabulary(), noise)
    assert ((out.targets["mlm"].labels != -100) == (out.ids == vocabulary().mask)).all()


def test_a_shared_loss_has_the_largest_weight_of_its_objectives() -> None:
    objectives = {"sentence_permutation": SentencePermutation(weight=0.5), "text_infilling": TextInfilling(weight=2.0)}
    for ordered in (objectives, dict(reversed(objectives.items()))):
        losses = Mixture(objectives=ordered).losses
        assert [loss.weight for loss in losses.values()] == [2.0]
        assert [loss.head for loss in losses.values()] == ["seq2seq_lm"]


def test_the_weight_of_an_objective_multiplies_those_of_its_losses() -> None:
    losses = Mixture(objectives={"rtd": ReplacedTokenDetection(weight=3.0, detection_weight=20.0)}).losses
    assert {name: loss.weight for name, loss in losses.items()} == {"generator": 3.0, "detection": 60.0}


def test_a_loss_is_answered_by_a_head_of_the_same_kind_and_number_of_classes() -> None:
    mlm, nsp, emoji = (
        Mixture(objectives={o.name: o}) for o in (MaskedLM(), NextSentencePrediction(), EmojiPrediction())
    )
    bert = Mixture(objectives={"mlm": MaskedLM(), "nsp": NextSentencePrediction()})
    assert bert.answers(mlm, vocabulary()) == {"mlm": "mlm"}
    assert mlm.answers(bert, vocabulary()) is None
    sop = Mixture(objectives={"sop": SentenceOrderPrediction()})
    assert nsp.answers(sop, vocabulary()) == {"sop": "nsp"}  # two classes each
    assert nsp.answers(emoji, vocabulary()) is None
    assert Mixture(objectives={"rtd": ReplacedTokenDetection()}).answers(mlm, vocabulary()) is None  # no saved heads


def test_an_objective_with_two_heads_is_two_losses() -> None:
    assert list(Mixture(objectives={"skip_thought": SkipThought()}).losses) == ["previous", "next"]


@pytest.mark.parametrize(
    ("objectives", "message"),
    [
        (
            {"sop": SentenceOrderPrediction(), "nsp": NextSentencePrediction()},
            "different example types: mixed_pair and pair",
        ),
        (
            {"emoji": EmojiPrediction(), "sop": SentenceOrderPrediction()},
            "emoji selects its own segments and cannot use examples of type pair",
        ),
        ({"one": EmojiPrediction(), "other": EmojiPrediction()}, "they have the same target and cannot share it"),
        ({"mlm": MaskedLM(), "skip_thought": SkipThought()}, r"write \[objective.mlm\] last"),
        ({"mlm": MaskedLM(), "emoji": EmojiPrediction()}, r"write \[objective.mlm\] last"),
    ],
)
def test_what_cannot_be_mixed_is_refused(objectives, message) -> None:
    with pytest.raises(ValueError, match=message):
        Mixture(objectives=objectives)
