import math

import pytest
import torch

from nlp_ssl.errors import InputError
from nlp_ssl.models import pretraining
from nlp_ssl.models.flops import FlopCounter
from nlp_ssl.models.pretraining import HEADS, PretrainingModel, configure
from nlp_ssl.objectives import OBJECTIVES
from nlp_ssl.recipe import SIZES, Model
from tests.worlds import vocabulary

ARCHITECTURES = [
    *[("mlm", name) for name in ("bert", "roberta", "modernbert", "electra", "albert", "deberta-v2", "distilbert")],
    *[("clm", name) for name in ("gpt2", "llama", "qwen3", "gpt_neox")],
    *[("sop", name) for name in ("bert", "roberta", "modernbert", "albert")],
]


def make(objective: str, architecture: str = "auto", **fields: object) -> PretrainingModel:
    torch.manual_seed(0)
    kind = OBJECTIVES[objective]()
    return PretrainingModel(
        configure(Model(size="tiny", architecture=architecture, **fields), kind, vocabulary(), 32), kind
    )


def batch(objective: str) -> dict[str, torch.Tensor]:
    """Three rows of 16, the second one padded; targets in all of them."""
    torch.manual_seed(1)
    ids = torch.randint(5, 50, (3, 16))
    ids[:, 0] = 2
    inputs = {"input_ids": ids, "targets": torch.tensor([7, 8, 9, 10])}
    if objective == "sop":
        inputs["targets"] = torch.tensor([0, 1, 1])
    else:
        inputs["positions"] = torch.tensor([1, 5, 17, 40])
    if objective != "clm":
        inputs["attention_mask"] = torch.ones_like(ids)
        inputs["attention_mask"][1, 10:] = 0
        ids[1, 10:] = 0
    return inputs


@pytest.mark.parametrize("architecture", ["bert", "modernbert"])
def test_log_probabilities_are_those_of_the_whole_model(architecture, monkeypatch) -> None:
    monkeypatch.setattr(pretraining, "LOGITS_AT_ONCE", (3 * 50, 3 * 50))  # three targets, then one
    whole, inputs = make("mlm", architecture).eval().whole(), batch("mlm")
    masked = {name: inputs[name] for name in ("input_ids", "attention_mask")}
    with torch.no_grad():
        logits = whole(**masked).logits.flatten(0, 1)[inputs["positions"]]
    expected = logits.log_softmax(-1)[range(4), inputs["targets"]]
    found = PretrainingModel.of(whole).log_probabilities(**inputs)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(("objective", "architecture"), ARCHITECTURES)
def test_loss_and_gradients_are_those_of_the_saved_model(objective, architecture, tmp_path) -> None:
    """Gathering targets before the head changes no figure, and what is saved is the model that was trained."""
    model, inputs = make(objective, architecture), batch(objective)
    loss, _ = model(**inputs)
    loss.backward()
    model.whole().save_pretrained(tmp_path)
    whole = HEADS[OBJECTIVES[objective].head].from_pretrained(tmp_path)
    logits = whole(input_ids=inputs["input_ids"], attention_mask=inputs.get("attention_mask")).logits
    if "positions" in inputs:
        logits = logits.flatten(0, 1)[inputs["positions"]]
    expected = torch.nn.functional.cross_entropy(logits, inputs["targets"], reduction="sum")
    expected.backward()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    ours = model.body.get_input_embeddings().weight.grad
    theirs = whole.base_model.get_input_embeddings().weight.grad
    assert torch.allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("objective", ["mlm", "clm"])
def test_the_loss_in_chunks_is_the_loss(objective, monkeypatch) -> None:
    model, inputs = make(objective), batch(objective)
    losses, gradients = [], []
    for at_once in (2**23, 100):  # all four targets together, or two at a time
        monkeypatch.setattr(pretraining, "LOGITS_AT_ONCE", (at_once, at_once))
        model.zero_grad()
        loss, _ = model(**inputs)
        (loss / 4).backward()
        losses.append(loss.item())
        gradients.append([p.grad.clone() for p in model.parameters()])
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(*gradients, strict=True))


def test_evaluation_counts_what_is_right() -> None:
    model, inputs = make("mlm"), batch("mlm")
    with torch.no_grad():
        model.eval()
        loss, _ = model(**inputs)
        hidden = model.body(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]).last_hidden_state
        best = model.head(inputs_embeds=hidden.flatten(0, 1)[inputs["positions"]][None]).logits[0].argmax(-1)
        same, correct = model(**(inputs | {"targets": torch.tensor([best[0], best[1], 0, best[3]])}))
    assert correct.item() == 3
    assert loss.item() != same.item()


def test_no_targets_is_no_loss_but_has_gradients() -> None:
    """A process whose part of a batch is empty takes part in the sum over processes all the same."""
    model, inputs = make("mlm"), batch("mlm")
    none = torch.zeros(0, dtype=torch.long)
    loss, _ = model(**(inputs | {"targets": none, "positions": none}))
    loss.backward()
    assert loss.item() == 0
    assert all(p.grad is not None and p.grad.abs().max() == 0 for p in model.parameters())


def test_a_decoder_does_not_see_what_follows() -> None:
    model, inputs = make("clm"), batch("clm")
    embedded = model.body.get_input_embeddings()(inputs["input_ids"]).detach().requires_grad_()
    hidden = model.body(inputs_embeds=embedded).last_hidden_state
    hidden[0, 6, 0].backward()
    assert embedded.grad[0, :7].abs().sum(-1).min() > 0
    assert embedded.grad[0, 7:].abs().max() == 0


@pytest.mark.parametrize("size", SIZES)
def test_encoder_and_decoder_of_a_size_share_its_shape(size) -> None:
    layers, width = SIZES[size]
    configs = [configure(Model(size=size), OBJECTIVES[name](), vocabulary(), 64) for name in ("mlm", "clm", "sop")]
    for config in configs:
        assert (config.num_hidden_layers, config.hidden_size, config.vocab_size) == (layers, width, 50)
        assert config.num_attention_heads == width // 64 and config.max_position_embeddings == 64


def test_the_first_loss_is_that_of_guessing() -> None:
    for objective in ("mlm", "clm"):
        with torch.no_grad():
            loss, _ = make(objective)(**batch(objective))
        assert loss.item() / 4 == pytest.approx(math.log(50), rel=0.15)


@pytest.mark.parametrize("objective", ["mlm", "clm"])
def test_flops_by_hand(objective) -> None:
    layers, width = SIZES["tiny"]
    rows, length, targets, V = 8, 32, 40, 50
    body = 12 * width * width * layers * 2 * rows * length  # weights of attention (4) and feed-forward (8)
    attention = 2 * 2 * length * width * layers * rows * length  # scores and their use
    head = 2 * targets * (V * width + (width * width if objective == "mlm" else 0))
    model = make(objective, {"mlm": "bert", "clm": "gpt2"}[objective])
    assert FlopCounter(model).training(rows, length, targets) == 3 * (body + attention + head)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"architecture": "bret"}, "model.architecture is 'bret': .* did you mean 'bert'"),
        ({"architecture": "t5"}, "model.architecture is 't5': transformers has no AutoModelForMaskedLM of it"),
        ({"config": {"hiden_act": "gelu"}}, r"\[model.config\] hiden_act: did you mean 'hidden_activation'"),
    ],
)
def test_what_does_not_fit_is_refused(fields, message) -> None:
    with pytest.raises(InputError, match=message):
        make("mlm", **fields)
