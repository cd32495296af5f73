"""The report as one HTML file that loads nothing and works offline."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from nlp_ssl.comparison.board import SIGNS
from nlp_ssl.report.blocks import Bibliography, Block, Listing, Paragraph, Plots, Section, Table, TableCell

WIDE = 7
"""Tables with more columns than this do not fit a desktop window and say that they scroll."""
NARROW = 2
"""Tables with more columns than this do not fit a phone."""


def render(title: str, facts: str, sections: Sequence[Section]) -> str:
    """The HTML file. The first section is the answer and precedes the table of contents."""
    text: str = _environment().get_template("report.html").render(title=title, facts=facts, sections=sections)
    return text + "\n"


def _environment() -> Environment:
    """Templates escape everything except plots, which escape their own texts."""
    environment = Environment(
        loader=PackageLoader("nlp_ssl.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.tests |= {"paragraph": _is(Paragraph), "table": _is(Table), "plots": _is(Plots)}
    environment.tests |= {"listing": _is(Listing), "bibliography": _is(Bibliography)}
    environment.filters |= {"cell": _cell, "breakable": _breakable}
    environment.globals |= {"signs": SIGNS, "WIDE": WIDE, "NARROW": NARROW}
    return environment


def _is(kind: type) -> Callable[[Block | str], bool]:
    return lambda value: isinstance(value, kind)


def _cell(cell: TableCell | str) -> TableCell:
    """A plain string is a cell without details."""
    return TableCell(cell) if isinstance(cell, str) else cell


def _breakable(text: str) -> Markup:
    """The escaped text with line breaks allowed after underscores: names of models and recipes are long."""
    return Markup("_<wbr>").join(escape(part) for part in text.split("_"))
