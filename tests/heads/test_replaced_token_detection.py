"""Replaced token detection: sampling from the generator, and what counts as replaced."""

import math
from types import SimpleNamespace

import pytest
import torch

from nlp_ssl.heads.base import Encode
from nlp_ssl.heads.replaced_token_detection import _narrow
from tests.networks import config_of, losses, make, mixture

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
