import csv
import io

import pytest

from nlp_ssl.csv_files import csv_text


def test_values_are_written_as_they_are() -> None:
    assert csv_text(["a", "b"], [["x, y", -0.5], [None, 3]]) == 'a,b\n"x, y",-0.5\n,3\n'


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1", "-mlm", "@SUM(A1)", "\t=1"])
def test_no_text_is_a_formula(name: str) -> None:
    rows = list(csv.reader(io.StringIO(csv_text(["model"], [[name]]), newline="")))
    assert rows == [["model"], [f"'{name}"]]
