"""Stage 1 of a preparation: sources -> clean documents.

`read_unit` runs in a worker process on one unit and writes a small JSON file with its counts last: its presence means
that the unit is done. Nothing is returned to the parent, whose memory would grow with the text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nlp_ssl import registry
from nlp_ssl.console import progress
from nlp_ssl.corpus import emoji
from nlp_ssl.corpus.document_files import DocumentFile, document_path, finish, finished, write_documents
from nlp_ssl.corpus.documents import clean, pieces
from nlp_ssl.corpus.held_out_part import Dividing
from nlp_ssl.corpus.sources import Source, Span
from nlp_ssl.corpus.streams import limited
from nlp_ssl.corpus.surrogates import join_surrogates
from nlp_ssl.corpus.units import unit_bytes, units
from nlp_ssl.corpus.workers import Workers
from nlp_ssl.errors import InputError, cut, first_line
from nlp_ssl.json_files import read_object

_COUNTED = 2**22  # characters that are counted at once


@dataclass
class CleanText:
    """The documents that were read, and what was counted on the way."""

    files: list[DocumentFile] = field(default_factory=list)
    drops: Counter[str] = field(default_factory=lambda: Counter(empty=0))  # by reason
    replaced: int = 0  # single surrogates, which are no characters
    characters: Counter[str] = field(default_factory=Counter)
    emoji: Counter[str] = field(default_factory=Counter)


def read_sources(sources: Sequence[Source], dividing: Dividing, work: Path, workers: Workers) -> CleanText:
    """Read all units that are not done yet. InputError where a source cannot be read or no text is found."""
    work_units = units(sources)
    done = [work / "text" / f"{number:06d}.json" for number in range(len(work_units))]
    sizes = [sum((s.source.bytes if s.end is None else s.end) - s.start for s in spans) / 1e6 for spans in work_units]
    measure = "MB" if any(sizes) else "sources"  # the size of a declared corpus or hub dataset is not known
    sizes = sizes if any(sizes) else [1.0] * len(work_units)
    todo = [number for number, file in enumerate(done) if finished(file) is None]
    file_bytes = 2 * unit_bytes(sources)  # so a unit of uncompressed text is mostly one file
    with progress("read", sum(sizes), measure, done=sum(sizes) - sum(sizes[n] for n in todo)) as bar:
        # Hub datasets need heavy libraries: they are read in this process, to keep the workers light.
        heavy = [number for number in todo if work_units[number][0].source.format == "hub"]
        light = [number for number in todo if number not in heavy]
        for numbers, where in ((light, workers), (heavy, Workers(None))):
            where.run(
                read_unit,
                [(work_units[number], dividing, file_bytes, done[number]) for number in numbers],
                lambda i, numbers=numbers: bar.advance(sizes[numbers[i]]),  # type: ignore[misc]
            )
    text = _collect(done)
    if not text.files:
        more = f" and {len(sources) - 1:,} more" if len(sources) > 1 else ""
        raise InputError(f"{sources[0].name}{more}: no text in it; give a source with text")
    return text


def _collect(done: Sequence[Path]) -> CleanText:
    text = CleanText()
    documents = 0
    for file in done:
        facts = read_object(file, "run the command again")["facts"]
        text.drops["empty"] += facts["empty"]
        text.replaced += facts.get("replaced", 0)  # absent where an earlier version began
        text.characters.update(facts["characters"])
        text.emoji.update(facts["emoji"])
        for number, (count, size) in enumerate(facts["parts"]):
            text.files.append(DocumentFile(document_path(file, number), documents, count, size))
            documents += count
    return text


def read_unit(spans: Sequence[Span], dividing: Dividing, file_bytes: int, done: Path) -> None:
    """Read and clean the documents of a unit, and write them to files beside `done`, with the parts of long ones.

    A file is closed when it has `file_bytes` of text or more. `done` gets `parts` ([documents, bytes] each) and the
    counts `empty`, `replaced` (single surrogates), `characters` and `emoji`.
    """
    files: list[list[int]] = []
    empty = replaced = 0
    characters = Counter[str]()
    pictures = Counter[str]()
    texts: list[str] = []
    groups: list[int] = []
    size = 0

    def close_file() -> None:
        write_documents(document_path(done, len(files)), texts, groups, dividing.part)
        files.append([len(texts), size])
        for some in pieces(["\n".join(texts)], _COUNTED):
            counts = np.bincount(np.frombuffer(some.encode("utf-32-le"), np.uint32))
            found = {chr(point): int(counts[point]) for point in np.flatnonzero(counts)}
            characters.update(found)
            pictures.update(emoji.count(some, found))

    for span in spans:
        for raw in read_span(span):
            limited(len(raw), span.source.name)
            joined, lone = join_surrogates(raw)
            replaced += lone
            text = clean(joined, span.source.width)
            if not text:
                empty += 1
                continue
            texts.append(text)
            groups.append(span.source.group)
            size += len(text) if text.isascii() else len(text.encode())
            if size >= file_bytes:
                close_file()
                texts, groups, size = [], [], 0
    if texts:
        close_file()
    facts = {
        "parts": files, "empty": empty, "replaced": replaced, "characters": dict(characters), "emoji": dict(pictures)
    }  # fmt: skip
    texts_written = [document_path(done, number) for number in range(len(files))]
    finish(done, facts, [file for text in texts_written for file in (text, text.with_suffix(".npy"))])


def read_span(span: Span) -> Iterator[str]:
    """The raw documents of a span. InputError with file and line for the first thing that cannot be read.

    InputError, too, where the reader or the corpus of a plug-in raises another exception.
    """
    source = span.source
    reader = registry.find("readers", source.format)()
    code = source.name if source.format == "module" else type(reader).__module__
    try:
        if source.pair_columns:
            documents = reader.pairs(span, source.pair_columns)
        else:
            documents = reader.documents(span, source.text_column)
        if source.characters and source.format != "text":  # the reader of text cuts it as it comes
            documents = (piece for document in documents for piece in pieces([document], source.characters))
        yield from documents
    except (InputError, OSError):
        raise
    except Exception as error:
        if code.startswith("nlp_ssl."):
            raise
        reason = cut(f"{type(error).__name__}: {first_line(error)}")
        raise InputError(f"{source.name}: the plug-in that reads it failed ({reason}); repair the plug-in") from None
