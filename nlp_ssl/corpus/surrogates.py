"""Surrogates in text, which JSON can contain: pairs become their character, single ones the replacement character."""

from __future__ import annotations

from typing import Any

REPLACEMENT = "\ufffd"


def join_surrogates(text: str) -> tuple[str, int]:
    """The text without surrogates, and the number of single ones, each replaced by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        joined = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return joined, joined.count(REPLACEMENT) - text.count(REPLACEMENT)
    return text, 0


def join_all(value: Any) -> tuple[Any, int]:
    """The same for all strings in a value of JSON: lists and objects may be nested."""
    if isinstance(value, str):
        return (value, 0) if value.isascii() else join_surrogates(value)
    if isinstance(value, list):
        items = [join_all(item) for item in value]
        return [item for item, _ in items], sum(lone for _, lone in items)
    if isinstance(value, dict):
        pairs = {join_surrogates(key)[0]: join_all(item) for key, item in value.items()}
        return {key: item for key, (item, _) in pairs.items()}, sum(lone for _, lone in pairs.values())
    return value, 0
