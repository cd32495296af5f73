from nlp_ssl.comparison.board import Figure
from nlp_ssl.report.blocks import Table
from nlp_ssl.report.sections.seeds import seeds, seeds_cell
from nlp_ssl.statistics.corrections import Description
from tests.report.boards import board


def test_median_and_standard_deviations() -> None:
    assert seeds_cell(Figure(None, Description(0.7, 0.712, 0.008, 0.004), None)) == "71.2 ± 0.8 ± 0.4"
    assert seeds_cell(Figure(None, Description(0.7, 0.712, None, 0.004), None)) == "71.2 ± – ± 0.4"
    assert seeds_cell(None) == "–"


def test_baselines_without_a_network_have_no_seeds() -> None:
    _, table = seeds([board({"a": [1]}, baselines={"tfidf": [0.5], "random vectors": [0.5]})]).blocks
    assert isinstance(table, Table)
    assert [row.cells[0] for row in table.rows] == ["a", "random vectors"]
