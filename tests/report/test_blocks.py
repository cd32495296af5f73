from nlp_ssl.report.blocks import Paragraph, Table, TableCell, TableRow


def test_blocks_are_plain_by_default() -> None:
    assert Paragraph("text").kind == "plain"
    assert (TableCell("1").details, TableCell("1").verdict) == ((), None)
    table = Table("title", ["a"], [TableRow(["1"])])
    assert (table.note, table.prose, table.language, table.rows[0].muted) == ("", False, "", False)
