from pathlib import Path

from nlp_ssl.report.blocks import Table, TableCell
from nlp_ssl.report.sections.matrix import matrix, matrix_cell
from tests.comparison.worlds import World, write_comparison


def test_models_without_the_head_have_an_empty_cell(tmp_path: Path) -> None:
    (table,) = matrix(write_comparison(tmp_path, World(objectives=("mlm", "clm")))).blocks
    assert isinstance(table, Table)
    assert table.header == ["model", "mlm", "clm"]
    own = TableCell("90.0", ("majority 50.0", "loss 0.400"))
    assert [list(row.cells) for row in table.rows] == [["mlm", own, ""], ["clm", "", own]]


def test_means_over_seeds() -> None:
    assert matrix_cell([{"accuracy": 0.5}, {"accuracy": 0.7}]) == TableCell("60.0")
    assert matrix_cell([{"loss": 1.0}, {"loss": 2.0}]) == TableCell("–", ("loss 1.500",))
