from nlp_ssl.report.blocks import TableCell
from nlp_ssl.report.sections.overlap import overlap_cell, overlap_share


def test_share_and_counts() -> None:
    found = {"exact": 3, "near": 9, "of": 1600}
    assert overlap_share(found) == 0.0075
    assert overlap_cell(found) == TableCell("0.8 %", ("3 exact, 9 near", "of 1,600"))


def test_splits_that_were_not_checked() -> None:
    assert overlap_cell(None) == "–"
    assert overlap_cell({"exact": 0, "near": 0, "of": 0}) == "–"
