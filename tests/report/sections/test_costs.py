from pathlib import Path

from nlp_ssl.report.blocks import Paragraph, Table, TableCell
from nlp_ssl.report.sections.costs import costs, equality, mean_cost, tuning_cell, unevenness
from tests.comparison.worlds import World, write_comparison


def test_equal_and_different_budgets(tmp_path: Path) -> None:
    assert equality(write_comparison(tmp_path)) == Paragraph(
        "Held equal: tokens, within 0.0 %. Different: FLOPs by up to 3.2 times, time by up to 3.2 times and targets by "
        "up to 6.7 times. Equal within 5 % by chance: steps."
    )


def test_a_budget_that_was_not_equal_is_a_warning(tmp_path: Path) -> None:
    results = write_comparison(tmp_path, World(uneven=1.2))
    found = equality(results)
    assert found.kind == "warning"
    assert found.text.startswith("Tokens should be equal, but the largest is 1.20 times the smallest. Different: ")
    assert round(unevenness(results, "tokens"), 6) == 1.2


def test_mean_costs() -> None:
    runs = [{"parameters": 10, "embedding_parameters": 4, "flops": 2.0, "peak_memory_bytes": None}]
    runs.append({"parameters": 10, "embedding_parameters": 6, "flops": 4.0, "peak_memory_bytes": 8})
    keys = ("flops", "without_embeddings", "peak_memory_bytes")
    assert [mean_cost(runs, key) for key in keys] == [3.0, 5.0, 8.0]
    assert mean_cost([], "flops") is None


def test_columns(tmp_path: Path) -> None:
    table = costs(write_comparison(tmp_path)).blocks[1]
    assert isinstance(table, Table)
    assert table.header[2] == TableCell("tokens", ("held equal",))
    cells = dict(zip(["objective", "runs", "tokens"], table.rows[0].cells, strict=False))
    assert cells == {"objective": "mlm", "runs": "2", "tokens": "2M"}


def test_tuning() -> None:
    tuning = {"tried": [{"learning_rate": 5e-4}, {"learning_rate": 1e-3}], "chosen": 1e-3, "tokens": 100_000}
    cell = tuning_cell([{"tuning": {**tuning, "seconds": 20.0}}, {"tuning": {**tuning, "seconds": 22.0}}])
    assert cell == TableCell("0.001", ("of 0.0005, 0.001", "200k tokens, 42s"))
    assert tuning_cell([{"tuning": None}]) == "–"
