"""Sources -> units of work, which depend on the input alone and not on the number of processes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from nlp_ssl import registry
from nlp_ssl.corpus.sources import Source, Span
from nlp_ssl.corpus.streams import CHUNK

UNIT_BYTES = 2**19  # of input in one unit: small, so that processes finish together and need little memory
UNITS = 4096  # beyond this number, units grow …
LARGEST_UNIT_BYTES = 2**23  # … up to this size


def unit_bytes(sources: Sequence[Source]) -> int:
    """The size of a unit in bytes of input."""
    return max(UNIT_BYTES, min(sum(source.bytes for source in sources) // UNITS, LARGEST_UNIT_BYTES))


def units(sources: Sequence[Source]) -> list[list[Span]]:
    """Cut sources into units of about `unit_bytes`: ranges of whole lines of large files, groups of small files."""
    found: list[list[Span]] = []
    enough = unit_bytes(sources)
    size = enough
    for source in sources:
        for span in _spans(source, enough):
            if not source.is_file or size >= enough:
                found.append([])
                size = 0
            found[-1].append(span)
            size += (span.end or source.bytes) - span.start if source.is_file else enough
    return found


def _spans(source: Source, size: int) -> Iterator[Span]:
    by_lines = registry.find("readers", source.format).by_lines and source.document not in ("file", "characters")
    wide = source.encoding.startswith(("utf-16", "utf-32"))  # a newline is not one byte there
    if not by_lines or source.compressed or wide or source.bytes < 2 * size:
        yield Span(source)
        return
    ending = re.compile(rb"\n[ \t\r]*\n" if source.document == "block" else rb"\n")
    start = 0
    with Path(source.name).open("rb") as file:
        while source.bytes - start >= 2 * size:
            end = _after(file, ending, start + size)
            if end is None:
                break
            yield Span(source, start, end)
            start = end
    if start < source.bytes:
        yield Span(source, start, source.bytes)


def _after(file: BinaryIO, ending: re.Pattern[bytes], at: int) -> int | None:
    """The offset just after the first `ending` at or after `at`, or None."""
    file.seek(at)
    seen = b""
    while chunk := file.read(CHUNK):
        seen += chunk
        if match := ending.search(seen):
            return at + match.end()
        # An ending may have begun in the last line break and the blanks behind it.
        kept = seen.rfind(b"\n") if seen.rstrip(b" \t\r").endswith(b"\n") else len(seen)
        at, seen = at + kept, seen[kept:]
    return None
