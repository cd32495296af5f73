"""The report as Markdown: everything except the plots."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nlp_ssl.comparison.board import SIGNS
from nlp_ssl.report.blocks import Bibliography, Block, Listing, Paragraph, Plots, Section, Table, TableCell


def render(title: str, facts: str, sections: Sequence[Section]) -> str:
    """The Markdown file."""
    parts = [f"# {_escape(title)}", _escape(facts)]
    for section in sections:
        parts.append(f"## {_escape(section.title)}")
        for block in section.blocks:
            parts += _block(block)
    return "\n\n".join(parts) + "\n"


def _block(block: Block) -> list[str]:
    match block:
        case Paragraph(text, "warning"):
            return [f"> **Note:** {_escape(text)}"]
        case Paragraph(text, _):
            return [_escape(text)]
        case Table():
            return _table(block)
        case Plots(title, plots, _):
            return [f"### {_escape(title)}", f"({len(plots)} plots, in the HTML report.)"]
        case Listing(title, text, _):
            # The fence must be longer than any run of backticks in the text.
            fence = "`" * (1 + max([2, *map(len, re.findall("`+", text))]))
            return [f"{_escape(title)}:", f"{fence}text\n{text}\n{fence}"]
        case Bibliography(references):
            lines = [f"- {_escape(r.key)}. {_escape(r.text)}.{f' <{r.link}>' * bool(r.link)}" for r in references]
            return ["\n".join(lines)]


def _table(table: Table) -> list[str]:
    columns = len(table.header or (table.rows[0].cells if table.rows else [""]))
    header = [_cell(cell) for cell in table.header or [""] * columns]
    lines = [header, ["---"] * columns, *([_cell(cell) for cell in row.cells] for row in table.rows)]
    title = [f"### {_escape(table.title)}"] if table.title else []
    note = [_escape(table.note)] if table.note else []
    return [*title, "\n".join(f"| {' | '.join(line)} |" for line in lines), *note]


def _cell(cell: TableCell | str) -> str:
    if isinstance(cell, str):
        return _escape(cell)
    verdict = f" {SIGNS[cell.verdict]} {cell.verdict}" if cell.verdict else ""
    return "<br>".join([_escape(cell.text) + verdict, *map(_escape, cell.details)])


def _escape(text: str) -> str:
    """The text on one line, with everything escaped that Markdown would interpret."""
    return re.sub(r"([\\|<*`#]|\](?=\())", r"\\\1", " ".join(text.split()))
