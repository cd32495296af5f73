"""One pass over each source before it is read: hash, encoding, line layout."""

from __future__ import annotations

import codecs
import errno
import unicodedata
from dataclasses import dataclass, replace
from hashlib import blake2b, file_digest
from importlib import import_module
from pathlib import Path

from nlp_ssl import registry
from nlp_ssl.corpus.documents import are_unrelated, wrap_width
from nlp_ssl.corpus.sources import DocumentKind, Source, formats
from nlp_ssl.corpus.streams import CHUNK, DecodingError, decoded, read_bytes, suffix_of, undecodable
from nlp_ssl.errors import InputError

MOST_BLANK = 0.02  # share of blank lines in text without blank lines between its paragraphs
LARGEST_FILE_DOCUMENT = 16 * 2**20  # bytes; larger files are one document each only on request
_HEAD = 2**20  # characters that the line layout is judged by
UNREADABLE = ("no permission", "unreadable")
_NO_TEXT = "not UTF-8 and without a known suffix"
_FEWEST_BAD_BYTES = 5  # with fewer invalid bytes, a file is damaged UTF-8 rather than another encoding


def is_encoding(name: str) -> bool:
    """Whether Python knows an encoding of text files by this name."""
    try:
        b"a".decode(name)
    except LookupError:
        return False
    except UnicodeError:
        pass
    return codecs.lookup(name).name not in ("idna", "punycode", "undefined")  # of domain names, and of nothing


@dataclass(frozen=True)
class NotRead:
    """A file of a folder that is left out, and why."""

    name: str
    reason: str


def scan(source: Source, encoding: str | None) -> Source | NotRead | InputError:
    """The source with its hash and, for text, its encoding and layout; reads the whole file.

    `encoding` is the user's choice; None detects it. Errors are returned, so that those of all sources can be
    reported together: bytes that do not fit the encoding, or no encoding found. A file that was found in a folder is
    not an error where it is binary or not readable.
    """
    try:
        if source.format == "hub":
            return source
        if source.format == "module":
            module, name = source.name.split(":")
            return replace(source, hash=import_module(module).identity(name))
        if not source.bytes:
            return NotRead(source.name, "empty")
        with Path(source.name).open("rb") as file:
            source = replace(source, hash=file_digest(file, lambda: blake2b(digest_size=16)).hexdigest())
        scanned = with_encoding(source, encoding)
        guessed = encoding is None and not scanned.encoding.startswith("utf")
        return NotRead(source.name, _NO_TEXT) if guessed and _may_be_anything(source) else scanned
    except OSError as error:
        if not source.found or error.errno not in (errno.EACCES, errno.EPERM, errno.ENOENT, errno.EIO):
            raise
        return NotRead(source.name, UNREADABLE[error.errno not in (errno.EACCES, errno.EPERM)])
    except InputError as error:
        binary = isinstance(error, DecodingError) and error.byte is None
        if source.found and binary:
            return NotRead(source.name, "binary")
        return NotRead(source.name, _NO_TEXT) if _may_be_anything(source) else error


def _may_be_anything(source: Source) -> bool:
    """Whether nothing says that a file is text: it was found in a folder, and its suffix is unknown."""
    return source.found and suffix_of(Path(source.name)) not in formats()


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
    if source.format != "text":
        return replace(source, blank_lines=blank)
    width = wrap_width(head)
    unrelated = width is None and blank <= MOST_BLANK and are_unrelated(lines)
    return replace(source, width=width, blank_lines=blank, unrelated_lines=unrelated)


def choose_document(source: Source, alone: bool) -> tuple[DocumentKind, str]:
    """The default document kind for a text file, and the reason for it; `alone`: it is the only text file."""
    if not alone and source.bytes <= LARGEST_FILE_DOCUMENT:
        if source.unrelated_lines:
            return "line", "lines that have nothing to do with their neighbours"
        return "file", "one of several files"
    if source.width:
        return "block", "hard-wrapped text"
    if source.blank_lines > MOST_BLANK:
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
        for encoding in _likely_encodings(bytes(sample)):
            try:
                for _ in decoded(source.name, encoding):
                    pass
            except DecodingError:
                continue
            return encoding
    raise undecodable(source.name, source.encoding, _first_bad_byte(source))


def _likely_encodings(sample: bytes) -> list[str]:
    """The encodings that a sample may have, the likeliest first; UTF-16 and UTF-32 are known by their marks instead.

    A sample without any line break or blank may end inside a character, so it is also tried without its last byte.
    """
    from charset_normalizer import from_bytes

    matches = [match for some in (sample, sample[:-1]) for match in from_bytes(some)]
    matches.sort(key=lambda match: (match.chaos, -match.coherence))
    names = dict.fromkeys(codecs.lookup(match.encoding).name for match in matches)
    return [name for name in names if not name.startswith(("ascii", "utf"))]


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
