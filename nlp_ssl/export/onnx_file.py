"""One .onnx file of an encoder, a decoder or a classifier, for onnxruntime.

Inputs: `input_ids` and `attention_mask`, int64 [B, L], for any B and L; the mask is 0 at padding. Outputs, float32:
`last_hidden_state` [B, L, H], and of models with a head `logits`: [B, L, V] of language models and classifiers of
tokens, [B, labels] of classifiers of texts.

The file is run before it is kept, on another batch than that which it was made from.
"""

from __future__ import annotations

import logging
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import (
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
)

from nlp_ssl.errors import InputError, cut
from nlp_ssl.models.architectures import longest_input
from nlp_ssl.models.auto import has_head, model_class
from nlp_ssl.models.loading import load_config, load_model

TOLERANCE = 1e-4
"""Largest difference of an output from PyTorch's, relative to the largest output, or to 1."""
LARGEST = 2**31
"""Bytes that one .onnx file can hold."""
HEADS = (
    AutoModelForMaskedLM,
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
)


class _Outputs(nn.Module):
    """A model whose outputs are a tuple: the hidden states of its body, and logits if it has a head."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, ...]:
        found: list[Tensor] = []
        hook = self.model.base_model.register_forward_hook(lambda *call: found.append(call[2].last_hidden_state))
        try:
            outputs = self.model(input_ids=input_ids, attention_mask=attention_mask, return_dict=True)
        finally:
            hook.remove()
        return (found[0], outputs.logits) if "logits" in outputs else (found[0],)


def write(folder: Path, beside: Path, out: Path) -> str:
    """Write the file. InputError if packages are missing, or torch cannot export the architecture."""
    missing = [name for name in ("onnx", "onnxscript", "onnxruntime") if find_spec(name) is None]
    if missing:
        raise InputError(f'--for onnx: {", ".join(missing)} not installed; pip install "nlp_ssl[export]"')
    model = _load(folder)
    size = sum(weight.numel() * weight.element_size() for weight in model.parameters())
    if size >= LARGEST:
        raise InputError(f"{folder}: {size / 2**30:.1f} GiB of weights; one .onnx file holds 2 GiB")
    outputs = _Outputs(model).eval()
    try:
        names = _export(outputs, beside)
        worst = _difference(outputs, beside)
    except Exception as error:  # each architecture that cannot be traced fails in its own way
        reason = cut(error, 120) or type(error).__name__
        raise InputError(f"{folder}: torch.onnx cannot export {model.config.model_type!r} ({reason})") from None
    if not worst <= TOLERANCE:
        raise InputError(
            f"{folder}: torch.onnx exports {model.config.model_type!r} with outputs that differ by {worst:.1g}"
        )
    return f"outputs {' and '.join(names)}, within {worst:.0e} of PyTorch's"


def _load(folder: Path) -> Any:
    """The model with the head that its config names, or its body, in evaluation mode."""
    config = load_config(folder)
    if config.is_encoder_decoder or config.model_type == "static_vectors":
        raise InputError(
            f"{folder}: only encoders and decoders are exported for onnx, not {config.model_type!r}; "
            "for static vectors use --for word2vec"
        )
    named = [auto for auto in HEADS if has_head(auto, config) and model_class(auto, config).__name__ in _named(config)]
    model, missing = load_model(folder, named[0] if named else AutoModel)
    if required := sorted(name for name in missing if "pooler" not in name):
        raise InputError(f"{folder}: the checkpoint has no weights for {', '.join(required[:3])}, …")
    model.config.use_cache = False
    return model.eval()


def _named(config: Any) -> list[str]:
    return config.architectures or []


def _batch(model: Any, rows: int, length: int) -> tuple[Tensor, Tensor]:
    """Ids and mask, int64 [rows, length]; the last row is padded."""
    length = longest_input(model.config, length)
    generator = torch.Generator().manual_seed(0)
    half = model.config.vocab_size // 2  # special tokens have the lowest ids
    ids = torch.randint(half, model.config.vocab_size, (rows, length), generator=generator)
    mask = torch.ones_like(ids)
    mask[-1, length - 3 :] = 0
    return ids, mask


def _export(outputs: _Outputs, file: Path) -> list[str]:
    """Write the file; returns the names of its outputs."""
    inputs = _batch(outputs.model, 2, 8)
    with torch.no_grad():
        names = ["last_hidden_state", "logits"][: len(outputs(*inputs))]
    sizes = {0: "batch", 1: "length"}
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it warns of torchvision, which is not needed
    with warnings.catch_warnings(action="ignore"):  # of parts of torch about each other
        program = torch.onnx.export(
            outputs,
            inputs,
            input_names=["input_ids", "attention_mask"],
            output_names=names,
            dynamic_shapes=(sizes, sizes),
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    for part in (program.model, program.model.graph, *program.model.graph.all_nodes()):
        part.metadata_props.clear()  # lines of source files of this machine
    program.save(str(file), external_data=False)
    return names


def _difference(outputs: _Outputs, file: Path) -> float:
    """The largest difference between PyTorch's outputs and those of the file, relative to the largest one, or to 1."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    worst = 0.0
    for rows, length in ((3, 13), (1, 5)):
        ids, mask = _batch(outputs.model, rows, length)
        with torch.no_grad():
            expected = [output.numpy() for output in outputs(ids, mask)]
        found = session.run(None, {"input_ids": ids.numpy(), "attention_mask": mask.numpy()})
        for one, other in zip(expected, found, strict=True):
            if one.ndim == 3:  # what is computed at padding does not matter
                one, other = one[mask.numpy() == 1], other[mask.numpy() == 1]
            worst = max(worst, float(np.abs(one - other).max() / max(1.0, np.abs(one).max())))
    return worst
