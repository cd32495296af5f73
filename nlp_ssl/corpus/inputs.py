"""The sources of a preparation, scanned and checked against the options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from nlp_ssl.console import say
from nlp_ssl.corpus.options import Options
from nlp_ssl.corpus.scanning import choose_document, is_encoding, scan
from nlp_ssl.corpus.sources import DocumentKind, Source, find_sources
from nlp_ssl.corpus.workers import Workers
from nlp_ssl.errors import InputError


def scan_sources(options: Options, workers: Workers) -> list[Source]:
    """All sources with hash, encoding, layout and document kind; prints what was detected.

    InputError where a source or an option does not fit.
    """
    if options.encoding is not None and not is_encoding(options.encoding):
        raise InputError(f"--encoding {options.encoding}: no such encoding; use for example utf-8, cp949 or latin-1")
    scanned = workers.run(scan, [(source, options.encoding) for source in find_sources(options.text)])
    problems = [problem for source in scanned if isinstance(source, InputError) for problem in source.problems]
    if problems:
        raise InputError(*problems)
    sources: list[Source] = scanned
    if sources and all(source.is_file and not source.bytes for source in sources):
        raise InputError(*(f"{source.name}: empty; give a file with text in it" for source in sources))
    for source in sources:
        if source.encoding not in ("utf-8", options.encoding):
            say(f"{source.name}: not UTF-8, read as {source.encoding} (--encoding names another)")
    return _with_document(sources, options)


def _with_document(sources: Sequence[Source], options: Options) -> list[Source]:
    texts = [source for source in sources if source.format == "text" and source.bytes]
    if options.document == "row" and texts:
        raise InputError(f"{texts[0].name}: --document row, but a text file has no rows; use file, line or block")
    if options.document not in ("auto", "row") and len(texts) < len(sources):
        other = next(source for source in sources if source.format != "text")
        raise InputError(f"{other.name}: --document {options.document}, but it has rows; leave --document out")
    document: DocumentKind = "row"
    if texts and options.document == "auto":
        document, reason = choose_document(texts)
        say(f"a document is a {document} ({reason}; --document chooses another)")
    elif texts:
        document = cast(DocumentKind, options.document)
    wrapped = sum(source.width is not None for source in texts)
    if wrapped and document != "line":
        say(f"joining lines that were broken at a fixed width ({wrapped} of {len(texts)} files)")
    if document == "line":
        texts = [replace(source, width=None) for source in texts]
    by_name = {source.name: replace(source, document=document) for source in texts}
    return [by_name.get(source.name, source) for source in sources]
