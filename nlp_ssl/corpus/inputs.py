"""The sources of a preparation, scanned and checked against the options."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import cast, get_args

from nlp_ssl import registry
from nlp_ssl.console import say
from nlp_ssl.corpus.finding import Found, end_of, find_sources, listed
from nlp_ssl.corpus.options import PrepareOptions
from nlp_ssl.corpus.per_source import PerSource
from nlp_ssl.corpus.readers.base import TableReader
from nlp_ssl.corpus.scanning import UNREADABLE, NotRead, choose_document, is_encoding, scan
from nlp_ssl.corpus.sources import DocumentKind, Source
from nlp_ssl.corpus.workers import Workers
from nlp_ssl.errors import InputError, cut

PRINTED = 10  # groups of sources, and links, that are listed
_LENGTH = re.compile(r"([1-9][0-9]{0,8})-characters")
_CHOICES = ("auto", *(kind for kind in get_args(DocumentKind) if kind != "characters"))


@dataclass(frozen=True)
class Group:
    """Sources in one folder that are read in the same way."""

    name: str  # the folder, or the source where it is alone
    sources: tuple[int, ...]  # indices
    reason: str  # for the kind of document


@dataclass(frozen=True)
class Inputs:
    """All sources, in groups, and what is not read: names by reason."""

    sources: list[Source]
    groups: list[Group]
    not_read: dict[str, list[str]] = field(default_factory=dict)
    outside: list[str] = field(default_factory=list)


def scan_sources(options: PrepareOptions, workers: Workers) -> Inputs:
    """All sources with hash, encoding, layout and document kind; prints how each group of them is read.

    InputError where a source or an option does not fit.
    """
    encodings = PerSource("--encoding", options.encoding)
    _check_values(options)
    found = find_sources(options.text, options.out)
    names = [source.name for source in found.sources]
    for values in (
        encodings,
        PerSource("--document", options.document),
        PerSource("--text-column", options.text_column),
    ):
        values.check(names)
    scanned = workers.run_in_batches(scan, [(source, encodings.of(source.name)) for source in found.sources])
    problems = [problem for source in scanned if isinstance(source, InputError) for problem in source.problems]
    if problems:
        raise InputError(*problems)
    for source in scanned:
        if isinstance(source, NotRead):
            if source.reason in UNREADABLE and os.access(source.name, os.R_OK):
                raise InputError(
                    f"{source.name}: a worker cannot read it, this process can; all workers need the same file system"
                )
            found.not_read[source.reason].append(source.name)
    sources = [source for source in scanned if isinstance(source, Source)]
    if not sources:
        raise InputError(
            f"{', '.join(options.text[:3])}: no text in it ({listed(found.not_read)}); give a source with text"
        )
    sources, reasons = _with_rules(sources, options)
    groups = _groups(sources, reasons)
    numbers = {number: group for group, members in enumerate(groups) for number in members.sources}
    sources = [replace(source, group=numbers[number]) for number, source in enumerate(sources)]
    inputs = Inputs(sources, groups, dict(found.not_read), found.outside)
    _print(inputs, found, options)
    return inputs


def _check_values(options: PrepareOptions) -> None:
    problems = []
    for value in options.encoding:
        if not is_encoding(name := value.rpartition("=")[2]):
            problems.append(f"--encoding {cut(name)}: no such encoding; use for example utf-8, cp949 or latin-1")
    for value in options.document:
        kind = value.rpartition("=")[2]
        if kind not in _CHOICES and not _LENGTH.fullmatch(kind):
            problems.append(
                f"--document {cut(value)}: choose {', '.join(_CHOICES)} or a length such as 100000-characters"
            )
    if problems:
        raise InputError(*problems)


def _with_rules(sources: Sequence[Source], options: PrepareOptions) -> tuple[list[Source], list[str]]:
    """The sources with document kind and text column, and the reason for each kind."""
    documents = PerSource("--document", options.document)
    columns = PerSource("--text-column", options.text_column)
    texts = sum(source.format == "text" for source in sources)
    ruled, reasons, unfit = [], [], []
    for source in sources:
        chosen = documents.of(source.name) or "auto"
        length = _LENGTH.fullmatch(chosen)
        is_text = source.format == "text"
        fits = chosen == "auto" or length is not None or is_text == (chosen != "row")
        if not fits:
            unfit.append((source, chosen))
        if fits and chosen != "auto":
            document, reason = cast(DocumentKind, "characters" if length else chosen), "as chosen"
        else:
            document, reason = choose_document(source, texts == 1) if is_text else ("row", "a table")
        width = source.width if document != "line" else None
        column = columns.of(source.name) or "text"
        characters = int(length[1]) if length else 0
        ruled.append(
            replace(
                source, document=document, characters=characters, width=width, text_column=column,
                pair_columns=options.pair_columns,
            )
        )  # fmt: skip
        reasons.append(reason)
        if options.pair_columns and not issubclass(registry.find("readers", source.format), TableReader):
            raise InputError(f"{source.name}: no columns in it; --pair-columns reads .jsonl, .csv, .tsv and .parquet")
        if options.pair_columns and length:
            raise InputError(f"{source.name}: --document {chosen} would cut pairs; leave it out with --pair-columns")
    for source, chosen in unfit:
        if len(unfit) == len(sources) or documents.is_named(source.name):
            why = (
                "it has rows; leave --document out"
                if chosen != "row"
                else "a text file has no rows; use file, line or block"
            )
            raise InputError(f"{source.name}: --document {chosen}, but {why}")
    return ruled, reasons


def _groups(sources: Sequence[Source], reasons: Sequence[str]) -> list[Group]:
    members: dict[tuple[object, ...], list[int]] = {}
    for number, source in enumerate(sources):
        rule = (source.format, source.document, source.characters, source.text_column)
        members.setdefault((source.place, *rule), []).append(number)
    return [
        Group(sources[numbers[0]].name if len(numbers) == 1 else str(key[0]), tuple(numbers), reasons[numbers[0]])
        for key, numbers in members.items()
    ]


def _print(inputs: Inputs, found: Found, options: PrepareOptions) -> None:
    for group in inputs.groups[:PRINTED]:
        say(_described(group, [inputs.sources[number] for number in group.sources]))
    if len(inputs.groups) > PRINTED:
        kinds = Counter(inputs.sources[group.sources[0]].document for group in inputs.groups[PRINTED:])
        say(f"and {len(inputs.groups) - PRINTED:,} more folders or files ({', '.join(kinds)})")
    if any(group.reason not in ("as chosen", "a table") for group in inputs.groups):
        say("--document chooses otherwise, for all or with 'PATTERN=VALUE' for some")
    encodings = PerSource("--encoding", options.encoding)
    detected = [s for s in inputs.sources if s.encoding not in ("utf-8", encodings.of(s.name))]
    for source in detected[:PRINTED]:
        say(f"{source.name}: not UTF-8, read as {source.encoding} (--encoding names another)")
    if len(detected) > PRINTED:
        say(f"and {len(detected) - PRINTED:,} more files that are not UTF-8")
    if found.outside:
        say(f"links that lead out of the folder are read: {', '.join(map(end_of, found.outside[:PRINTED]))}")
    if found.not_read:
        say(f"not read: {listed(found.not_read)}")


def _described(group: Group, sources: Sequence[Source]) -> str:
    """How a group is read, in one line."""
    first = sources[0]
    files = f" ({len(sources):,} files)" if len(sources) > 1 else ""
    if first.format != "text":
        column = f", column {first.text_column!r}" if first.is_file or first.format == "hub" else ""
        if first.pair_columns:
            column = ", columns {!r} and {!r}".format(*first.pair_columns)
        pieces = f", cut into pieces of {first.characters:,} characters" if first.characters else ""
        return f"{group.name}{files}: a document is a row{column}{pieces}"
    kind = f"piece of {first.characters:,} characters" if first.document == "characters" else first.document
    line = f"{group.name}{files}: a document is a {kind} ({group.reason})"
    if wrapped := sum(source.width is not None for source in sources):
        line += f"; lines broken at a fixed width are joined ({wrapped} of {len(sources)} files)"
    return line
