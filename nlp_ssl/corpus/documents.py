"""Raw text -> clean documents: Unicode NFC, one line per paragraph, one space between words."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import pairwise

import numpy as np

WIDEST_WRAP = 130  # characters; longer lines are not hard-wrapped
_ENDINGS = ".!?…。！？\"”'’»」』)"  # of sentences
FEWEST_LINES = 16  # fewer are too few to detect wrapping


def blocks(lines: Iterable[str]) -> Iterator[str]:
    """The blocks of lines between blank lines."""
    block: list[str] = []
    for line in lines:
        if line.strip():
            block.append(line)
        elif block:
            yield "\n".join(block)
            block = []
    if block:
        yield "\n".join(block)


def wrap_width(text: str) -> int | None:
    """The width in characters at which a text is hard-wrapped, or None where its line breaks are meaningful.

    In wrapped text, most lines end where the next word does not fit, and many end inside a sentence. Equal length alone
    is not enough: such lines can also be verses, or one short text each.
    """
    lines = [line.rstrip() for line in text.split("\n")]
    written = [len(line) for line in lines if line]
    if len(written) < FEWEST_LINES:
        return None
    width = int(np.percentile(written, 95))
    breaks = [(line, after.lstrip()) for line, after in pairwise(lines) if line and after]
    if width > WIDEST_WRAP or len(breaks) < len(written) / 4:
        return None
    filled = sum(_filled(line, after) > 0.9 * width for line, after in breaks)
    continues = sum(line[-1] not in _ENDINGS and not after[0].isupper() for line, after in breaks)
    return width if filled >= 0.6 * len(breaks) and continues >= 0.4 * len(breaks) else None


def clean(text: str, width: int | None = None) -> str:
    r"""A clean document: NFC, no byte order mark, one line per paragraph, single spaces; "" where nothing is left.

    `width` is that of the hard-wrapped source, whose lines are joined to paragraphs. Without it, a text of enough lines
    is checked for wrapping by itself. Line breaks may be "\n", "\r\n" or "\r".
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = unicodedata.normalize("NFC", _without_surrogates(text.lstrip("\ufeff")))
    if "\n" not in text:
        return " ".join(text.split())
    width = width or wrap_width(text)
    lines = text.split("\n") if width is None else _unwrap(text.split("\n"), width)
    return "\n".join(line for line in (" ".join(line.split()) for line in lines) if line)


def document_hash(text: bytes) -> int:
    """A 64-bit hash of a clean document in UTF-8; it identifies the document and chooses its split."""
    return int.from_bytes(blake2b(text, digest_size=8, person=b"nlp_ssl").digest(), "big")


def _unwrap(lines: list[str], width: int) -> Iterator[str]:
    """Join hard-wrapped lines to paragraphs, which end at a short, blank or indented line."""
    paragraph = ""
    previous = ""
    for line in map(str.rstrip, lines):
        indented = line[:1].isspace() and not previous[:1].isspace()
        continues = (
            previous and line and (line[0].islower() or (not indented and _filled(previous, line) > 0.75 * width))
        )
        if not continues:
            yield paragraph
            paragraph = line
        elif paragraph.endswith("-") and paragraph[-2:-1].isalpha():  # a compound, "son-in-" + "law"
            paragraph += line.lstrip()
        else:
            paragraph += " " + line
        previous = line
    yield paragraph


def _filled(line: str, after: str) -> int:
    """The length of a line with the next line's first word, or 12 characters of it where there are no spaces."""
    return len(line) + 1 + min(len(after.split(maxsplit=1)[0]), 12)


def _without_surrogates(text: str) -> str:
    """Join surrogate pairs, which JSON can contain, and replace single surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
