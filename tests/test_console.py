import time

import pytest

from nlp_ssl import console


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (950, "950"),
        (12_345, "12.3k"),
        (4_560_000, "4.56M"),
        (999_960, "1M"),
        (2.1e9, "2.1G"),
        (3e15, "3P"),
        (0.5, "0.5"),
    ],
)
def test_quantity(number: float, text: str) -> None:
    assert console.quantity(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0s"), (42, "42s"), (59.6, "1m 00s"), (200, "3m 20s"), (7500, "2h 05m")],
)
def test_duration(seconds: float, text: str) -> None:
    assert console.duration(seconds) == text


def test_columns_stand_below_each_other_with_wide_letters() -> None:
    assert console.table(["model", "score"], [["기본", "0.5"], ["mlm", "0.75"]]) == (
        "model  score\n"
        "-----  -----\n"
        "기본     0.5\n"
        "mlm     0.75"
    )  # fmt: skip


def test_off_a_terminal_progress_is_a_line_now_and_then(capsys, monkeypatch) -> None:
    monkeypatch.setattr(console, "SECONDS_BETWEEN_LINES", 0.05)
    with console.progress("encode", 100, "MB", done=10) as job:
        job.advance(40)  # too soon for a line
        time.sleep(0.06)
        job.advance(25, status="novels")
        job.advance(25)
    captured = capsys.readouterr()
    first, last = captured.err.splitlines()
    assert captured.out == ""
    assert first.startswith("encode 75%  75/100 MB  ") and first.endswith(" left  novels")
    assert last.startswith("encode 100%  100/100 MB  ") and " took " in last


def test_only_the_first_process_speaks(capsys, monkeypatch) -> None:
    monkeypatch.setenv("RANK", "1")
    console.warn("nobody hears this")
    with console.progress("encode", 1, "MB") as job:
        job.advance()
    assert capsys.readouterr().err == ""
