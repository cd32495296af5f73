"""FLOPs of a step."""

import pytest
import torch

from nlp_ssl.models.flops import PEAK_FLOPS_BF16, FlopCounter, peak_flops
from nlp_ssl.recipe import SIZES
from tests.networks import batch, make


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
    ("name", "peak"),
    [
        ("NVIDIA B200", 2250e12),
        ("NVIDIA H200", 989e12),
        ("NVIDIA H100 80GB HBM3", 989e12),
        ("NVIDIA A100-SXM4-40GB", 312e12),
        ("NVIDIA L40S", 362e12),
        ("NVIDIA GeForce RTX 4090", 165e12),
        ("NVIDIA L4", 121e12),
        ("NVIDIA GeForce GTX 1080", None),
    ],
)
def test_peaks_are_those_of_the_data_sheets(name, peak, monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: name)
    assert peak_flops(torch.device("cuda"), "bf16") == peak
    assert peak_flops(torch.device("cuda"), "fp32") is None
    assert peak_flops(torch.device("cpu"), "bf16") is None


def test_every_gpu_of_the_table_is_tested() -> None:
    assert list(PEAK_FLOPS_BF16) == ["B200", "H200", "H100", "A100", "L40S", "RTX 4090", "L4"]
