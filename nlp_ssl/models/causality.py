"""Which tokens a model's hidden states depend on, measured on the model itself.

An architecture's name does not say what it reads: transformers builds a `BertLMHeadModel` whose every position attends
to the whole text unless its config has `is_decoder=True`. So tokens are replaced one at a time, and the change of every
hidden state is read.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from nlp_ssl.errors import InputError, first_line

PROBED = 16
"""Tokens of the probe."""
CHANGE = 1e-4
"""Smallest change of a hidden state that counts, relative to the largest hidden state: above float32's rounding."""


@torch.no_grad()
def dependence(body: Any, argument: str = "input_ids", length: int = PROBED) -> Tensor:
    """Which hidden states of a body change with which tokens. bool [L, L], `[i, j]`: state i with token j.

    `argument` is what the tokens are passed as: "input_ids", or "decoder_input_ids" of an encoder-decoder, whose source
    then stays the same. The body must return one hidden state for each token.
    """
    device, config = next(body.parameters()).device, body.config
    generator = torch.Generator().manual_seed(0)
    half = config.vocab_size // 2  # special tokens have the lowest ids
    ids = torch.randint(half, config.vocab_size - 1, (length,), generator=generator)
    rows = ids.repeat(length + 1, 1)  # row j has token j replaced; the last row is unchanged
    rows[:length] += torch.eye(length, dtype=rows.dtype)
    inputs = {argument: rows.to(device)}
    if argument == "decoder_input_ids":
        inputs["input_ids"] = ids.repeat(length + 1, 1).to(device)
    training = body.training
    body.eval()
    try:
        states = body(**inputs, return_dict=True).last_hidden_state.float()  # [L + 1, L, H]
    finally:
        body.train(training)
    change = (states[:length] - states[length:]).abs().amax(-1)  # [changed token, state]
    changed: Tensor = change.T.cpu() > CHANGE * float(states.abs().max())
    return changed


def sees_later_tokens(body: Any, name: str) -> bool:
    """Whether any hidden state depends on a later token; of an encoder-decoder, any of its decoder's.

    Raises InputError, beginning with `name`, if the body cannot run on token ids alone.
    """
    argument = "decoder_input_ids" if body.config.is_encoder_decoder else "input_ids"
    positions = getattr(body.config, "max_position_embeddings", None)
    length = min(PROBED, positions) if isinstance(positions, int) and positions > 1 else PROBED
    try:
        return bool(dependence(body, argument, length).triu(1).any())
    except Exception as error:  # each architecture that takes other inputs fails in its own way
        reason = first_line(error)[:120]
        raise InputError(f"{name}: a forward pass over token ids fails ({reason})") from None
