"""A body and its heads."""

import pytest
import torch

from nlp_ssl.runtime import choose_attention, has_gpu
from nlp_ssl.training.model import head_classes
from tests.networks import batch, loss_of, losses, make, mixture

ARCHITECTURES = [
    *[("mlm", name) for name in ("bert", "roberta", "modernbert", "electra", "albert", "deberta-v2", "distilbert")],
    *[("clm", name) for name in ("gpt2", "llama", "qwen3", "gpt_neox")],
    *[("sop", name) for name in ("bert", "roberta", "modernbert", "albert")],
]


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


@pytest.mark.parametrize(("objective", "architecture"), ARCHITECTURES)
def test_loss_and_gradients_are_those_of_the_saved_model(objective, architecture, tmp_path) -> None:
    """Gathering targets before the head changes no loss, and the saved model is the trained one."""
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


def test_an_encoder_without_a_classifier_has_no_pooler() -> None:
    """Nothing would train it, and several processes would wait for its gradient."""
    names = [name for name, _ in make("skip_thought", "bert").named_parameters()]
    assert names and not any("pooler" in name for name in names)
