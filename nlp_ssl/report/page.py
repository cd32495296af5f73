"""A page as data, and its two renderings: one HTML file that loads nothing, and Markdown.

A page is sections, a section is blocks: `Text`, `Table`, `Figures`, `Listing`. Texts are plain and are
escaped when they are rendered, so whatever a corpus or a task says, it stays text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from nlp_ssl.comparison.analysis import Mark

MARKS: dict[Mark, str] = {"better": "▲", "worse": "▼", "no significant difference": "≈"}
"""A sign for each verdict: colour alone tells nothing to some, and nothing on paper."""


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str
    kind: Literal["plain", "answer", "note", "warning"] = "plain"


@dataclass(frozen=True)
class Cell:
    """A cell of a table: what is read first, smaller lines below it, and a verdict."""

    text: str
    details: tuple[str, ...] = ()
    mark: Mark | None = None


@dataclass(frozen=True)
class Row:
    """A row of a table; a `quiet` one is there to compare with."""

    cells: Sequence[Cell | str]
    quiet: bool = False


@dataclass(frozen=True)
class Table:
    """A table whose first column names the rows; the header may be empty.

    With `words`, the other columns hold text and not figures, in `language` if that is given.
    """

    title: str
    header: Sequence[Cell | str]
    rows: Sequence[Row]
    note: str = ""
    words: bool = False
    language: str = ""


@dataclass(frozen=True)
class Figures:
    """Plots that are read together, each an <svg>; Markdown says only that they are in the HTML."""

    title: str
    plots: Sequence[str]
    note: str = ""


@dataclass(frozen=True)
class Listing:
    """Text that is shown as it is: a recipe, commands. A `folded` one opens on a click."""

    title: str
    text: str
    folded: bool = False


Block = Text | Table | Figures | Listing


@dataclass(frozen=True)
class Section:
    """A part of the page; `name` is what links point to."""

    name: str
    title: str
    blocks: Sequence[Block]


def html(title: str, facts: str, sections: Sequence[Section]) -> str:
    """The page as one HTML file. The first section is the answer and stands above the contents."""
    first, *rest = sections
    links = "".join(f'<li><a href="#{s.name}">{escape(s.title)}</a></li>\n' for s in rest)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{escape(title)}</title>
<style>
{STYLE}</style>
</head>
<body>
<main>
<header>
<h1>{escape(title)}</h1>
<p class="facts">{escape(facts)}</p>
</header>
{_section(first)}<nav aria-label="Contents"><ul>
{links}</ul></nav>
{"".join(map(_section, rest))}</main>
</body>
</html>
"""


def _section(section: Section) -> str:
    blocks = "".join(map(_block, section.blocks))
    return f'<section id="{section.name}">\n<h2>{escape(section.title)}</h2>\n{blocks}</section>\n'


def _block(block: Block) -> str:
    match block:
        case Text(text, "warning"):
            return f'<p class="warning"><strong>Note:</strong> {escape(text)}</p>\n'
        case Text(text, kind):
            return f'<p class="{kind}">{escape(text)}</p>\n'
        case Table():
            return _table(block)
        case Figures(title, plots, note):
            note = f'<p class="note">{escape(note)}</p>\n' if note else ""
            panels = "\n".join(f"<figure>{plot}</figure>" for plot in plots)
            return f'<h3>{escape(title)}</h3>\n{note}<div class="panels">\n{panels}\n</div>\n'
        case Listing(title, text, folded):
            shown = f"<pre>{escape(text)}</pre>"
            if folded:
                return f"<details><summary>{escape(title)}</summary>{shown}</details>\n"
            return f'<div class="listing"><h4>{escape(title)}</h4>{shown}</div>\n'


def _table(table: Table) -> str:
    def line(row: Row | list[Cell | str], tag: str) -> str:
        kind = ' class="quiet"' if isinstance(row, Row) and row.quiet else ""
        cells = row.cells if isinstance(row, Row) else row
        first, *others = (_cell(cell) for cell in cells)
        first = first.replace("_", "_<wbr>")  # where a long name may be broken
        scope = "col" if tag == "th" else "row"
        rest = "".join(f'<{tag} scope="col">{c}</{tag}>' if tag == "th" else f"<td>{c}</td>" for c in others)
        return f'<tr{kind}><th scope="{scope}">{first}</th>{rest}</tr>\n'

    note = f'<p class="note">{escape(table.note)}</p>\n' if table.note else ""
    title = f"<h3>{escape(table.title)}</h3>\n" if table.title else ""
    kind = ' class="words"' if table.words else ""
    label = f' aria-label="{escape(table.title)}"' if table.title else ""
    lang = f' lang="{escape(table.language)}"' if table.language else ""
    head = f"<thead>\n{line(list(table.header), 'th')}</thead>\n" if table.header else ""
    return (
        f'{title}<div class="scroll" role="region" tabindex="0"{label}>\n<table{kind}>\n{head}'
        f"<tbody{lang}>\n{''.join(line(row, 'td') for row in table.rows)}</tbody>\n</table>\n</div>\n{note}"
    )


