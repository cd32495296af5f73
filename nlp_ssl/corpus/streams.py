"""Files as streams: decompressed bytes, decoded text, lines."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from nlp_ssl.errors import InputError

COMPRESSIONS = (".gz", ".zst")
CHUNK = 2**18  # bytes read at once
LONGEST_DOCUMENT = 2**25  # characters, also of a line in a table: a document is in memory as a whole


class DecodingError(InputError):
    """Bytes that are not text in the expected encoding. `what` is the message without its remedy."""

    def __init__(self, what: str, remedy: str, byte: int | None = None) -> None:
        super().__init__(f"{what}; {remedy}")
        self.what = what
        self.byte = byte  # offset of the first wrong byte; None for a binary file


def without_compression(name: str) -> str:
    """A file name in lower case, without the suffix of a compression."""
    name = name.lower()
    for compression in COMPRESSIONS:
        name = name.removesuffix(compression)
    return name


def suffix_of(path: Path) -> str:
    """The suffix that gives the format: ".tsv" for both `a.tsv` and `a.tsv.gz`."""
    return Path(without_compression(path.name)).suffix


def lines(chunks: Iterator[str], where: str) -> Iterator[str]:
    r"""The lines of a text that comes in chunks, without "\n". InputError for one that `limited` refuses."""
    begun: list[str] = []  # the parts of a line that has not ended yet
    size = 0
    for chunk in chunks:
        first, *more = chunk.split("\n")
        begun.append(first)
        size = limited(size + len(first), where)
        if more:
            yield "".join(begun)
            yield from more[:-1]
            begun, size = [more[-1]], len(more[-1])
    if size:
        yield "".join(begun)


def limited(characters: int, where: str) -> int:
    """The same number. InputError where it is too large for a document, or for a line of a table."""
    if characters > LONGEST_DOCUMENT:
        raise InputError(
            f"{where}: a document or line of more than {LONGEST_DOCUMENT:,} characters; cut text into shorter "
            f"documents with --document 100000-characters, and texts in tables into several rows"
        )
    return characters


def decoded(name: str, encoding: str, start: int = 0, end: int | None = None) -> Iterator[str]:
    r"""The text of a byte range in chunks, with "\n" for every line break and no byte order mark.

    DecodingError where the bytes are not in the encoding or contain NUL characters.
    """
    at_start = "utf-8-sig" if encoding == "utf-8" and start == 0 else encoding
    try:
        decoder = codecs.getincrementaldecoder(at_start)()
    except LookupError:
        raise InputError(f"--encoding {encoding}: no such encoding; use for example utf-8, cp1252 or cp949") from None
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    offset = start
    for chunk in read_bytes(name, start, end):
        pending = len(decoder.getstate()[0])
        try:
            text = decoder.decode(chunk)
        except UnicodeError as error:  # UTF-16 without a byte order mark gives no position
            if encoding == "utf-8" and b"\0" in chunk:
                raise _binary(name) from None
            raise undecodable(name, encoding, offset - pending + getattr(error, "start", 0)) from None
        offset += len(chunk)
        if "\0" in text:
            raise _binary(name)
        yield newlines.decode(text)
    try:
        yield newlines.decode(decoder.decode(b"", final=True), final=True)
    except UnicodeDecodeError:
        raise undecodable(name, encoding, offset - len(decoder.getstate()[0])) from None


def undecodable(name: str, encoding: str, byte: int) -> DecodingError:
    """The error for a byte (its offset) that is not in the encoding."""
    return DecodingError(
        f"{name}: byte {byte:,} is not {encoding.upper()}",
        "repair the file or name its encoding with --encoding (such as --encoding cp1252)",
        byte,
    )


def _binary(name: str) -> DecodingError:
    return DecodingError(
        f"{name}: a binary file (it has NUL bytes), not text",
        "leave it out or name its encoding with --encoding (such as utf-16-le)",
    )


def read_bytes(name: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """The decompressed bytes of a range in chunks. InputError where a compressed file is damaged."""
    left = None if end is None else end - start
    try:
        with open_decompressed(name) as file:
            if start:
                file.seek(start)
            while chunk := file.read(CHUNK if left is None else min(CHUNK, left)):
                left = None if left is None else left - len(chunk)
                yield chunk
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{name}: damaged gzip file ({error}); get a new copy") from None
    except OSError as error:
        if error.errno is not None or not name.lower().endswith(".zst"):
            raise
        raise InputError(f"{name}: damaged zstd file ({error}); get a new copy") from None


def open_decompressed(name: str) -> BinaryIO:
    """Open a file for reading its decompressed bytes."""
    if name.lower().endswith(".gz"):
        return cast(BinaryIO, gzip.open(name, "rb"))
    if name.lower().endswith(".zst"):
        import pyarrow as pa

        return cast(BinaryIO, pa.CompressedInputStream(pa.PythonFile(Path(name).open("rb"), mode="r"), "zstd"))
    return Path(name).open("rb")
