from nlp_ssl.report.blocks import Table, TableCell
from nlp_ssl.report.sections.classes import class_table, classes, confusions
from tests.comparison.worlds import class_report
from tests.report.boards import board

BOARD = board({"mlm": [1]}, baselines={"tfidf": [0.6]})


def reports() -> list[dict]:
    task = "task 0"
    ours = [class_report("mlm", 1, task, None, 30), class_report("mlm", 2, task, None, 20)]
    other = [class_report("mlm", 1, task, 100), class_report("mlm", 1, "another", None)]
    return [*ours, {**class_report("tfidf", None, task, None, 40), "method": "probe"}, *other]


def test_classes_by_models_are_means_over_pretraining_seeds() -> None:
    section = classes({"classes": reports()}, BOARD)
    (table,) = (block for block in section.blocks if isinstance(block, Table))
    assert table.folded and table.title == "task 0, fine-tuned on all labels"
    assert table.header == ["class (dev)", "mlm", "TF-IDF + linear model"]
    no, yes, auc = (list(row.cells) for row in table.rows)
    assert no == [
        TableCell("no", ("40 scored",)),
        TableCell("76.2", ("P 100.0", "R 62.5")),  # F1 60 / 70 and 40 / 60
        TableCell("100.0", ("P 100.0", "R 100.0")),
    ]
    assert yes[1] == TableCell("89.0", ("P 80.4", "R 100.0"))  # P 60 / 70 and 60 / 80, F1 12 / 13 and 6 / 7
    assert auc == ["AUC", "90.0", "90.0"]


def test_the_confusion_matrix_is_the_mean_over_seeds() -> None:
    (listing,) = confusions("task 0", {"mlm": reports()[:2]}, ["mlm", "clm"])
    assert listing.folded and listing.title == "Confusion matrix of mlm on task 0"
    head, _, *lines = (line.split() for line in listing.text.splitlines())
    assert head[-2:] == ["no", "yes"]
    assert lines == [["no", "25.0", "15.0"], ["yes", "0.0", "60.0"]]


def test_many_classes_have_no_confusion_matrix_in_the_report() -> None:
    many = {**reports()[0], "confusion": [[0] * 11] * 11}
    assert list(confusions("task 0", {"mlm": [many]}, ["mlm"])) == []
    assert class_table("t", {"mlm": [many]}, BOARD).header == ["class (dev)", "mlm"]
