"""Paths, globs, declared corpora and hub datasets -> sources to read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from glob import glob
from importlib import import_module
from pathlib import Path
from typing import Literal

from nlp_ssl import declarations, registry
from nlp_ssl.console import say
from nlp_ssl.corpus.streams import CHUNK, COMPRESSIONS, suffix_of
from nlp_ssl.errors import InputError
from nlp_ssl.toml_tables import read_toml

DocumentKind = Literal["file", "line", "block", "row"]
"""What one document is: a text file, a line of it, a block between blank lines, or a row of a table."""

_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*(:[\w.-]+)?")


@dataclass(frozen=True)
class Source:
    """A file, a source of a declared corpus, or a hub dataset, with what a scan found out about it."""

    name: str  # a path, `module:source` of a declared corpus, or a hub dataset's `owner/name[:config]`
    format: str  # the name of its reader
    bytes: int = 0  # on disk; 0 where unknown
    hash: str = ""  # blake2b of the file; the `identity` of a declared corpus's source
    encoding: str = "utf-8"
    width: int | None = None  # characters at which lines are hard-wrapped
    blank_lines: float = 0.0  # share of blank lines at the beginning of the file
    document: DocumentKind = "row"

    @property
    def compressed(self) -> bool:
        """Whether the file is compressed."""
        return self.name.lower().endswith(COMPRESSIONS)

    @property
    def is_file(self) -> bool:
        """Whether it is a file, whose size is known; not so for declared corpora and hub datasets."""
        return self.format not in ("module", "hub")


@dataclass(frozen=True)
class Span:
    """The bytes `start` to `end` (None: all) of a source."""

    source: Source
    start: int = 0
    end: int | None = None

    def where(self, line: int) -> str:
        """`file:line`, for a line of the span counted from 1."""
        if self.start:
            with Path(self.source.name).open("rb") as file:
                line += sum(file.read(min(CHUNK, self.start - at)).count(b"\n") for at in range(0, self.start, CHUNK))
        return f"{self.source.name}:{line}"


def formats() -> dict[str, str]:
    """The reader of each file suffix, such as {".csv": "csv"}; files with other suffixes are text."""
    return {suffix: name for name in registry.names("readers") for suffix in registry.find("readers", name).suffixes}


def find_sources(texts: Sequence[str]) -> list[Source]:
    """The sources that paths, globs, declared corpora and hub datasets stand for, in order and without repeats.

    A folder stands for all files below it that have a known suffix. InputError naming everything that is missing.
    """
    sources: list[Source] = []
    problems: list[str] = []
    for text in texts:
        try:
            sources += _find(text)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(*problems)
    return list(dict.fromkeys(sources))


def file_source(path: Path) -> Source:
    """The source of a file, with the reader of its suffix. InputError where its name is not UTF-8."""
    if any("\ud800" <= c <= "\udfff" for c in str(path)):
        raise InputError(f"{str(path)!a}: its name is not UTF-8; rename the file")
    return Source(str(path), formats().get(suffix_of(path), "text"), bytes=path.stat().st_size)


def _find(text: str) -> list[Source]:
    path = Path(text)
    if path.is_file():
        if _declares_a_task(path):
            raise InputError(f"{text}: it declares a task, not a corpus; give the path of a text")
        return [file_source(path)]
    if path.is_dir():
        return _files_below(path)
    if path.exists():
        raise InputError(f"{text}: not a regular file; prepare reads its input twice, so write it to a file first")
    if path.is_symlink():
        raise InputError(f"{text}: a broken link to {path.readlink()}; repair the link")
    if re.search(r"[*?\[]", text):
        matches = sorted(m for m in glob(text, recursive=True) if Path(m).is_file())  # noqa: PTH207 (absolute too)
        if not matches:
            raise InputError(f"{text}: no file matches")
        return [file_source(Path(m)) for m in matches]
    if text in declarations.names("data"):
        return _declared(text)
    if _HUB_NAME.fullmatch(text) and suffix_of(path) not in formats():
        return [Source(text, "hub")]
    known = [*declarations.names("data"), *(neighbour.name for neighbour in path.parent.glob("*"))]
    close = get_close_matches(path.name, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else "check the path"
    raise InputError(f"{text}: no such file or folder; {hint}")


def _declares_a_task(path: Path) -> bool:
    if path.suffix != ".toml":
        return False
    try:
        return "task" in read_toml(path)
    except InputError:  # another text, or of another encoding
        return False


def _files_below(folder: Path) -> list[Source]:
    known = formats()
    files: list[Path] = []
    skipped = Counter[str]()
    for file in sorted(f for f in folder.rglob("*") if f.is_file()):
        if any(part.startswith(".") for part in file.relative_to(folder).parts):
            skipped["hidden"] += 1
        elif suffix_of(file) not in known:
            skipped[f"{suffix_of(file)!a}" if suffix_of(file) else "without suffix"] += 1
        else:
            files.append(file)
    if not files:
        raise InputError(f"{folder}: no {', '.join(sorted(known))} file in this folder; name other text files directly")
    if skipped:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in skipped.most_common(10))
        say(f"{folder}: {skipped.total():,} files not read ({reasons}); name text files directly to read them")
    return [file_source(f) for f in files]


def _declared(name: str) -> list[Source]:
    declared = read_toml(declarations.folder("data") / f"{name}.toml")
    if "corpus" not in declared:
        raise InputError(f"{name}: it declares a task, not a corpus; give the path of a text")
    module = declared["corpus"]["module"]
    return [Source(f"{module}:{source}", "module") for source in import_module(module).sources()]
