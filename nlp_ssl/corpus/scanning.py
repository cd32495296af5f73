"""One pass over each source before it is read: hash, encoding, line layout."""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from hashlib import blake2b, file_digest
from importlib import import_module
from pathlib import Path

from nlp_ssl import registry
from nlp_ssl.corpus.documents import wrap_width
from nlp_ssl.corpus.sources import DocumentKind, Source
from nlp_ssl.corpus.streams import CHUNK, DecodingError, decoded, read_bytes, undecodable
from nlp_ssl.errors import InputError

LARGEST_FILE_DOCUMENT = 16 * 2**20  # bytes; larger files are one document each only on request
_HEAD = 2**20  # characters that the line layout is judged by
_FEWEST_BAD_BYTES = 5  # with fewer invalid bytes, a file is damaged UTF-8 rather than another encoding


def is_encoding(name: str) -> bool:
    """Whether Python knows a text encoding of this name."""
    try:
        b"a".decode(name)
    except LookupError:
        return False
    except UnicodeError:
        pass
    return True


def scan(source: Source, encoding: str | None) -> Source | InputError:
    """The source with its hash and, for text, its encoding and layout; reads the whole file.

    `encoding` is the user's choice; None detects it. Errors are returned, so that those of all sources can be
    reported together: bytes that do not fit the encoding, or no encoding found.
    """
    try:
        if source.format == "hub":
            return source
        if source.format == "module":
            module, name = source.name.split(":")
            return replace(source, hash=import_module(module).identity(name))
        with Path(source.name).open("rb") as file:
            source = replace(source, hash=file_digest(file, lambda: blake2b(digest_size=16)).hexdigest())
        return with_encoding(source, encoding)
    except InputError as error:
        return error


def with_encoding(source: Source, encoding: str | None = None) -> Source:
    """The source with its encoding and line layout. DecodingError where the bytes do not fit."""
    if not registry.find("readers", source.format).decodes or not source.bytes:
        return source
    source = replace(source, encoding=encoding or _byte_order(source))
    try:
        head = _head(source)
    except DecodingError:
        if encoding or source.encoding != "utf-8":
            raise
        source = replace(source, encoding=_detect(source))
        head = _head(source)
    lines = head.strip("\n").split("\n")
    blank = sum(not line.strip() for line in lines) / len(lines)
    return replace(source, width=wrap_width(head) if source.format == "text" else None, blank_lines=blank)


def choose_document(sources: Sequence[Source]) -> tuple[DocumentKind, str]:
    """The default document kind for these text files, and the reason for it."""
    if len(sources) > 1 and max(source.bytes for source in sources) <= LARGEST_FILE_DOCUMENT:
        return "file", f"{len(sources)} files"
    if any(source.width for source in sources):
        return "block", "hard-wrapped text"
    if sum(source.blank_lines for source in sources) / len(sources) > 0.02:
        return "block", "blank lines between paragraphs"
    return "line", "no blank lines"


def _head(source: Source) -> str:
    """Decode the whole source to check its encoding; returns the whole lines at its beginning, in NFC."""
    head: list[str] = []
    characters = 0
    for chunk in decoded(source.name, source.encoding):
        if characters < _HEAD:
            head.append(chunk)
            characters += len(chunk)
    text = unicodedata.normalize("NFC", "".join(head))
    return text[: text.rfind("\n") + 1] or text


def _byte_order(source: Source) -> str:
    """The encoding given by a byte order mark; UTF-8 without one."""
    start = next(read_bytes(source.name), b"")[:4]
    if start.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    return "utf-16" if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8"


def _detect(source: Source) -> str:
    """The likely encoding of a file that is not valid UTF-8. DecodingError where it is damaged UTF-8."""
    sample = bytearray()
    bad = good = 0
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for chunk_number, chunk in enumerate(read_bytes(source.name)):
        text = decoder.decode(chunk)
        replaced = text.count("\ufffd")
        bad += replaced
        good += 0 if text.isascii() else sum(not c.isascii() for c in text) - replaced
        if replaced and len(sample) < _HEAD // 4:
            sample += _whole_lines(chunk[: _HEAD // 4], first=chunk_number == 0)
    if bad >= _FEWEST_BAD_BYTES and bad > good:
        from charset_normalizer import from_bytes

        best = from_bytes(bytes(sample)).best()
        if best is not None and best.encoding not in ("ascii", "utf_8"):
            return codecs.lookup(best.encoding).name
    raise undecodable(source.name, source.encoding, _first_bad_byte(source))


def _whole_lines(chunk: bytes, first: bool) -> bytes:
    """The whole lines of a chunk, or what is between blanks: neither is inside a character in any encoding."""
    for ending in (b"\n", b" "):
        start = 0 if first else chunk.find(ending) + 1
        if not first and not start:
            continue
        if len(chunk) < CHUNK:  # the end of the file
            return chunk[start:]
        if (end := chunk.rfind(ending)) > start:
            return chunk[start : end + 1]
    return chunk


def _first_bad_byte(source: Source) -> int:
    try:
        for _ in decoded(source.name, source.encoding):
            pass
    except DecodingError as error:
        if error.byte is None:
            raise
        return error.byte
    raise AssertionError("only called where decoding fails")