def _cell(cell: Cell | str) -> str:
    if isinstance(cell, str):
        return escape(cell)
    text = escape(cell.text)
    if cell.mark is not None:
        kind = cell.mark.replace(" ", "-")
        text = f"<b>{text}</b> " if text else ""
        text += f'<span class="{kind}">{MARKS[cell.mark]} {cell.mark}</span>'
    return text + "".join(f"<small>{escape(detail)}</small>" for detail in cell.details)


def markdown(title: str, facts: str, sections: Sequence[Section]) -> str:
    """The page as Markdown: everything but the plots."""
    parts = [f"# {_escaped(title)}", _escaped(facts)]
    for section in sections:
        parts.append(f"## {_escaped(section.title)}")
        for block in section.blocks:
            parts += _markdown_block(block)
    return "\n\n".join(parts) + "\n"


def _markdown_block(block: Block) -> list[str]:
    match block:
        case Text(text, "warning"):
            return [f"> **Note:** {_escaped(text)}"]
        case Text(text, _):
            return [_escaped(text)]
        case Table():
            header: Sequence[Cell | str] = block.header or [""] * (len(block.rows[0].cells) if block.rows else 1)
            rule: list[Cell | str] = ["---"] * len(header)
            lines = [list(header), rule, *(list(row.cells) for row in block.rows)]
            table = "\n".join("| " + " | ".join(map(_markdown_cell, line)) + " |" for line in lines)
            title = [f"### {_escaped(block.title)}"] if block.title else []
            return [*title, table, *([_escaped(block.note)] if block.note else [])]
        case Figures(title, plots, _):
            return [f"### {_escaped(title)}", f"({len(plots)} plots, in the HTML page.)"]
        case Listing(title, text, _):
            # The fence has to be longer than any run of backticks inside.
            fence = "`" * (1 + max([2, *map(len, re.findall("`+", text))]))
            return [f"{_escaped(title)}:", f"{fence}text\n{text}\n{fence}"]


def _markdown_cell(cell: Cell | str) -> str:
    if isinstance(cell, str):
        return cell if cell == "---" else _escaped(cell)
    mark = f" {MARKS[cell.mark]} {cell.mark}" if cell.mark else ""
    return "<br>".join([_escaped(cell.text) + mark, *map(_escaped, cell.details)])


def _escaped(text: str) -> str:
    """Text that Markdown leaves as it is, in one line."""
    return re.sub(r"([\\|<*`#]|\](?=\())", r"\\\1", " ".join(text.split()))


