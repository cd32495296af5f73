"""Single values of a table: containers are refused, numbers are plain, label names have one normal form."""

from __future__ import annotations

import math
from typing import Any
from unicodedata import normalize


def label_name(value: Any) -> str:
    """The name of a label: NFC-normalised and stripped. 1.0 is "1"; nothing and NaN are ""."""
    if value is None or value != value:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return normalize("NFC", str(value)).strip()


def number(value: Any) -> float | None:
    """The finite number that a value is or spells in the digits 0 to 9, else None; "1_000" and "１" are no numbers."""
    if isinstance(value, str) and (not value.isascii() or "_" in value):
        return None
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def container(value: Any) -> str | None:
    """What a value is called if it is no single value: "a list", "an object" or "binary data"; else None."""
    if isinstance(value, list | tuple | set):
        return "a list"
    if isinstance(value, dict):
        return "an object"
    return "binary data" if isinstance(value, bytes) else None
