"""FLOPs of a step."""

import pytest
import torch

from nlp_ssl.heads.masked_lm import MaskedLMHead
from nlp_ssl.models.flops import FlopCounter, peak_flops, without_weights
from nlp_ssl.objectives.contrastive import Contrastive
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.recipe import SIZES
from nlp_ssl.training.model import PretrainingModel
from tests.networks import batch, config_of, loss_of, make
from tests.worlds import vocabulary


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


@pytest.mark.parametrize("tied", [True, False])
def test_flops_of_t5_by_hand(tied) -> None:
    _, width = SIZES["tiny"]  # a layer on either side
    rows, length, written, targets, V = 8, 32, 10, 40, 50
    encoder = 12 * width * width * length + 2 * length * length * width
    decoder = 14 * width * width * written + 2 * written * written * width  # cross-attention has two matrices here
    across = 2 * width * width * length + 2 * written * length * width  # and two over the source
    model, inputs = make("span_corruption", "t5", config={"tie_word_embeddings": tied}), batch("span_corruption")
    inputs["views"]["main"] |= {
        "input_ids": torch.zeros((3, length), dtype=torch.long),
        "decoder_input_ids": torch.zeros((3, written), dtype=torch.long),
    }
    expected = 3 * 2 * (rows * (encoder + decoder + across) + targets * V * width)
    assert FlopCounter(model).training(inputs, rows, {"span_corruption": targets}) == expected


def test_averaged_weights_have_no_backward_pass() -> None:
    """By body and averaged copy over both views: 3 and 1 times the forward pass. Projections run over the batch."""
    layers, width = SIZES["tiny"]
    rows, length, out = 8, 32, 128
    body = 2 * rows * (12 * width * width * layers * 2 * length + 2 * 2 * length * width * layers * length)
    projections = 2 * 2 * rows * (2 * (width * width + width * out) + 2 * out * out // 4)
    byol = Mixture(objectives={"contrastive": Contrastive(loss="byol")})
    model = PretrainingModel(config_of(byol, size="tiny", architecture="bert"), byol, vocabulary())
    views = {name: {"input_ids": torch.zeros((3, length), dtype=torch.long)} for name in ("main", "other")}
    targets = {"contrastive": {"valid": torch.ones(3, dtype=torch.bool), "group": torch.arange(3)}}
    found = FlopCounter(model).training({"views": views, "targets": targets}, rows, {"contrastive": rows})
    assert found == (3 + 1) * body + 3 * projections


def test_shapes_that_depend_on_values_are_counted_too(monkeypatch) -> None:
    """A plug-in's head may choose targets by a mask."""
    model, inputs = make("mlm"), batch("mlm")
    expected = FlopCounter(model).training(inputs, 3, {"mlm": 4})
    loss = MaskedLMHead.loss

    def by_mask(self, of, encode, targets, generator):
        kept = targets["positions"] >= 0
        return loss(self, of, encode, {key: tensor[kept] for key, tensor in targets.items()}, generator)

    monkeypatch.setattr(MaskedLMHead, "loss", by_mask)
    assert FlopCounter(model).training(inputs, 3, {"mlm": 4}) == expected


def test_counting_runs_no_compiled_code_and_leaves_it_compiled() -> None:
    """Under `FlopCounterMode` dynamo would give up on the body for good."""
    calls = []

    def backend(graph, _):
        def run(*arguments):
            calls.append(graph)
            return graph(*arguments)

        return run

    torch.compiler.reset()
    model, inputs = make("mlm"), batch("mlm")
    model.body.compile(backend=backend)
    counter = FlopCounter(model)
    for length in (16, 12):
        assert counter.training(
            {**inputs, "views": {"main": {"input_ids": torch.zeros((3, length), dtype=torch.long)}}}, 3, {"mlm": 4}
        )
    assert not calls
    for _ in range(3):
        loss_of(model, inputs).backward()
    assert len(calls) == 3 and len(set(map(id, calls))) == 1  # compiled once, and run each time
    torch.compiler.reset()


def test_a_copy_without_weights_takes_no_memory_and_keeps_ties() -> None:
    model = make("mlm", "bert")
    twin = without_weights(model)
    assert {tensor.device.type for tensor in [*twin.parameters(), *twin.buffers()]} == {"meta"}
    assert [p.shape for p in twin.parameters()] == [p.shape for p in model.parameters()]
    assert twin.head("mlm").carrier.get_output_embeddings().weight is twin.body.get_input_embeddings().weight


@pytest.mark.parametrize(
    ("name", "peak"),
    [
        ("NVIDIA B300 SXM6", 2250e12),
        ("NVIDIA B200", 2250e12),
        ("NVIDIA H200", 989e12),
        ("NVIDIA H200 NVL", 835e12),
        ("NVIDIA H100 80GB HBM3", 989e12),
        ("NVIDIA H100 PCIe", 756e12),
        ("NVIDIA H100 NVL", 835e12),
        ("NVIDIA A100-SXM4-40GB", 312e12),
        ("NVIDIA A100 80GB PCIe", 312e12),
        ("NVIDIA A10", 125e12),
        ("NVIDIA RTX A6000", 155e12),
        ("NVIDIA L40S", 362e12),
        ("NVIDIA L40", 181e12),
        ("NVIDIA L4", 121e12),
        ("NVIDIA GeForce RTX 3090", 71e12),
        ("NVIDIA GeForce RTX 4090", 165e12),
        ("NVIDIA GeForce RTX 5090", 209e12),
        ("AMD Instinct MI300X", 1307e12),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", None),
        ("NVIDIA A10G", None),
        ("Tesla T4", None),  # without bf16
        ("Tesla V100-SXM2-16GB", None),
        ("NVIDIA GeForce GTX 1080", None),
    ],
)
def test_peaks_are_those_of_the_data_sheets(name, peak, monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: name)
    assert peak_flops(torch.device("cuda"), "bf16") == peak
    assert peak_flops(torch.device("cuda"), "fp32") is None
    assert peak_flops(torch.device("cpu"), "bf16") is None