STYLE = """\
:root {
  color-scheme: light dark;
  --ink: #1b1f24; --soft: #59636e; --line: #d5dae0; --ground: #ffffff; --band: #f4f6f8; --accent: #0a5ea8;
  --better: #00664a; --worse: #a63c00; --warn: #fff4dc; --warn-line: #d29922;
  --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #b0578d; --c4: #b87900; --c5: #3d9bd1; --grey: #767f89;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e4e8ec; --soft: #a0a9b3; --line: #3a424c; --ground: #14181d; --band: #1d232a; --accent: #74b4f0;
    --better: #4fd1a5; --worse: #ff9c66; --warn: #33290f; --warn-line: #b58719;
    --c0: #4ea8e0; --c1: #f58442; --c2: #35c79c; --c3: #e192c0; --c4: #e6b04a; --c5: #9ad4f5; --grey: #959ea8;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-padding-top: 1rem; }
body {
  margin: 0; background: var(--ground); color: var(--ink); line-height: 1.5;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Apple SD Gothic Neo",
    "Malgun Gothic", "Noto Sans KR", "Noto Sans CJK KR", "NanumGothic", sans-serif;
}
main { max-width: 80rem; margin: 0 auto; padding: 1.25rem 1rem 4rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .4rem; text-wrap: balance; }
h2 { font-size: 1.25rem; margin: 2.75rem 0 .6rem; padding-bottom: .25rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.75rem 0 .5rem; }
h4 { font-size: .8rem; margin: .5rem 0 .15rem; color: var(--soft); font-weight: 600; }
h1, h2, h3, p, li, summary { overflow-wrap: anywhere; word-break: keep-all; }
p { margin: .5rem 0; max-width: 46rem; }
a { color: var(--accent); }
.facts, .note { color: var(--soft); font-size: .875rem; }
#answer { background: var(--band); border-left: 4px solid var(--accent); border-radius: 4px; }
#answer { padding: .1rem 1rem .6rem; margin-top: 1.25rem; }
#answer h2 { border: 0; margin: .7rem 0 0; font-size: .8rem; text-transform: uppercase; letter-spacing: .06em; }
#answer h2 { color: var(--soft); padding: 0; }
.answer { font-size: 1.125rem; line-height: 1.45; }
.warning {
  background: var(--warn); border-left: 4px solid var(--warn-line); border-radius: 4px; padding: .4rem .75rem;
  font-size: .9rem; max-width: none;
}
nav ul { list-style: none; margin: 1.25rem 0 0; padding: 0; display: flex; flex-wrap: wrap; gap: .4rem 1.1rem; }
nav { font-size: .9rem; }
.scroll { overflow-x: auto; margin: .25rem 0; border: 1px solid var(--line); border-radius: 4px; }
table { border-collapse: separate; border-spacing: 0; font-size: .875rem; font-variant-numeric: tabular-nums; }
table { min-width: 100%; }
th, td { padding: .4rem .7rem; text-align: right; vertical-align: top; border-bottom: 1px solid var(--line); }
tbody tr:last-child > * { border-bottom: 0; }
td, thead th { white-space: nowrap; }
th { font-weight: 600; }
thead th { background: var(--band); vertical-align: bottom; }
tr > :first-child { text-align: left; position: sticky; left: 0; z-index: 1; background: var(--ground); }
tr > :first-child { border-right: 1px solid var(--line); max-width: 12rem; overflow-wrap: break-word; }
thead tr > :first-child { background: var(--band); }
tr.quiet > * { background: var(--band); color: var(--soft); }
tr.quiet th { font-weight: 400; }
small { display: block; color: var(--soft); font-size: .75rem; font-weight: 400; line-height: 1.35; }
.words td { text-align: left; white-space: pre-wrap; min-width: 14rem; overflow-wrap: anywhere; word-break: keep-all; }
.words thead th { text-align: left; }
.better { color: var(--better); font-weight: 600; }
.worse { color: var(--worse); font-weight: 600; }
.no-significant-difference { color: var(--soft); }
.better, .worse, .no-significant-difference { font-size: .75rem; }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); gap: 1rem 1.5rem; }
figure { margin: 0; min-width: 0; }
svg { display: block; width: 100%; max-width: 30rem; height: auto; font-family: inherit; font-size: 11px; }
svg text { fill: var(--ink); }
svg .soft { fill: var(--soft); }
svg .title { font-weight: 600; font-size: 12px; }
svg .grid { stroke: var(--line); stroke-width: 1; fill: none; }
svg .line { fill: none; stroke: var(--c); stroke-width: 1.75; stroke-linejoin: round; }
svg .faint { stroke-width: 1; opacity: .75; }
svg .band { fill: var(--c); opacity: .14; }
svg .dot { fill: var(--c); stroke: var(--ground); stroke-width: .75; }
svg .bar { fill: var(--c); }
svg .leader { stroke: var(--c); stroke-width: .75; opacity: .6; fill: none; }
pre {
  margin: 0; padding: .55rem .75rem; background: var(--band); border-radius: 4px; white-space: pre-wrap;
  overflow-wrap: anywhere; font-size: .8125rem; line-height: 1.5;
  font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", "D2Coding", "NanumGothicCoding",
    "Noto Sans Mono CJK KR", "Malgun Gothic", "Apple SD Gothic Neo", monospace;
}
details { margin: .5rem 0; }
summary { cursor: pointer; color: var(--accent); font-size: .9rem; margin-bottom: .25rem; }
@media (max-width: 40rem) {
  main { padding: 1rem .75rem 3rem; }
  h1 { font-size: 1.35rem; }
  th, td { padding: .35rem .5rem; }
  tr > :first-child { max-width: 8rem; }
  .words td { min-width: 10.5rem; }
  .answer { font-size: 1.05rem; }
}
@media print {
  :root {
    color-scheme: light;
    --ink: #000; --soft: #444; --line: #bbb; --ground: #fff; --band: #f4f4f4; --accent: #000; --better: #00503a;
    --worse: #8a3200; --warn: #fff; --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #b0578d; --c4: #b87900;
    --c5: #3d9bd1; --grey: #767f89;
  }
  @page { margin: 14mm; }
  body { font-size: 10pt; }
  main { max-width: none; padding: 0; }
  nav { display: none; }
  .scroll { overflow: visible; border: 0; }
  table { font-size: 8pt; }
  th, td, thead th { padding: .2rem .35rem; white-space: normal; }
  .words td { min-width: 0; }
  small { font-size: 7pt; }
  tr > :first-child { position: static; }
  tr, figure, .warning, #answer { break-inside: avoid; }
  h2, h3, h4 { break-after: avoid; }
  .panels { grid-template-columns: repeat(2, 1fr); }
  details::details-content { content-visibility: visible; block-size: auto; }
}
"""
