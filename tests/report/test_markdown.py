import pytest

from nlp_ssl.report.blocks import (
    Bibliography,
    Block,
    Listing,
    Paragraph,
    Plots,
    Reference,
    Section,
    Table,
    TableCell,
    TableRow,
)
from nlp_ssl.report.markdown import render


def body(*blocks: Block) -> str:
    return render("T", "F", [Section("more", "More", blocks)]).removeprefix("# T\n\nF\n\n## More\n\n")


def test_titles_are_escaped() -> None:
    assert render("a | b", "<c>", [Section("s", "`d`", [])]) == "# a \\| b\n\n\\<c>\n\n## \\`d\\`\n"


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("<b> & | `a` *b*", "\\<b> & \\| \\`a\\` \\*b\\*"),
        ("[c](http://d.example)", "[c\\](http://d.example)"),
        ("two\n\n# lines\\", "two \\# lines\\\\"),
    ],
)
def test_text_stays_text(text: str, escaped: str) -> None:
    assert body(Paragraph(text)) == f"{escaped}\n"
    assert body(Paragraph(text, "warning")) == f"> **Note:** {escaped}\n"


def test_tables_stay_tables() -> None:
    table = Table("T", ["a", "b"], [TableRow(["x | y", TableCell("1\n2", ("<b>",), "worse")])], "note")
    assert body(table) == "### T\n\n| a | b |\n| --- | --- |\n| x \\| y | 1 2 ▼ worse<br>\\<b> |\n\nnote\n"


def test_a_table_without_a_header_gets_an_empty_one() -> None:
    assert body(Table("", [], [TableRow(["a", "b"])])) == "|  |  |\n| --- | --- |\n| a | b |\n"


def test_plots_are_counted() -> None:
    assert body(Plots("Costs", ["<svg/>", "<svg/>"])) == "### Costs\n\n(2 plots, in the HTML report.)\n"


def test_a_fence_is_longer_than_any_fence_in_the_text() -> None:
    assert body(Listing("L", "```a")) == "L:\n\n````text\n```a\n````\n"
    assert body(Listing("L", "a")) == "L:\n\n```text\na\n```\n"


def test_references() -> None:
    references = [Reference("Holm, 1979", "A *title*", "https://d.example/1"), Reference("B", "C")]
    assert body(Bibliography(references)) == "- Holm, 1979. A \\*title\\*. <https://d.example/1>\n- B. C.\n"
