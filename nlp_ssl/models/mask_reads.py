"""Attention masks that transformers makes without waiting for the device.

transformers reads from the device whether a padding mask has padding, whether ids without a mask have padding, and
whether a row holds several sequences. Each read waits until the device has done all that is queued. The answers are
known: our batches have a padding mask only if a sequence is padded and padding matters, and a row is one sequence.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor
from transformers import PreTrainedModel, masking_utils


@contextmanager
def known_masks() -> Iterator[None]:
    """Inside, a padding mask is taken to have padding, and a row to be one sequence. Can be nested.

    transformers has no public option for this.
    """
    before = [getattr(owner, name) for owner, name, _ in ANSWERS]
    for owner, name, answer in ANSWERS:
        setattr(owner, name, answer)
    try:
        yield
    finally:
        for (owner, name, _), original in zip(ANSWERS, before, strict=True):
            setattr(owner, name, original)


def _nothing(*_: Any) -> None:
    """A false answer: not without padding, not several sequences, no warning."""


def _needs_no_mask(padding_mask: Tensor | None, kv_length: int, local_attention_size: int | None = None) -> bool:
    """Whether every token reads all others of its row."""
    return padding_mask is None and (local_attention_size is None or kv_length < local_attention_size)


ANSWERS = (
    (masking_utils, "fast_all", _nothing),
    (masking_utils, "find_packed_sequence_indices", _nothing),
    (masking_utils, "_ignore_bidirectional_mask_sdpa", _needs_no_mask),
    (PreTrainedModel, "warn_if_padding_and_no_attention_mask", _nothing),
)
"""What reads from the device, and what replaces it."""
