"""Replaced token detection: sampling from the generator, and labels of replaced tokens."""

import math
from types import SimpleNamespace

import pytest
import torch

from nlp_ssl.heads.base import Encode
from nlp_ssl.heads.replaced_token_detection import _narrow
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.objectives.rtd import ReplacedTokenDetection
from nlp_ssl.training.model import PretrainingModel
from tests.networks import config_of, losses, make, mixture
from tests.worlds import vocabulary

IDS = torch.tensor([[2, 10, 11, 3]])
GENERATOR = {
    "labels": torch.tensor([10, 11, -100]),
    "positions": torch.tensor([1, 2, 0]),
    "draws": torch.tensor([0.49, 0.51, 0.99]),
}


def head():
    return make("rtd").head("generator")


def test_both_losses_have_one_head() -> None:
    model = make("rtd")
    assert model.head("generator") is model.head("detection")
    assert model.carriers["replaced_token_detection"].config.id2label == {0: "original", 1: "replaced"}
    assert model.losses["detection"].weight == 50 and model.losses["generator"].weight == 1


def test_a_sample_inverts_the_cumulative_distribution(monkeypatch) -> None:
    """Tokens 20 and 30 have one half each: draws below .5 are 20, others 30. Padding of the targets is not written."""
    logits = torch.full((3, 50), -math.inf)
    logits[:, [20, 30]] = 0.0
    made = head()
    monkeypatch.setattr(made, "_logits", lambda hidden: logits[: len(hidden)])
    encode = Encode(None, {"main": {"input_ids": IDS}})
    assert made._sampled(encode, torch.zeros(3, 1), GENERATOR).tolist() == [[2, 20, 30, 3]]
    assert IDS.tolist() == [[2, 10, 11, 3]]


def detected(logits: list[list[float]], sampled: list[int], labels: list[int]):
    made = head()
    made.carrier.forward = lambda inputs_embeds: SimpleNamespace(logits=torch.tensor([logits]))
    encode = Encode(lambda view, averaged: None, {"main": {"input_ids": IDS}})
    encode.memo["sampled_ids"] = torch.tensor([sampled])
    targets = {"labels": torch.tensor(labels), "positions": torch.arange(len(labels))}
    return made._detect(encode, targets)


def test_a_sample_that_equals_the_original_counts_as_original() -> None:
    """Token 1 was replaced, token 2 by itself; the last target is padding."""
    likely = math.log(3)  # odds of 3 to 1
    logits = [[likely, 0.0], [0.0, likely], [likely, 0.0], [0.0, likely]]
    found = detected(logits, [2, 20, 11, 3], [2, 10, 11, -100])
    assert found.sum.item() == pytest.approx(3 * -math.log(3 / 4), rel=1e-5)
    with torch.no_grad():
        metrics = detected([*logits, [0.0, likely]], [2, 20, 11, 3, 0], [2, 10, 11, 3, -100]).metrics
    assert {name: [v.item() for v in pair] for name, pair in metrics.items()} == {
        "accuracy": [3, 4],  # the last token is called replaced, but is not; padding counts nothing
        "majority": [3, 4],
        "recall": [1, 1],
        "replaced": [1, 4],
    }


def test_the_generator_gets_no_gradient_from_the_detection() -> None:
    model = make("rtd")
    inputs = {
        "views": {"main": {"input_ids": IDS}, "masked": {"input_ids": torch.tensor([[2, 4, 4, 3]])}},
        "targets": {
            "generator": GENERATOR,
            "detection": {"labels": IDS[0], "positions": torch.arange(4)},
        },
    }
    losses(model, inputs)["detection"].sum.backward()
    own = model.head("generator")
    assert all(p.grad is None for part in (own.generator, own.down, own.transform) for p in part.parameters())
    assert own.bias.grad is None and model.body.get_input_embeddings().weight.grad.any()
    model.zero_grad()
    losses(model, inputs)["generator"].sum.backward()
    assert own.down.weight.grad.any() and own.bias.grad.any()
    assert model.body.get_input_embeddings().weight.grad.any()  # shared


@pytest.mark.parametrize(("width", "share", "expected"), [(256, 0.25, 64), (512, 0.25, 128), (128, 0.25, 64)])
def test_the_generators_width_is_a_multiple_of_64(width: int, share: float, expected: int) -> None:
    config = config_of(mixture("rtd"), size="tiny")
    config.hidden_size, config.num_attention_heads, config.intermediate_size = width, width // 64, 3 * width
    narrow = _narrow(config, share)
    assert (narrow.hidden_size, narrow.num_attention_heads) == (expected, expected // 64)
    assert narrow.intermediate_size == 3 * expected and narrow.vocab_size == 1
    assert config.hidden_size == width


def disentangled() -> PretrainingModel:
    torch.manual_seed(0)
    trained = Mixture(objectives={"rtd": ReplacedTokenDetection(embeddings="disentangled")})
    return PretrainingModel(config_of(trained, size="tiny"), trained, vocabulary())


BOTH = {
    "views": {"main": {"input_ids": IDS}, "masked": {"input_ids": torch.tensor([[2, 4, 4, 3]])}},
    "targets": {"generator": GENERATOR, "detection": {"labels": IDS[0], "positions": torch.arange(4)}},
}


def test_disentangled_each_loss_trains_its_own_embeddings() -> None:
    model = disentangled()
    of_body, of_generator = model.body.get_input_embeddings().weight, model.head("generator").embedding.weight
    assert torch.equal(of_body, of_generator) and of_body is not of_generator
    losses(model, BOTH)["detection"].sum.backward()
    assert of_body.grad.any() and of_generator.grad is None
    model.zero_grad()
    losses(model, BOTH)["generator"].sum.backward()
    assert of_generator.grad.any() and of_body.grad is None


def test_disentangled_the_bodys_embeddings_follow_the_generators() -> None:
    """After each update they are the generator's plus the difference that the detection has learned."""
    model = disentangled()
    of_body, of_generator = model.body.get_input_embeddings().weight, model.head("generator").embedding.weight
    with torch.no_grad():
        start = of_generator.clone()
        for change in (1.0, 0.5):
            of_generator += change
            of_body -= 2 * change
            model.after_step()
        torch.testing.assert_close(of_generator, start + 1.5)
        torch.testing.assert_close(of_body, start + 1.5 - 3)
        model.after_step()
        torch.testing.assert_close(of_body, start + 1.5 - 3)


def test_disentangled_a_model_from_a_checkpoint_goes_on_alike() -> None:
    model, other = disentangled(), disentangled()
    with torch.no_grad():
        model.head("generator").embedding.weight.add_(1)
    model.after_step()
    other.load_state_dict(model.state_dict())
    other.after_step()
    table = other.body.get_input_embeddings().weight
    assert torch.equal(table, model.body.get_input_embeddings().weight)


def test_disentangled_the_saved_model_has_the_sum_and_nothing_of_the_generator() -> None:
    saved = disentangled().assemble().state_dict()
    assert not any("before" in name or "generator" in name for name in saved)
