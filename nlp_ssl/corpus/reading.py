"""Stage 1 of a preparation: sources -> clean documents.

`read_unit` runs in a worker process on one unit and writes a small JSON file with its counts last: its presence means
that the unit is done. Nothing is returned to the parent, whose memory would grow with the text.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nlp_ssl import registry
from nlp_ssl.console import progress
from nlp_ssl.corpus import emoji
from nlp_ssl.corpus.document_files import DocumentFile, document_path, write_documents, write_json
from nlp_ssl.corpus.documents import clean
from nlp_ssl.corpus.sources import Source, Span
from nlp_ssl.corpus.units import unit_bytes, units
from nlp_ssl.corpus.workers import Workers
from nlp_ssl.errors import InputError


@dataclass
class CleanText:
    """The documents that were read, and what was counted on the way."""

    files: list[DocumentFile] = field(default_factory=list)
    drops: Counter[str] = field(default_factory=lambda: Counter(empty=0))  # by reason
    characters: Counter[str] = field(default_factory=Counter)
    emoji: Counter[str] = field(default_factory=Counter)


def read_sources(sources: Sequence[Source], text_column: str, work: Path, workers: Workers) -> CleanText:
    """Read all units that are not done yet. InputError where a source cannot be read or no text is found."""
    work_units = units(sources)
    done = [work / "text" / f"{number:06d}.json" for number in range(len(work_units))]
    sizes = [sum((s.source.bytes if s.end is None else s.end) - s.start for s in spans) / 1e6 for spans in work_units]
    measure = "MB" if any(sizes) else "sources"  # the size of a declared corpus or hub dataset is not known
    sizes = sizes if any(sizes) else [1.0] * len(work_units)
    todo = [number for number, file in enumerate(done) if not file.is_file()]
    file_bytes = 2 * unit_bytes(sources)  # so a unit of uncompressed text is mostly one file
    with progress("read", sum(sizes), measure, done=sum(sizes) - sum(sizes[n] for n in todo)) as bar:
        # Hub datasets need heavy libraries: they are read in this process, to keep the workers light.
        heavy = [number for number in todo if work_units[number][0].source.format == "hub"]
        light = [number for number in todo if number not in heavy]
        for numbers, where in ((light, workers), (heavy, Workers(None))):
            where.run(
                read_unit,
                [(work_units[number], text_column, file_bytes, done[number]) for number in numbers],
                lambda i, numbers=numbers: bar.advance(sizes[numbers[i]]),  # type: ignore[misc]
            )
    text = _collect(done)
    text.drops["empty file"] = sum(source.is_file and not source.bytes for source in sources)
    if not text.files:
        raise InputError(*(f"{source.name}: no text in it; give one with text" for source in sources))
    return text


def _collect(done: Sequence[Path]) -> CleanText:
    text = CleanText()
    documents = 0
    for file in done:
        facts = json.loads(file.read_text(encoding="utf-8"))
        text.drops["empty"] += facts["empty"]
        text.characters.update(facts["characters"])
        text.emoji.update(facts["emoji"])
        for number, (count, size) in enumerate(facts["parts"]):
            text.files.append(DocumentFile(document_path(file, number), documents, count, size))
            documents += count
    return text


def read_unit(spans: Sequence[Span], text_column: str, file_bytes: int, done: Path) -> None:
    """Read and clean the documents of a unit, and write them to files beside `done`.

    A file is closed when it has `file_bytes` of text or more. `done` gets `parts` ([documents, bytes] each) and the
    counts `empty`, `characters` and `emoji`.
    """
    files: list[list[int]] = []
    empty = 0
    characters = Counter[str]()
    pictures = Counter[str]()
    texts: list[str] = []
    size = 0

    def close_file() -> None:
        write_documents(document_path(done, len(files)), texts)
        files.append([len(texts), size])
        joined = "\n".join(texts)
        counts = np.bincount(np.frombuffer(joined.encode("utf-32-le"), np.uint32))
        characters.update({chr(point): int(counts[point]) for point in np.flatnonzero(counts)})
        pictures.update(emoji.count(joined))

    for span in spans:
        for raw in read_span(span, text_column):
            text = clean(raw, span.source.width)
            if not text:
                empty += 1
                continue
            texts.append(text)
            size += len(text) if text.isascii() else len(text.encode())
            if size >= file_bytes:
                close_file()
                texts, size = [], 0
    if texts:
        close_file()
    facts = {"parts": files, "empty": empty, "characters": dict(characters), "emoji": dict(pictures)}
    write_json(done, facts)


def read_span(span: Span, text_column: str) -> Iterator[str]:
    """The raw documents of a span. InputError with file and line for the first thing that cannot be read."""
    if span.source.bytes or not span.source.is_file:
        yield from registry.find("readers", span.source.format)().documents(span, text_column)
