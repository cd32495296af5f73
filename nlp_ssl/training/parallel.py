"""How a run is divided among processes: each has a copy of the model (DDP), or a part of every weight (FSDP2).

`accelerate launch --use_fsdp --fsdp_version 2` asks for FSDP2. Each layer is gathered and freed on its own.
"""

from __future__ import annotations

from typing import Any

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs, FullyShardedDataParallelPlugin
from torch.distributed.fsdp import CPUOffloadPolicy, MixedPrecisionPolicy
from torch.distributed.fsdp.wrap import transformer_auto_wrap_policy
from transformers.modeling_layers import GradientCheckpointingLayer

from nlp_ssl.errors import InputError
from nlp_ssl.runtime import Precision, asks_for_fsdp, make_accelerator, resolve_precision
from nlp_ssl.training.model import PretrainingModel
from nlp_ssl.training.pretrain import Pretrain


def accelerator_of(options: Pretrain) -> Accelerator:
    """An accelerator with the recipe's tracker.

    InputError for an unknown tracker, too few sequences in a batch, and FSDP that the launcher cannot give.
    """
    precision = resolve_precision(options.precision)
    plugin = _fsdp_plugin(precision)
    ddp = DistributedDataParallelKwargs(gradient_as_bucket_view=True)  # no second copy of the gradients
    try:
        accelerator = make_accelerator(
            precision,
            log_with=options.log_with,
            project_dir=str(options.out),
            fsdp_plugin=plugin,
            kwargs_handlers=[ddp],
        )
    except ValueError as error:  # lists the available trackers
        raise InputError(f"log_with is {options.log_with!r}: {error}") from None
    if options.log_with is not None and not accelerator.log_with:
        raise InputError(f"log_with is {options.log_with!r}: not installed: pip install {options.log_with}")
    if plugin is not None and not accelerator.is_fsdp2:
        raise InputError("FSDP: it needs several processes, each with a GPU; launch without --use_fsdp")
    parts = accelerator.num_processes * options.batch.accumulation
    if options.batch.tokens // options.batch.max_length < parts:
        raise InputError(
            f"batch.tokens is {options.batch.tokens}: a batch needs at least one sequence of "
            f"{options.batch.max_length} tokens for each of its {parts} parts (processes x micro-batches)"
        )
    return accelerator


def _fsdp_plugin(precision: Precision) -> FullyShardedDataParallelPlugin | None:
    """The launcher's FSDP settings; None if it has not asked for FSDP. InputError for those that do not work here."""
    if not asks_for_fsdp():
        return None
    bf16 = MixedPrecisionPolicy(torch.bfloat16, torch.float32, cast_forward_inputs=False)  # gradients add up in fp32
    plugin = FullyShardedDataParallelPlugin(
        mixed_precision_policy=bf16 if precision == "bf16" else None,
        cpu_ram_efficient_loading=False,  # it would untie tied weights
    )
    if plugin.fsdp_version != 2:
        raise InputError("FSDP: only version 2 is supported; add --fsdp_version 2 to accelerate launch")
    if plugin.activation_checkpointing:
        raise InputError(
            "FSDP: leave out --fsdp_activation_checkpointing; pretrain has an option of its own, "
            "--activation-checkpointing"
        )
    if isinstance(plugin.cpu_offload, CPUOffloadPolicy):
        raise InputError("FSDP: weights cannot be kept on the CPU; leave out --fsdp_offload_params")
    return plugin


def prepare_sharding(accelerator: Accelerator, model: PretrainingModel, options: Pretrain) -> None:
    """Make each layer a unit of FSDP. InputError for a run that cannot be sharded. Does nothing without FSDP."""
    if not accelerator.is_fsdp2:
        return
    problems = [
        problem
        for problem, there in (
            (f"--optimizer.method {options.optimizer.method}", options.optimizer.method != "adamw"),
            ("static vectors", options.mixture.body == "static"),
            ("losses that compare the examples of a batch", bool(model.batch_losses)),
            ("an averaged copy of the weights", model.averaged is not None),
            ("--compile", options.compile),
        )
        if there
    ]
    if problems:
        raise InputError(f"FSDP does not work with {', '.join(problems)}; launch without --use_fsdp")
    plugin: Any = accelerator.state.fsdp_plugin
    layers = {type(module).__name__ for module in model.modules() if isinstance(module, GradientCheckpointingLayer)}
    plugin.auto_wrap_policy = transformer_auto_wrap_policy if layers else None
    plugin.transformer_cls_names_to_wrap = sorted(layers)
