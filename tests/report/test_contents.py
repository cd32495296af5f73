from pathlib import Path

from nlp_ssl.comparison.analysis import boards
from nlp_ssl.report.contents import all_sections
from tests.comparison.worlds import World, write_comparison

NAMES = (
    "answer knowledge scores pairs plots further differences seeds classes choices objectives matrix costs overlap "
    "failures provenance bibliography"
)


def test_all_sections_in_order(tmp_path: Path) -> None:
    results = write_comparison(tmp_path)
    assert [section.name for section in all_sections(results, boards(results, tmp_path))] == NAMES.split()


def test_sections_without_content_are_left_out(tmp_path: Path) -> None:
    results = write_comparison(tmp_path, World(objectives=("mlm",))) | {
        "scores": [],
        "choices": [],
        "classes": [],
        "matrix": [],
    }
    names = [section.name for section in all_sections(results, [])]
    assert names == [
        "answer",
        "scores",
        "plots",
        "objectives",
        "costs",
        "overlap",
        "failures",
        "provenance",
        "bibliography",
    ]
