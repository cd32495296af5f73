"""A corpus that every installation has: the documentation inside its Python packages.

A document is the prose of one Python file: the paragraphs of its docstrings, separated by blank lines. Code, tables,
doctests and parameter lists are left out: a paragraph has at least `WORDS` words, and at least `WORD_SHARE` of its
space-separated strings are plain words. A paragraph that a package repeats is kept once. No package is imported, and
no text is copied into this project.

A docstring is any text between triple quotes. This also finds the documentation of attributes and compiled functions,
which a syntax tree does not show, in a tenth of the time. Other strings are dropped because they are not prose.

The text depends on the installed versions, so results are comparable only under the same `constraints.txt`.
"""

from __future__ import annotations

import os
import platform
import re
import sysconfig
from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import blake2b
from importlib.metadata import packages_distributions, version
from importlib.util import find_spec
from pathlib import Path

PACKAGES = (
    "transformers", "torch", "sympy", "scipy", "pandas", "sklearn", "numpy", "networkx", "huggingface_hub",
    "datasets", "accelerate",
)  # fmt: skip
"""The packages that are read if installed, in addition to Python's standard library; the slowest come first, so that
worker processes finish together."""

CHARACTERS = 1_000_000
"""Maximum text per package; without it, torch and transformers would be half of the corpus."""

WORDS = 12
WORD_SHARE = 0.72

_DOCSTRING = re.compile(r'("""|\'\'\')(.*?)\1', re.DOTALL)
_WORD = re.compile(r"[(\"'“]*[A-Z]?[a-z]+(?:['’-][a-z]+)*[)\"'”.,;:!?]*")
_NOT_PROSE = re.compile(
    r">>>|```|\\(?:begin|frac|sum)"  # doctests, code, formulas
    r"|^\s*(?:\.\. |[|+=]|[-=~^*]{4})"  # directives, tables, underlined headings
    r"|^\s*[-*`]{0,3}[a-z_]\w*`?\s*(?:\([^\n]*\)\s*)?:\s"  # "axis : int", "path (`str`): …"
    r"|^\s*(?:Args|Arguments|Attributes|Keyword [Aa]rguments|Parameters|Raises|Returns?|Yields):",
    re.MULTILINE,
)
_NOT_THE_PACKAGE = frozenset(
    {"test", "tests", "testing", "idle_test", "_vendor", "site-packages", "dist-packages", "__pycache__"}
)


def sources() -> list[str]:
    """The packages that are installed here, by import name, after "python" for the standard library."""
    return ["python", *(name for name in PACKAGES if find_spec(name) is not None)]


def identity(source: str) -> str:
    """Name and installed version of one of `sources()`, such as "numpy 2.4.0"; its documents depend on nothing else."""
    if source == "python":
        return f"python {platform.python_version()}"
    names = sorted(set(_distributions().get(source, [])))
    return ", ".join(f"{name} {version(name)}" for name in names) or source


def documents(source: str) -> Iterator[str]:
    """The documents of one of `sources()`, in an order that depends only on its file names."""
    for _, paragraphs in files(source):
        yield "\n\n".join(paragraphs)


def files(source: str) -> Iterator[tuple[str, list[str]]]:
    """The files of a package that have prose: name within the package, paragraphs.

    Files are ordered by the hash of their names, so that `CHARACTERS` keeps a sample of the package.
    """
    root = _root(source)
    seen: set[str] = set()
    characters = 0
    for name in sorted(_python_files(root), key=name_hash):
        found = (p for text in docstrings(root / name) for p in prose(text))
        paragraphs = [p for p in dict.fromkeys(found) if p not in seen]
        if paragraphs:
            seen.update(paragraphs)
            characters += sum(map(len, paragraphs))
            yield name, paragraphs
        if characters >= CHARACTERS:
            return


@cache
def _distributions() -> Mapping[str, list[str]]:
    """Distribution names ("scikit-learn") by import name."""
    return packages_distributions()


def name_hash(name: str) -> int:
    """A 64-bit hash of a file name, the same on every machine."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big")


def docstrings(file: Path) -> list[str]:
    """The texts between triple quotes in a Python file, with their indentation and escapes."""
    return [text for _, text in _DOCSTRING.findall(file.read_text(encoding="utf-8", errors="replace"))]


def prose(docstring: str) -> Iterator[str]:
    """The paragraphs of a docstring that are prose, each on one line."""
    for block in re.split(r"\n\s*\n", docstring):
        words = block.split()
        if len(words) < WORDS or _NOT_PROSE.search(block):
            continue
        if sum(_WORD.fullmatch(word) is not None for word in words) >= WORD_SHARE * len(words):
            yield " ".join(words)


def _python_files(root: Path) -> Iterator[str]:
    """The Python files below a folder, without tests and vendored packages."""
    for folder, inner, names in os.walk(root):
        inner[:] = sorted(set(inner) - _NOT_THE_PACKAGE)  # `os.walk` goes on into these
        below = Path(folder).relative_to(root)
        yield from ((below / name).as_posix() for name in names if name.endswith(".py"))


def _root(source: str) -> Path:
    """The folder of a package, found without importing it."""
    if source == "python":
        return Path(sysconfig.get_path("stdlib"))
    spec = find_spec(source)
    assert spec is not None and spec.origin is not None, f"{source} is not one of sources()"
    return Path(spec.origin).parent
