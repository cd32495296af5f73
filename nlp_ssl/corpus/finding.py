"""Paths, globs, declared corpora and hub datasets -> sources to read."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from glob import glob
from importlib import import_module
from pathlib import Path
from typing import Any

from nlp_ssl import declarations, registry
from nlp_ssl.corpus.folders import list_files
from nlp_ssl.corpus.sources import Source, file_source, formats
from nlp_ssl.corpus.streams import suffix_of
from nlp_ssl.errors import LISTED_CHARACTERS, InputError, cut
from nlp_ssl.toml_tables import read_toml

_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*(:[\w.-]+)?")


@dataclass
class Found:
    """The sources to read, in order and without repeats, and what is not read: names by reason."""

    sources: list[Source] = field(default_factory=list)
    not_read: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    outside: list[str] = field(default_factory=list)  # links that lead out of a folder: `link -> target`

    def add(self, other: Found) -> None:
        """Append what another search found; files that this one found are not taken twice."""
        if not self.sources:
            self.sources = other.sources
        else:
            known = {_identity(source) for source in self.sources}
            self.sources += [source for source in other.sources if _identity(source) not in known]
        for reason, names in other.not_read.items():
            self.not_read[reason] = list(dict.fromkeys(self.not_read[reason] + names))
        self.outside += other.outside


def _identity(source: Source) -> str:
    return os.path.realpath(source.name) if source.is_file else source.name


def find_sources(texts: Sequence[str], out: Path | None = None) -> Found:
    """The sources that paths, globs, declared corpora and hub datasets stand for.

    A folder stands for all files below it, except for `out`. InputError naming everything that is missing.
    """
    found = Found()
    problems: list[str] = []
    for text in dict.fromkeys(texts):
        try:
            found.add(_find(text, out))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(*problems)
    return found


def _find(text: str, out: Path | None) -> Found:
    path = Path(text)
    if path.is_file():
        declaration = _declaration(path)
        return Found([file_source(path)]) if declaration is None else _declared(text, declaration)
    if path.is_dir():
        found = _in_folder(path, out)
        if not found.sources:
            raise InputError(f"{text}: no file to read in this folder ({listed(found.not_read) or 'it is empty'})")
        return found
    if path.exists():
        raise InputError(f"{text}: not a regular file; prepare reads its input twice, so write it to a file first")
    if path.is_symlink():
        raise InputError(f"{text}: a broken link to {path.readlink()}; repair the link")
    if re.search(r"[*?\[]", text):
        return _matching(text, out)
    if text in declarations.names("data"):
        return _declared(text, read_toml(declarations.folder("data") / f"{text}.toml"))
    if _HUB_NAME.fullmatch(text) and suffix_of(path) not in formats():
        return Found([Source(text, "hub")])
    known = [*declarations.names("data"), *(neighbour.name for neighbour in path.parent.glob("*"))]
    close = get_close_matches(path.name, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else "check the path"
    raise InputError(f"{text}: no such file or folder; {hint}")


def listed(not_read: dict[str, list[str]]) -> str:
    """What is not read, in one line: the number for each reason, and the first names."""
    reasons = []
    for reason, names in sorted(not_read.items(), key=lambda item: -len(item[1])):
        more = ", …" if len(names) > 2 else ""
        reasons.append(f"{len(names):,} {reason}: {', '.join(map(end_of, names[:2]))}{more}")
    return "; ".join(reasons)


def end_of(name: str) -> str:
    """A path of at most 60 characters, for a message; its end where it is longer."""
    return name if len(name) <= LISTED_CHARACTERS else "…" + name[1 - LISTED_CHARACTERS :]


def _in_folder(folder: Path, out: Path | None) -> Found:
    listing = list_files(folder, out)
    known = formats()
    sources = [
        Source(name, known.get(suffix_of(Path(name)), "text"), bytes=os.stat(name).st_size, found=True)  # noqa: PTH116
        for name in listing.files
    ]
    return Found(sources, listing.not_read, listing.outside)


def _matching(pattern: str, out: Path | None) -> Found:
    """The files that match a pattern. Folders that match are read, too, unless the pattern itself goes into them."""
    found = Found()
    for name in sorted(glob(pattern, recursive=True)):  # noqa: PTH207 (absolute too)
        path = Path(name)
        if out is not None and path.resolve().is_relative_to(out.resolve()):
            found.not_read["output folder"].append(name)
        elif path.is_file():
            found.sources.append(file_source(path, found=True))
        elif not path.is_dir():
            found.not_read["broken link" if path.is_symlink() else "not a regular file"].append(name)
        elif "**" not in pattern:
            found.add(_in_folder(path, out))
    if not found.sources:
        raise InputError(f"{pattern}: no file matches")
    return found


def _declaration(path: Path) -> dict[str, Any] | None:
    """The content of a file that declares a corpus or a task; None for any other file."""
    if path.suffix != ".toml":
        return None
    try:
        content = read_toml(path)
    except InputError:  # another text, or of another encoding
        return None
    return content if {"corpus", "task"} & set(content) else None


def _declared(name: str, content: dict[str, Any]) -> Found:
    if "corpus" not in content:
        raise InputError(f"{name}: it declares a task, not a corpus; give the path of a text")
    module = content["corpus"].get("module") if isinstance(content["corpus"], dict) else None
    if not isinstance(module, str) or not re.fullmatch(r"\w+(\.\w+)*", module):
        raise InputError(f"{name}: [corpus] needs module, the name of a Python module")
    if not registry.is_trusted(module, "nlp_ssl.corpus") and name not in declarations.names("data"):
        raise InputError(f"{name}: module {cut(module)} is not imported from a declaration; load it with --plugin")
    try:
        return Found([Source(f"{module}:{source}", "module") for source in import_module(module).sources()])
    except (ImportError, AttributeError) as error:
        raise InputError(
            f"{name}: cannot read the corpus of module {module} ({error}); see docs/architecture.md"
        ) from None
