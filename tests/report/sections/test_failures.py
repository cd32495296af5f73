from pathlib import Path

from nlp_ssl.report.blocks import Paragraph, Table
from nlp_ssl.report.sections.failures import failures
from tests.comparison.worlds import World, write_comparison


def test_each_failed_job_has_its_error(tmp_path: Path) -> None:
    (table,) = failures(write_comparison(tmp_path, World(failed="sop"))).blocks
    assert isinstance(table, Table)
    assert [list(row.cells) for row in table.rows] == [["sop-2", "RuntimeError: out of <memory> | at step 7"]]


def test_no_failure(tmp_path: Path) -> None:
    assert failures(write_comparison(tmp_path)).blocks == [Paragraph("No job failed.")]
