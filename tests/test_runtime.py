"""Device, precision and optimizers."""

import os
import platform
import subprocess
import sys

import pytest
import torch
from transformers import BertConfig, BertModel

from nlp_ssl import runtime
from nlp_ssl.runtime import Figures, choose_attention, make_accelerator, make_optimizer, resolve_precision

FAULTS = """
import resource, sys, torch
from nlp_ssl.runtime import keep_freed_memory
if sys.argv[1] == "kept":
    keep_freed_memory()
for _ in range(3):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    several = [torch.ones(2**22) for _ in range(4)]  # of 16 MB
    del several
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries are left as they are")
def test_large_arrays_that_are_freed_are_not_taken_anew_from_the_system() -> None:
    def faults(how: str) -> int:
        environment = {**os.environ, "THP_MEM_ALLOC_ENABLE": "1"}
        run = subprocess.run([sys.executable, "-c", FAULTS, how], env=environment, capture_output=True, check=True)
        return int(run.stdout)

    assert any(faults("kept") < 100 for _ in range(3))  # a machine under load takes pages back now and then
    assert faults("not kept") > 1_000


@pytest.mark.parametrize(
    ("capabilities", "precision"),
    [
        ({"avx512_bf16": True, "amx_tile": False}, "bf16"),
        ({"avx512_bf16": False, "amx_tile": True}, "bf16"),
        ({"avx512_bf16": False, "amx_tile": False, "avx512_f": True}, "fp32"),
        ({}, "fp32"),  # an ARM CPU has neither key
    ],
)
def test_auto_precision_follows_the_instructions_of_the_cpu(capabilities, precision, monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert resolve_precision("auto") == precision
    assert (resolve_precision("fp32"), resolve_precision("bf16")) == ("fp32", "bf16")


@pytest.mark.parametrize("gpu", [torch.cuda, torch.xpu])
@pytest.mark.parametrize(("native", "precision"), [(True, "bf16"), (False, "fp32")])
def test_auto_precision_on_a_gpu_is_bf16_if_the_gpu_multiplies_in_it(gpu, native, precision, monkeypatch) -> None:
    for other in (torch.cuda, torch.xpu):
        monkeypatch.setattr(other, "is_available", lambda other=other: other is gpu)
    monkeypatch.setattr(gpu, "is_bf16_supported", lambda including_emulation=True: including_emulation or native)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": not native})
    assert resolve_precision("auto") == precision


@pytest.mark.parametrize(("cuda", "chosen"), [(True, ["high"]), (False, [])])
def test_products_in_fp32_are_computed_in_tf32_on_cuda_alone(cuda, chosen, monkeypatch) -> None:
    found: list[str] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch, "set_float32_matmul_precision", found.append)
    monkeypatch.setattr(runtime, "has_gpu", lambda: False)
    make_accelerator("fp32")
    assert found == chosen


def test_pytorch_names_the_instructions_of_this_cpu() -> None:
    if platform.machine() == "x86_64":
        assert {"avx512_bf16", "amx_tile"} <= torch.cpu.get_capabilities().keys()


def test_a_process_may_change_the_precision() -> None:
    for precision, mixed in (("fp32", "no"), ("bf16", "bf16"), ("bf16", "bf16"), ("fp32", "no")):
        assert make_accelerator(precision).mixed_precision == mixed


def test_attention_over_short_sequences_is_plain_on_a_cpu(monkeypatch) -> None:
    monkeypatch.setattr(runtime, "has_gpu", lambda: False)
    size = {"vocab_size": 8, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
    for longest, chosen in ((256, "eager"), (257, "sdpa")):
        model = BertModel(BertConfig(**size))
        choose_attention(model, longest)
        assert model.config._attn_implementation == chosen


def test_biases_and_norms_do_not_decay() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.LayerNorm(3))
    model[0].weight.requires_grad_(False)
    groups = make_optimizer(torch.nn.Sequential(torch.nn.Linear(2, 3), model), 0.5, lr=0.1).param_groups
    assert [(group["weight_decay"], [p.ndim for p in group["params"]]) for group in groups] == [
        (0.5, [2]),
        (0.0, [1, 1, 1, 1]),
    ]


def test_figures_of_a_device_that_runs_ahead_wait_for_their_own_copy_alone(monkeypatch) -> None:
    order: list[str] = []

    class Event:
        def __init__(self, device: torch.device) -> None:
            pass

        def record(self) -> None:
            order.append("copied")

        def synchronize(self) -> None:
            order.append("waited")

    empty = torch.empty_like
    monkeypatch.setattr(runtime, "runs_ahead", lambda device: True)
    monkeypatch.setattr(torch, "Event", Event)
    monkeypatch.setattr(torch, "empty_like", lambda tensor, device, pin_memory: empty(tensor, device=device))
    figures = Figures(torch.tensor([1.5, 2.0]))
    order.append("next step")
    assert figures.read() == [1.5, 2.0] and order == ["copied", "next step", "waited"]


def test_figures_of_a_cpu_are_its_numbers() -> None:
    assert Figures(torch.tensor([1.5, 2.0], dtype=torch.float64)).read() == [1.5, 2.0]
