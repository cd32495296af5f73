"""Tokens that no text gives, reserved in a vocabulary for objectives: T5's sentinels and UL2's mode tokens."""

from __future__ import annotations

import re
from typing import Any

from tokenizers import Tokenizer

from nlp_ssl.corpus.special_text import special_tokens

MODES = ("[R]", "[S]", "[X]")
"""Mode tokens of UL2 (Tay et al. 2023, section 3.1): regular, sequential and extreme denoising."""

_SENTINEL = re.compile(r"<extra_id_(\d+)>")


def sentinel(number: int) -> str:
    """The sentinel of a number, with T5's name."""
    return f"<extra_id_{number}>"


def reserved_tokens(sentinels: int) -> list[str]:
    """The tokens to reserve: this many sentinels and, if there are any, the mode tokens."""
    return [*map(sentinel, range(sentinels)), *(MODES if sentinels else ())]


def reserved_ids(tokenizer: Tokenizer) -> dict[str, Any]:
    """The ids of a tokenizer's sentinels, in order, and of its mode tokens by name. Both may be empty."""
    known = special_tokens(tokenizer)
    numbers = {int(found[1]): id for token, id in known.items() if (found := _SENTINEL.fullmatch(token))}
    return {
        "sentinel_ids": [numbers[number] for number in sorted(numbers)],
        "mode_ids": {mode: known[mode] for mode in MODES if mode in known},
    }
