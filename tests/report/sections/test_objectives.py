from pathlib import Path

from nlp_ssl.report.blocks import Listing, Table, TableRow
from nlp_ssl.report.sections.objectives import objectives, validation_table
from tests.comparison.worlds import KOREAN, World, write_comparison


def test_validation_metrics(tmp_path: Path) -> None:
    table = validation_table(write_comparison(tmp_path, World(objectives=("mlm", "clm"))))
    assert table.header == ["objective", "body", "loss", "accuracy, %", "majority, %", "bits per byte"]
    assert table.rows == [
        TableRow(["mlm", "encoder", "4.742", "35.0", "5.0", "–"]),
        TableRow(["clm", "decoder", "5.623", "35.0", "5.0", "1.900"]),
    ]


def test_examples_and_recipe(tmp_path: Path) -> None:
    _, examples, recipe = objectives(write_comparison(tmp_path, World(objectives=("mlm",)))).blocks
    assert isinstance(examples, Table) and isinstance(recipe, Listing)
    assert (examples.language, examples.header) == ("ko", ["", "text", "input", "target"])
    assert list(examples.rows[0].cells[:2]) == ["1", KOREAN]
    assert (recipe.title, recipe.folded) == ("Recipe of mlm", True)


def test_a_sequence_has_no_loss_beside_those_of_its_objectives(tmp_path: Path) -> None:
    results = write_comparison(tmp_path, World(objectives=("mlm", "clm")))
    results["objectives"][0]["mixing"] = "sequence"
    for run in results["runs"]:
        run["validation"] |= {"mlm loss": run["validation"]["loss"]} if run["objective"] == "mlm" else {}
    table = validation_table(results)
    place = table.header.index("loss"), table.header.index("mlm loss")
    assert [[row.cells[i] for i in place] for row in table.rows] == [["–", "4.742"], ["5.623", "–"]]
