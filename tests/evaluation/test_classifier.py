"""Which weights are fresh, and which token a network classifies by."""

import numpy as np
import pytest
import torch

from nlp_ssl.evaluation.checkpoints import load_checkpoint
from nlp_ssl.evaluation.classifier import Classifier, build
from nlp_ssl.evaluation.inputs import encode, padded_batch
from nlp_ssl.evaluation.network import DROPOUT
from nlp_ssl.models.architectures import longest_input
from nlp_ssl.tasks.kinds.regression import Regression
from nlp_ssl.tasks.splits import LabelledExamples
from tests.evaluation.networks import BODIES, LABELS, PAIRS, THREE, Run, model_of


@pytest.mark.parametrize("kind", BODIES)
def test_the_body_is_pretrained_and_the_classifier_is_fresh(run: Run, kind: str) -> None:
    checkpoint = load_checkpoint(run(kind) / "model")
    one, two = (build(checkpoint, True, LABELS, seed).state_dict() for seed in (1, 2))
    random_init = build(checkpoint, False, LABELS, 1).state_dict()
    fresh = [name for name in one if not torch.equal(one[name], two[name])]
    assert fresh and all(any(part in name for part in ("classif", "score", "pooler")) for name in fresh)
    assert any("pooler" in name for name in fresh) == (kind == "mlm")  # sop has trained its own
    for name in fresh:  # the same seed gives both networks the same start
        torch.testing.assert_close(one[name], random_init[name])
    body = [name for name in one if name not in fresh and one[name].ndim == 2]
    assert all(not torch.equal(one[name], random_init[name]) for name in body)


def test_dropout_and_label_names_are_set(run: Run) -> None:
    for kind, field in (
        ("mlm", "hidden_dropout_prob"),
        ("clm", "resid_pdrop"),
        ("bart", "dropout"),
        ("t5", "dropout_rate"),
    ):
        config = model_of(run, kind).config
        assert getattr(config, field) == DROPOUT
        assert config.id2label == {0: "bad", 1: "good"} and config.label2id == {"bad": 0, "good": 1}


@pytest.mark.parametrize("kind", BODIES)
def test_padding_does_not_change_predictions(run: Run, kind: str) -> None:
    checkpoint = load_checkpoint(run(kind) / "model")
    model = model_of(run, kind)
    tokens = encode(checkpoint, THREE, 64)
    together = model(**padded_batch(tokens, np.arange(3), 0)).logits
    for i in range(3):
        torch.testing.assert_close(model(**padded_batch(tokens, np.array([i]), 0)).logits[0], together[i])


def test_a_decoder_classifies_by_its_last_token(run: Run) -> None:
    model = model_of(run, "clm")
    tokens = encode(load_checkpoint(run("clm") / "model"), THREE, 64)
    batch = padded_batch(tokens, np.array([1, 2]), 0)
    hidden = model.base_model(**batch).last_hidden_state
    last = tokens.lengths[[1, 2]] - 1
    assert batch["input_ids"][[0, 1], last].tolist() == [3, 3]  # the end of the text
    torch.testing.assert_close(model(**batch).logits, model.score(hidden[[0, 1], last]))


@pytest.mark.parametrize(("kind", "start"), [("bart", 2), ("mbart", 3), ("t5", 2)])
def test_an_encoder_decoder_classifies_by_the_decoder_state_after_the_text(run: Run, kind: str, start: int) -> None:
    """The decoder reads a start token and the text. Its state before the last [SEP] classifies, also for pairs."""
    model, checkpoint = model_of(run, kind), load_checkpoint(run(kind) / "model")
    for examples in (THREE, PAIRS):
        tokens = encode(checkpoint, examples, 64)
        assert tokens.types is None
        batch = padded_batch(tokens, np.array([0, 1]), 0)
        ids = batch["input_ids"]
        read = torch.cat([torch.full((2, 1), start), ids[:, :-1]], dim=1)
        hidden = model.base_model(**batch, decoder_input_ids=read).last_hidden_state
        last = tokens.lengths[:2] - 1
        assert ids[[0, 1], last].tolist() == [3, 3]
        torch.testing.assert_close(model(**batch).logits, model.classification_head(hidden[[0, 1], last]))


def test_relative_positions_have_no_limit(run: Run) -> None:
    checkpoint = load_checkpoint(run("t5") / "model")
    assert longest_input(checkpoint.config, 512) == 512
    tokens = encode(checkpoint, LabelledExamples(["w1 " * 400], None, None), 512)
    assert torch.isfinite(model_of(run, "t5")(**padded_batch(tokens, np.array([0]), 0)).logits).all()


@pytest.mark.parametrize("kind", ["bart", "mbart"])
def test_an_encoder_decoder_reads_up_to_its_number_of_positions(run: Run, kind: str) -> None:
    checkpoint = load_checkpoint(run(kind) / "model")
    assert longest_input(checkpoint.config, 512) == 64
    tokens = encode(checkpoint, LabelledExamples(["w1 " * 100], None, None), 64)
    assert tokens.lengths.tolist() == [64]
    assert torch.isfinite(model_of(run, kind)(**padded_batch(tokens, np.array([0]), 0)).logits).all()


@pytest.mark.parametrize("kind", [kind for kind in BODIES if kind != "clm"])  # GPT-2's last layer has no bias
def test_outputs_in_bf16_are_not_rounded_to_equal_ones(run: Run, kind: str) -> None:
    checkpoint, kind_of_task = load_checkpoint(run(kind) / "model"), Regression()
    model = build(checkpoint, True, kind_of_task, 1)
    with torch.no_grad():
        [m for m in model.modules() if isinstance(m, torch.nn.Linear)][-1].bias.fill_(3.5)
    texts = LabelledExamples([f"w{i} w{i + 1} fine" for i in range(28)], None, None)
    outputs = Classifier(model, checkpoint.tokenizer, kind_of_task, "bf16").predict(encode(checkpoint, texts, 64))
    assert len(np.unique(outputs.astype(np.float32))) > 20  # in bf16, numbers near 3.5 are 1/64 apart
