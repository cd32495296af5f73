"""What a report consists of: sections of paragraphs, tables, plots, listings and references.

Texts are plain. `nlp_ssl.report.html` and `nlp_ssl.report.markdown` escape them, so no text from a corpus or a task
can become markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from nlp_ssl.comparison.board import Mark


@dataclass(frozen=True)
class Paragraph:
    """One paragraph of text."""

    text: str
    kind: Literal["plain", "answer", "note", "warning"] = "plain"


@dataclass(frozen=True)
class TableCell:
    """A table cell: its main text, smaller lines below it, and a verdict."""

    text: str
    details: tuple[str, ...] = ()
    verdict: Mark | None = None


@dataclass(frozen=True)
class TableRow:
    """A table row; baselines are `muted`."""

    cells: Sequence[TableCell | str]
    muted: bool = False


@dataclass(frozen=True)
class Table:
    """A table whose first column names the rows; an empty header is left out.

    The columns of a `prose` table hold sentences instead of numbers. `language` is their language tag (BCP 47). A
    `folded` table opens on a click.
    """

    title: str
    header: Sequence[TableCell | str]
    rows: Sequence[TableRow]
    note: str = ""
    prose: bool = False
    language: str = ""
    folded: bool = False


@dataclass(frozen=True)
class Plots:
    """Plots to be read together, each an <svg> element. Markdown only says that they are in the HTML file."""

    title: str
    plots: Sequence[str]
    note: str = ""


@dataclass(frozen=True)
class Listing:
    """Preformatted text, such as a recipe. A `folded` listing opens on a click."""

    title: str
    text: str
    folded: bool = False


@dataclass(frozen=True)
class Reference:
    """A paper: its citation key, the reference, and an https link or ""."""

    key: str
    text: str
    link: str = ""


@dataclass(frozen=True)
class Bibliography:
    """A list of papers."""

    references: Sequence[Reference]


Block = Paragraph | Table | Plots | Listing | Bibliography


@dataclass(frozen=True)
class Section:
    """A section of the report; links point to its `name`."""

    name: str
    title: str
    blocks: Sequence[Block]
