import math
from types import SimpleNamespace

import pytest
import torch

from nlp_ssl.errors import InputError
from nlp_ssl.heads.base import LossSum
from nlp_ssl.models import vocabulary_loss
from nlp_ssl.models.flops import FlopCounter
from nlp_ssl.models.parts import TokenScorer
from nlp_ssl.objectives import all_objectives
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.recipe import SIZES, Batching, Model
from nlp_ssl.runtime import choose_attention, has_gpu
from nlp_ssl.training.model import PretrainingModel, head_classes, model_config
from tests.worlds import vocabulary

OBJECTIVES = all_objectives()


ARCHITECTURES = [
    *[("mlm", name) for name in ("bert", "roberta", "modernbert", "electra", "albert", "deberta-v2", "distilbert")],
    *[("clm", name) for name in ("gpt2", "llama", "qwen3", "gpt_neox")],
    *[("sop", name) for name in ("bert", "roberta", "modernbert", "albert")],
]


def mixture(*names: str) -> Mixture:
    return Mixture(objectives={name: OBJECTIVES[name]() for name in names})


def config_of(trained: Mixture, max_length: int = 32, **model: object):
    """The config of a recipe with this mixture."""
    recipe = SimpleNamespace(mixture=trained, model=Model(**model), batch=Batching(max_length=max_length))
    return model_config(recipe, vocabulary())


def make(objective: str, architecture: str = "auto", **fields: object) -> PretrainingModel:
    torch.manual_seed(0)
    trained = mixture(*objective.split("+"))
    config = config_of(trained, size="tiny", architecture=architecture, **fields)
    return PretrainingModel(config, trained, vocabulary())


def batch(objective: str) -> dict:
    """Three rows of 16, the second one padded; targets in all of them."""
    torch.manual_seed(1)
    ids = torch.randint(5, 50, (3, 16))
    ids[:, 0] = 2
    main, targets = {"input_ids": ids}, {}
    for name in objective.split("+"):
        if name in ("sop", "nsp"):
            targets[name] = {"labels": torch.tensor([0, 1, 1])}
        else:
            targets[name] = {"labels": torch.tensor([7, 8, 9, 10]), "positions": torch.tensor([1, 5, 17, 40])}
    if objective != "clm":
        main["attention_mask"] = torch.ones_like(ids)
        main["attention_mask"][1, 10:] = 0
        ids[1, 10:] = 0
    return {"views": {"main": main}, "targets": targets}


def losses(model: PretrainingModel, inputs: dict) -> dict[str, LossSum]:
    return model(inputs, torch.Generator())


def loss_of(model: PretrainingModel, inputs: dict) -> torch.Tensor:
    (found,) = losses(model, inputs).values()
    return found.sum


@pytest.mark.skipif(has_gpu(), reason="the choice is one of CPUs")
@pytest.mark.parametrize(("objective", "architecture"), [("mlm", "auto"), ("clm", "auto"), ("mlm", "bert")])
def test_short_rows_attend_by_matrix_products_to_the_same_loss(objective, architecture) -> None:
    fused, plain = make(objective, architecture), make(objective, architecture)
    choose_attention(fused, 257)
    choose_attention(plain, 256)
    assert fused.body.config._attn_implementation == "sdpa"
    assert plain.body.config._attn_implementation == "eager"
    found = [loss_of(model, batch(objective)) for model in (fused, plain)]
    assert found[0].item() == pytest.approx(found[1].item(), rel=1e-6)
    for loss in found:
        loss.backward()
    for one, other in zip(fused.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("architecture", ["bert", "modernbert"])
def test_log_probabilities_are_those_of_the_whole_model(architecture, monkeypatch) -> None:
    monkeypatch.setattr(vocabulary_loss, "LOGITS_AT_ONCE", (3 * 50, 3 * 50))  # three targets, then one
    whole, inputs = make("mlm", architecture).eval().assemble(), batch("mlm")
    read = inputs["views"]["main"]
    positions, targets = torch.tensor([1, 5, 17, 40]), torch.tensor([7, 8, 9, 10])
    with torch.no_grad():
        logits = whole(**read).logits.flatten(0, 1)[positions]
    expected = logits.log_softmax(-1)[range(4), targets]
    torch.testing.assert_close(TokenScorer(whole)(**read, targets=targets, positions=positions), expected)


@pytest.mark.parametrize(("objective", "architecture"), ARCHITECTURES)
def test_loss_and_gradients_are_those_of_the_saved_model(objective, architecture, tmp_path) -> None:
    """Gathering targets before the head changes no figure, and what is saved is the model that was trained."""
    model, inputs = make(objective, architecture), batch(objective)
    loss = loss_of(model, inputs)
    loss.backward()
    model.assemble().save_pretrained(tmp_path)
    (head,) = head_classes(mixture(objective)).values()
    whole = head.auto_class.from_pretrained(tmp_path)
    logits, targets = whole(**inputs["views"]["main"]).logits, inputs["targets"][objective]
    if "positions" in targets:
        logits = logits.flatten(0, 1)[targets["positions"]]
    expected = torch.nn.functional.cross_entropy(logits, targets["labels"], reduction="sum")
    expected.backward()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    ours = model.body.get_input_embeddings().weight.grad
    theirs = whole.base_model.get_input_embeddings().weight.grad
    assert torch.allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("objective", ["mlm", "clm"])
def test_the_loss_in_chunks_is_the_loss(objective, monkeypatch) -> None:
    model, inputs = make(objective), batch(objective)
    found, gradients = [], []
    for at_once in (2**23, 100):  # all four targets together, or two at a time
        monkeypatch.setattr(vocabulary_loss, "LOGITS_AT_ONCE", (at_once, at_once))
        model.zero_grad()
        loss = loss_of(model, inputs)
        (loss / 4).backward()
        found.append(loss.item())
        gradients.append([p.grad.clone() for p in model.parameters()])
    assert found[0] == pytest.approx(found[1], rel=1e-6)
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(*gradients, strict=True))


