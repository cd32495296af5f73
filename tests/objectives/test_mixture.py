import numpy as np
import pytest

from nlp_ssl import registry
from nlp_ssl.errors import FieldError
from nlp_ssl.objectives import all_objectives
from nlp_ssl.objectives.cbow import CBOW
from nlp_ssl.objectives.clm import CausalLM
from nlp_ssl.objectives.emoji import EmojiPrediction
from nlp_ssl.objectives.mae import MaskedAutoencoder
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.objectives.mlm import MaskedLM
from nlp_ssl.objectives.nsp import NextSentencePrediction
from nlp_ssl.objectives.retromae import RetroMAE
from nlp_ssl.objectives.rtd import ReplacedTokenDetection
from nlp_ssl.objectives.sentence_permutation import SentencePermutation
from nlp_ssl.objectives.skip_thought import SkipThought
from nlp_ssl.objectives.sop import SentenceOrderPrediction
from nlp_ssl.objectives.text_infilling import TextInfilling
from nlp_ssl.objectives.token_detection import TokenDetection
from nlp_ssl.sampling.batch import check
from nlp_ssl.sampling.batches import Batches
from nlp_ssl.sampling.examples import TokenStream
from tests.worlds import clean_batch, random_documents, shard, vocabulary

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
    """In ALBERT's mixture masking comes first, and the swap moves masked tokens."""
    mixture = Mixture(objectives={"mlm": MaskedLM(mask_share=1.0, random_share=0.0), "sop": SentenceOrderPrediction()})
    batch, noise = clean_batch(random_documents(0, 60), "pair", "encoder", 40)
    out = mixture.corrupt(batch, vocabulary(), noise)
    assert ((out.targets["mlm"].labels != -100) == (out.ids == vocabulary().mask)).all()


def test_objectives_of_different_bodies_are_refused() -> None:
    with pytest.raises(FieldError, match=r"different kinds of body \(encoder and static\); use a recipe for each"):
        Mixture(objectives={"mlm": MaskedLM(), "cbow": CBOW()})


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


def test_in_sequence_each_objective_has_a_share_of_the_steps() -> None:
    """clm has a quarter of a run of eight steps. In validation, both have examples."""
    objectives = {"clm": CausalLM(weight=0.5), "mlm": MaskedLM(weight=1.5)}
    mixture = Mixture(objectives=objectives, mixing="sequence")
    assert (mixture.body, mixture.has_causal_rows, mixture.also_decoder) == ("encoder", True, False)
    assert {name: (loss.head, loss.weight) for name, loss in mixture.losses.items()} == {
        "clm": ("causal_lm", 1.0),
        "mlm": ("masked_lm", 1.0),
    }
    assert [mixture.phase(done) for done in (0, 0.24, 0.25, 1)] == ["clm", "clm", "mlm", "mlm"]
    assert [list(mixture.losses_at(done)) for done in (0, 1)] == [["clm"], ["mlm"]]
    text = TokenStream([shard(random_documents(0, 200))])
    batches = Batches(text, mixture.examples(text, vocabulary(), 40), vocabulary(), mixture, seed=0, tokens=512)
    run = batches.in_run(8)
    for step in range(8):
        (batch,) = run[step]
        causal, masked = ((batch.targets[name].labels != -100).any(axis=1) for name in ("clm", "mlm"))
        assert causal.all() and not masked.any() if step < 2 else masked.all() and not causal.any()
    causal = np.concatenate([(batches[step][0].targets["clm"].labels != -100).any(axis=1) for step in range(40)])
    assert causal.mean() == pytest.approx(0.25, abs=0.1)


def test_an_objective_that_reads_from_one_side_does_not_share_examples() -> None:
    with pytest.raises(FieldError, match="clm reads text from one side only: use mixing = 'alternating' or 'sequence'"):
        Mixture(objectives={"clm": CausalLM(), "mlm": MaskedLM()})
    assert not Mixture(objectives={"clm": CausalLM()}).has_causal_rows


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
            r"different example types \(mixed_pair and pair\); use a recipe for each",
        ),
        (
            {"emoji": EmojiPrediction(), "sop": SentenceOrderPrediction()},
            "emoji selects its own segments and cannot use examples of type pair",
        ),
        (
            {
                "emoji": EmojiPrediction(),
                "cpc": OBJECTIVES["cpc"](),
            },  # the classes of the ones are documents of the others
            "emoji and cpc each select their own examples; use a recipe for each",
        ),
        (
            {"mlm": MaskedLM(), "skip_thought": SkipThought()},
            r"skip_thought must read the text before mlm changes its tokens: write the table \[objective.mlm\] after "
            r"\[objective.skip_thought\]",
        ),
        (
            {"token_detection": TokenDetection(), "contrastive": OBJECTIVES["contrastive"]()},
            "contrastive must read the text before token_detection changes its tokens",
        ),
        ({"mlm": MaskedLM(), "emoji": EmojiPrediction()}, r"emoji must read the text before mlm changes its tokens"),
        ({"mlm": MaskedLM(), "token_detection": TokenDetection()}, "they have the same target and cannot share it"),
        ({"mae": MaskedAutoencoder(), "retromae": RetroMAE()}, "they have the same target and cannot share it"),
    ],
)
def test_impossible_mixtures_are_refused(objectives, message) -> None:
    with pytest.raises(ValueError, match=message):
        Mixture(objectives=objectives)


def test_only_objectives_that_read_the_text_must_come_before_masking() -> None:
    Mixture(objectives={"emoji": EmojiPrediction(), "mlm": MaskedLM()})
    Mixture(objectives={"mlm": MaskedLM(), "emoji": EmojiPrediction()}, mixing="alternating")


def test_tasks_that_objectives_train_on_themselves() -> None:
    chosen = {name: OBJECTIVES[name]() for name in ("nsp", "mlm")}
    assert Mixture(objectives=chosen).trains_tasks == ("next_sentence",)
    assert Mixture(objectives={"sop": OBJECTIVES["sop"]()}).trains_tasks == ("half_order", "next_sentence")
    assert Mixture(objectives={"mlm": OBJECTIVES["mlm"]()}).trains_tasks == ()


def test_every_named_task_exists() -> None:
    named = {task for objective in OBJECTIVES.values() for task in objective.trains_tasks}
    assert named == {"next_sentence", "half_order", "odd_word", "bigram_shift"} and named <= set(
        registry.names("corpus_tasks")
    )
