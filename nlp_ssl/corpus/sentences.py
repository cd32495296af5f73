"""The value of `--sentences` -> a sentence splitter."""

from __future__ import annotations

from nlp_ssl import registry
from nlp_ssl.corpus.documents import pieces
from nlp_ssl.corpus.splitters.base import Splitter
from nlp_ssl.errors import InputError

LONGEST_SPLIT = 2**20  # characters that are split at once


def load_splitter(name: str, language: str) -> Splitter:
    """A splitter by name. InputError where there is none of this name, or the language is not a language tag."""
    known = registry.names("splitters")
    if name not in known:
        raise InputError(f"--sentences {name}: not one of {', '.join(known)}; load one of your own with --plugin")
    splitter: Splitter = registry.find("splitters", name)(language)
    return splitter


def split_texts(splitter: Splitter, texts: list[str]) -> list[list[str]]:
    """The sentences of each text; a long text is split piece by piece, which takes less memory.

    InputError where a splitter of a plug-in returns anything else.
    """
    if all(len(text) <= LONGEST_SPLIT for text in texts):
        return split_checked(splitter, texts)
    return [_split_pieces(splitter, text) for text in texts]


def _split_pieces(splitter: Splitter, text: str) -> list[str]:
    """The sentences of a text. The last one of a piece may go on in the next piece, so it is split again with that."""
    found: list[str] = []
    rest = ""
    for piece in pieces([text], LONGEST_SPLIT):
        *whole, rest = split_checked(splitter, [rest + piece])[0] or [""]
        found += whole
        if len(rest) > LONGEST_SPLIT:
            found.append(rest)
            rest = ""
    return [*found, rest] if rest else found


def split_checked(splitter: Splitter, texts: list[str]) -> list[list[str]]:
    """The sentences of each text. InputError where a splitter of a plug-in returns anything else."""
    found = splitter.split(texts)
    fits = isinstance(found, list) and len(found) == len(texts)
    if not fits or not all(isinstance(text, list) and all(isinstance(s, str) for s in text) for text in found):
        raise InputError(f"--sentences {splitter.name}: must return a list of sentences, str, for each text")
    return found
