from nlp_ssl.report.page import Cell, Figures, Listing, Row, Section, Table, Text, html, markdown

NASTY = "<img src=\"x\" onerror='y'> & | `a` *b* [c](http://d.example)"
ESCAPED = "&lt;img src=&quot;x&quot; onerror=&#x27;y&#x27;&gt; &amp; | `a` *b* [c](http://d.example)"


def page(*blocks: object) -> list[Section]:
    return [Section("answer", "The answer", [Text("Yes.", "answer")]), Section("more", "More", list(blocks))]  # type: ignore[arg-type]


def test_every_text_of_a_page_is_escaped() -> None:
    blocks = [
        Text(NASTY),
        Text(NASTY, "warning"),
        Table(NASTY, [NASTY, Cell(NASTY, (NASTY,))], [Row([NASTY, Cell(NASTY, (NASTY,), "better")])], NASTY),
        Figures(NASTY, [], NASTY),
        Listing(NASTY, NASTY),
        Listing(NASTY, NASTY, folded=True),
    ]
    text = html(NASTY, NASTY, page(*blocks))
    assert "<img" not in text and "onerror='" not in text
    assert text.count(ESCAPED) == 20  # in 2 an attribute: the title of the table, the title of the page


def test_a_cell_with_a_verdict_says_it_in_words_and_sign() -> None:
    text = html(
        "t",
        "f",
        page(Table("", ["model", "sst2"], [Row(["mlm", Cell("71.0", ("[70, 72]",), "no significant difference")])])),
    )
    verdict = '<span class="no-significant-difference">≈ no significant difference</span>'
    assert f"<td><b>71.0</b> {verdict}<small>[70, 72]</small></td>" in text


def test_long_names_may_break_only_at_underscores() -> None:
    text = html("t", "f", page(Table("", [], [Row(["gap_sentences", "gap_sentences"])])))
    assert '<th scope="row">gap_<wbr>sentences</th><td>gap_sentences</td>' in text


def test_markdown_tables_stay_tables() -> None:
    table = Table("T", ["a", "b"], [Row(["x | y", Cell("1\n2", ("<b>",), "worse")])], "note")
    assert markdown("t", "f", page(table)).split("## More\n\n")[1] == (
        "### T\n\n| a | b |\n| --- | --- |\n| x \\| y | 1 2 ▼ worse<br>\\<b> |\n\nnote\n"
    )


def test_markdown_fences_are_longer_than_what_is_in_them() -> None:
    assert "L:\n\n````text\n```a\n````\n" in markdown("t", "f", page(Listing("L", "```a")))
