"""Raw text -> clean documents: Unicode NFC, one line per paragraph, one space between words."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from itertools import pairwise
from math import log

import numpy as np
import numpy.typing as npt
import regex

from nlp_ssl.corpus.streams import limited
from nlp_ssl.corpus.words import UNSPACED

WIDEST_WRAP = 130  # characters; longer lines are not hard-wrapped
_ENDINGS = ".!?…。！？\"”'’»」』)"  # of sentences
FEWEST_LINES = 16  # fewer are too few to detect wrapping
FEWEST_UNRELATED = 200  # fewer lines are too few to tell a list from a text
_MOST_LINES = 2000  # that are compared
MOST_CONTINUITY = 0.17  # standard deviations, see `are_unrelated`
_WORD = re.compile(r"\w+")
_WIDE = re.compile("[\u2e80-\ua4cf\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\U00020000-\U0003fffd]")
"""Characters of two columns that a line may break after: Chinese and Japanese, with their punctuation."""
_WITHOUT_SPACES = regex.compile(rf"[{UNSPACED}、。，；：！？]")


def blocks(lines: Iterable[str], where: str) -> Iterator[str]:
    """The blocks of lines between blank lines. InputError for one that `limited` refuses."""
    block: list[str] = []
    size = 0
    for line in lines:
        if line.strip():
            block.append(line)
            size = limited(size + len(line) + 1, where)
        elif block:
            yield "\n".join(block)
            block, size = [], 0
    if block:
        yield "\n".join(block)


def pieces(chunks: Iterable[str], characters: int) -> Iterator[str]:
    """A text that comes in chunks, cut into pieces of at most so many characters.

    A piece ends at a line break, else at a blank, in its second half; without either, anywhere but before a combining
    character.
    """
    kept: list[str] = []
    size = 0
    for chunk in chunks:
        kept.append(chunk)
        size += len(chunk)
        if size > characters:
            text, start = "".join(kept), 0
            while len(text) - start > characters:
                end = _end_of_piece(text, start, characters)
                yield text[start:end]
                start = end
            kept, size = [text[start:]], len(text) - start
    if size:
        yield "".join(kept)


def _end_of_piece(text: str, start: int, characters: int) -> int:
    past = start + characters
    for ending in ("\n", " "):
        if (at := text.rfind(ending, start + characters // 2, past)) >= 0:
            return at + 1
    while past > start + 1 and unicodedata.combining(text[past]):
        past -= 1
    return past


def wrap_width(text: str) -> int | None:
    """The width in characters at which a text is hard-wrapped, or None where its line breaks are meaningful.

    In wrapped text, most lines end where the next word does not fit, and many end inside a sentence. Equal length alone
    is not enough: such lines can also be verses, or one short text each. Chinese and Japanese lines must have equal
    length, since nearly equal ones can be a list.
    """
    lines = [line.rstrip() for line in text.split("\n")]
    written = [len(line) for line in lines if line]
    if len(written) < FEWEST_LINES:
        return None
    width = int(np.percentile(written, 95))
    breaks = [(line, after.lstrip()) for line, after in pairwise(lines) if line and after]
    if width > WIDEST_WRAP or len(breaks) < len(written) / 4:
        return None
    if 2 * sum(bool(_WIDE.match(line[-1]) and _WIDE.match(after[0])) for line, after in breaks) > len(breaks):
        # Lines break after any character, so full ones have the same number of columns, or one less before a wide one.
        columns = [len(line) + len(_WIDE.findall(line)) for line, _ in breaks]
        most = Counter(columns).most_common(1)[0][0]
        filled = columns.count(most) + columns.count(most - 1)
    else:
        filled = sum(_filled(line, after) > 0.9 * width for line, after in breaks)
    continues = sum(line[-1] not in _ENDINGS and not after[0].isupper() for line, after in breaks)
    return width if filled >= 0.6 * len(breaks) and continues >= 0.4 * len(breaks) else None


def are_unrelated(lines: Sequence[str]) -> bool:
    """Whether lines, such as reviews, have no more words in common with the next line than with a distant one.

    Compared is the cosine of the words of a line, weighted by their inverse document frequency, with the words of
    those one and two lines on, and of those a third and half of the text away. The mean of the difference, in standard
    deviations, is at least 0.22 in novels and at most 0.12 in lists of reviews and tweets.
    """
    some = [set(_WORD.findall(line.casefold())) for line in lines if line.strip()][:_MOST_LINES]
    n = len(some)
    if n < FEWEST_UNRELATED:
        return False
    frequency = Counter(word for words in some for word in words)
    weight = {word: log(n / count) ** 2 for word, count in frequency.items()}
    norm = [sum(map(weight.__getitem__, words)) ** 0.5 or 1.0 for words in some]

    def likeness(away: int) -> npt.NDArray[np.float64]:
        """The cosine of each line with the one that is so many lines on."""
        pairs = ((i, (i + away) % n) for i in range(n))
        shared = [sum(map(weight.__getitem__, some[i] & some[j])) / (norm[i] * norm[j]) for i, j in pairs]
        return np.array(shared)

    difference = likeness(1) + likeness(2) - likeness(n // 3) - likeness(n // 2)
    return bool(difference.mean() < MOST_CONTINUITY * difference.std())


def clean(text: str, width: int | None = None) -> str:
    r"""A clean document: NFC, no byte order mark, one line per paragraph, single spaces; "" where nothing is left.

    `width` is that of the hard-wrapped source, whose lines are joined to paragraphs. Without it, a text of enough lines
    is checked for wrapping by itself. Line breaks may be "\n", "\r\n" or "\r".
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = unicodedata.normalize("NFC", text.lstrip("\ufeff"))
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
        else:
            paragraph += ("" if _is_glued(paragraph, line.lstrip()) else " ") + line.lstrip()
        previous = line
    yield paragraph


def _is_glued(paragraph: str, line: str) -> bool:
    """Whether no space belongs between two lines: in a compound ("son-in-" + "law"), and in scripts without spaces."""
    compound = paragraph.endswith("-") and paragraph[-2:-1].isalpha()
    return compound or (_without_spaces(paragraph[-1]) and _without_spaces(line[0]))


def _filled(line: str, after: str) -> int:
    """The length of a line with the next line's first word, or 12 characters of it.

    In a script without spaces between words, a line may break after any character, or within a few: two count.
    """
    word = after.split(maxsplit=1)[0]
    return len(line) + 1 + min(len(word), 2 if _without_spaces(word[0]) else 12)


def _without_spaces(character: str) -> bool:
    """Whether it is of a script without spaces between words."""
    return character >= "\u0e00" and _WITHOUT_SPACES.match(character) is not None  # Thai, the first of these scripts
