import csv
import io
from pathlib import Path

import numpy as np
import pytest

from nlp_ssl.comparison.analysis import boards
from nlp_ssl.report.blocks import Table, TableCell
from nlp_ssl.report.sections.differences import differences, differences_csv
from tests.comparison.worlds import World, write_comparison


def test_every_difference_is_in_the_file(tmp_path: Path) -> None:
    results = write_comparison(tmp_path, World(seeds=3))
    found = boards(results, tmp_path)
    lines = list(csv.DictReader(io.StringIO(differences_csv(found))))
    first = [line for line in lines if line["table"] == "main"]
    assert len(first) == 18  # of three objectives on three tasks, against a reference and in pairs
    others = [line for line in lines if line["table"] == "setting" and line["method"] != "zero-shot"]
    assert len(others) == 6 * 6  # against random initialisation on two tasks, by three methods with two sizes
    (line,) = [line for line in first if (line["model"], line["other"], line["task"]) == ("mlm", "clm", "sst2")]
    gap = found[0].pairs["mlm", "clm", "sst2"]
    assert [float(line[key]) for key in ("difference", "low", "high", "p", "p_holm")] == [
        *(gap.difference.mean, gap.difference.low, gap.difference.high, gap.difference.p, gap.p)
    ]
    assert line["verdict"] == gap.verdict


def test_the_multi_bootstrap_is_about_the_same_difference(tmp_path: Path) -> None:
    results = write_comparison(tmp_path, World(seeds=3))
    for line in csv.DictReader(io.StringIO(differences_csv(boards(results, tmp_path)))):
        low, high = float(line["multi_bootstrap_low"]), float(line["multi_bootstrap_high"])
        assert low <= float(line["difference"]) + 1e-9 and float(line["difference"]) <= high + 1e-9
        if line["method"] == "zero-shot":
            continue  # compared with chance, by paradigms
        scores = [
            np.mean([s["score"] for s in results["scores"] if all(str(s[k] or "") == v for k, v in where.items())])
            for name in ("model", "other")
            for where in [
                {"model": line[name], **{k: line[k] for k in ("task", "method", "train_examples", "variant", "metric")}}
                | {"tokens": ""}
            ]
        ]
        assert scores[0] - scores[1] == pytest.approx(float(line["difference"]))


def test_the_table_has_the_differences_of_the_answer(tmp_path: Path) -> None:
    board = boards(write_comparison(tmp_path, World(seeds=3)), tmp_path)[0]
    table = differences(board).blocks[1]
    assert isinstance(table, Table)
    names = [row.cells[0] for row in table.rows]
    assert len(names) == 18 and names[0] == "mlm − encoder, random initialisation"
    assert names[-1] == "clm − sop"
    (cell, gap) = table.rows[0].cells[2], board.figures["mlm", "sst2"].gap
    assert isinstance(cell, TableCell) and gap is not None and cell.verdict == gap.verdict
    assert cell.text.startswith(f"{100 * gap.difference.mean:+.1f} [")


def test_one_seed_has_no_p_values(tmp_path: Path) -> None:
    found = boards(write_comparison(tmp_path, World(seeds=1)), tmp_path)
    for line in csv.DictReader(io.StringIO(differences_csv(found))):
        assert (line["p"], line["p_holm"], line["multi_bootstrap_p"]) == ("", "", "")
        assert line["low"] and line["multi_bootstrap_low"]
