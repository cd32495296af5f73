from importlib.resources import files

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
from nlp_ssl.report.html import render

PAYLOAD = "<img src=\"x\" onerror='y'> & | `a` *b* {{ 7 * 7 }}"
ESCAPED = "&lt;img src=&#34;x&#34; onerror=&#39;y&#39;&gt; &amp; | `a` *b* {{ 7 * 7 }}"


def page(*blocks: Block) -> str:
    answer = Section("answer", "The answer", [Paragraph("Yes.", "answer")])
    return render("Title", "Facts", [answer, Section("more", "More", blocks)])


def test_every_text_is_escaped() -> None:
    blocks = [
        Paragraph(PAYLOAD),
        Paragraph(PAYLOAD, "warning"),
        Table(
            PAYLOAD,
            [PAYLOAD, TableCell(PAYLOAD, (PAYLOAD,))],
            [TableRow([PAYLOAD, TableCell(PAYLOAD, (PAYLOAD,), "better")])],
            PAYLOAD,
            language=PAYLOAD,
        ),
        Plots(PAYLOAD, [], PAYLOAD),
        Listing(PAYLOAD, PAYLOAD),
        Listing(PAYLOAD, PAYLOAD, folded=True),
        Bibliography([Reference(PAYLOAD, PAYLOAD)]),
    ]
    text = render(PAYLOAD, PAYLOAD, [Section("a", PAYLOAD, []), Section("more", PAYLOAD, blocks)])
    assert "<img" not in text and "onerror='" not in text and "49" not in text.split("</style>")[1]
    # Title 2, facts 1, headings 2, contents 1, paragraphs 2, table 2 + 3 + 3 + 1 + 1, plots 2, listings 4, reference 2.
    assert text.count(ESCAPED) == 26


def test_plots_are_markup() -> None:
    assert "<figure><svg>1</svg></figure>" in page(Plots("T", ["<svg>1</svg>"]))


def test_a_verdict_is_shown_as_words_and_a_sign() -> None:
    cell = TableCell("71.0", ("[70, 72]", "p 0.40"), "no significant difference")
    assert (
        '<td><b>71.0</b> <span class="no-significant-difference">≈ no significant difference</span>'
        "<small>[70, 72]</small><small>p 0.40</small></td>"
    ) in page(Table("", ["model", "sst2"], [TableRow(["mlm", cell])]))


def test_a_verdict_without_a_number() -> None:
    row = TableRow(["mlm", TableCell("", (), "worse")])
    assert '<td><span class="worse">▼ worse</span></td>' in page(Table("", [], [row]))


def test_long_names_may_break_after_underscores() -> None:
    text = page(Table("", [], [TableRow(["gap_<sentences", "gap_sentences"])]))
    assert '<th scope="row">gap_<wbr>&lt;sentences</th>\n<td>gap_sentences</td>' in text


def test_wide_tables_say_that_they_scroll() -> None:
    def hint(columns: int) -> str:
        text = page(Table("", ["x"] * columns, []))
        return text.split('<p class="scrolls')[1].split("<")[0] if '<p class="scrolls' in text else ""

    assert hint(2) == ""
    assert hint(3) == '">Scroll sideways to see all 3 columns.'  # shown on phones only
    assert hint(8) == ' wide">Scroll sideways to see all 8 columns.'


def test_the_answer_precedes_the_contents() -> None:
    text = page()
    assert text.index("Yes.") < text.index('<a href="#more">More</a>') < text.index('<section id="more">')
    assert 'href="#answer"' not in text


def test_preformatted_text_keeps_its_lines() -> None:
    assert "<pre>a\n  b</pre>" in page(Listing("L", "a\n  b"))


def test_references_link_to_their_papers() -> None:
    text = page(Bibliography([Reference("Holm, 1979", "A title", "https://d.example/1"), Reference("B", "C")]))
    assert '<li>Holm, 1979. A title. <a href="https://d.example/1">https://d.example/1</a></li>\n<li>B. C.</li>' in text


def test_templates_are_part_of_the_package_and_the_style_is_inlined() -> None:
    folder = files("nlp_ssl.report") / "templates"
    assert {file.name for file in folder.iterdir()} == {"report.html", "style.css"}
    assert (folder / "style.css").read_text(encoding="utf-8").strip() in page()


def test_a_folded_table_opens_on_a_click() -> None:
    folded = page(Table("Classes", ["class", "mlm"], [TableRow(["a", "70.0"])], folded=True))
    assert "<details><summary>Classes</summary>" in folded and "<h3>Classes</h3>" not in folded
    assert folded.index("</table>") < folded.index("</details>")
    assert "<details>" not in page(Table("Classes", ["class", "mlm"], [TableRow(["a", "70.0"])]))