def test_evaluation_counts_what_is_right() -> None:
    model, inputs = make("mlm"), batch("mlm")
    with torch.no_grad():
        model.eval()
        loss = loss_of(model, inputs)
        hidden = model.body(**inputs["views"]["main"]).last_hidden_state
        hidden = hidden.flatten(0, 1)[inputs["targets"]["mlm"]["positions"]]
        best = model.head("mlm").logits(hidden).argmax(-1)
        inputs["targets"]["mlm"]["labels"] = torch.tensor([best[0], best[1], 0, best[3]])
        found = losses(model, inputs)["mlm"]
    assert [value.item() for value in found.metrics["accuracy"]] == [3, 4]
    assert loss.item() != found.sum.item()


def test_no_targets_is_no_loss_but_has_gradients() -> None:
    """A process whose part of a batch is empty takes part in the sum over processes all the same."""
    model, inputs = make("mlm"), batch("mlm")
    none = torch.zeros(0, dtype=torch.long)
    inputs["targets"]["mlm"] = {"labels": none, "positions": none}
    loss = loss_of(model, inputs)
    loss.backward()
    assert loss.item() == 0
    assert all(p.grad is not None and p.grad.abs().max() == 0 for p in model.parameters())


def test_the_loss_over_the_vocabulary_is_differentiated_once() -> None:
    loss = loss_of(make("mlm"), batch("mlm"))
    loss.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="differentiated before"):
        loss.backward()


@pytest.mark.parametrize("architecture", ["auto", "bert", "albert"])
def test_the_losses_of_a_mixture_share_one_body(architecture, tmp_path) -> None:
    """Each loss is that of the model saved with its head."""
    model, inputs = make("mlm+nsp", architecture), batch("mlm+nsp")
    found = losses(model, inputs)
    sum(of_loss.sum for of_loss in found.values()).backward()
    tables = [m.weight for m in model.modules() if getattr(m, "weight", None) is not None and m.weight.shape[0] == 50]
    assert len({table.data_ptr() for table in tables}) == 1  # one embedding, tied to the head's
    for (name, head), key in zip(head_classes(mixture("mlm", "nsp")).items(), ("masked_lm", "nsp"), strict=True):
        model.assemble(key).save_pretrained(tmp_path / name)
        whole, targets = head.auto_class.from_pretrained(tmp_path / name), inputs["targets"][name]
        logits = whole(**inputs["views"]["main"]).logits
        if name == "mlm":
            logits = logits.flatten(0, 1)[targets["positions"]]
        else:
            assert whole.config.id2label == {0: "next", 1: "random"}
        expected = torch.nn.functional.cross_entropy(logits, targets["labels"], reduction="sum")
        assert found[name].sum.item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_decoder_does_not_see_what_follows() -> None:
    model, inputs = make("clm"), batch("clm")
    embedded = model.body.get_input_embeddings()(inputs["views"]["main"]["input_ids"]).detach().requires_grad_()
    hidden = model.body(inputs_embeds=embedded).last_hidden_state
    hidden[0, 6, 0].backward()
    assert embedded.grad[0, :7].abs().sum(-1).min() > 0
    assert embedded.grad[0, 7:].abs().max() == 0


@pytest.mark.parametrize("size", SIZES)
def test_encoder_and_decoder_of_a_size_share_its_shape(size) -> None:
    layers, width = SIZES[size]
    configs = [config_of(mixture(name), 64, size=size) for name in ("mlm", "clm", "sop")]
    for config in configs:
        assert (config.num_hidden_layers, config.hidden_size, config.vocab_size) == (layers, width, 50)
        assert config.num_attention_heads == width // 64 and config.max_position_embeddings == 64


def test_the_first_loss_is_that_of_guessing() -> None:
    for objective in ("mlm", "clm"):
        with torch.no_grad():
            loss = loss_of(make(objective), batch(objective))
        assert loss.item() / 4 == pytest.approx(math.log(50), rel=0.15)


@pytest.mark.parametrize("objective", ["mlm", "clm"])
def test_flops_by_hand(objective) -> None:
    layers, width = SIZES["tiny"]
    rows, length, targets, V = 8, 32, 40, 50
    body = 12 * width * width * layers * 2 * rows * length  # weights of attention (4) and feed-forward (8)
    attention = 2 * 2 * length * width * layers * rows * length  # scores and their use
    head = 2 * targets * (V * width + (width * width if objective == "mlm" else 0))
    model = make(objective, {"mlm": "bert", "clm": "gpt2"}[objective])
    inputs = batch(objective)
    inputs["views"]["main"]["input_ids"] = torch.zeros((3, length), dtype=torch.long)
    assert FlopCounter(model).training(inputs, rows, {objective: targets}) == 3 * (body + attention + head)


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


def test_an_encoder_without_a_classifier_has_no_pooler() -> None:
    """Nothing would train it, and several processes would wait for its gradient."""
    names = [name for name, _ in make("skip_thought", "bert").named_parameters()]
    assert names and not any("pooler" in name for name in names)
