import time
from pathlib import Path

import pytest
from rich.cells import cell_len

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


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("plain 한국어 👨‍👩‍👧 é", "plain 한국어 👨‍👩‍👧 é"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("a\nb\rc\td", "a\\nb\\rc\\td"),
        ("abc\u202edcba", "abc\\u202edcba"),
        ("b\udcff.txt", "b\\udcff.txt"),
    ],
)
def test_no_terminal_acts_on_a_text(text: str, safe: str) -> None:
    assert console.printable(text) == safe
    assert console.table(["name"], [[text]]) == f"name\n{'-' * max(4, cell_len(safe))}\n{safe}"


def test_messages_and_results_are_printable(capsys: pytest.CaptureFixture[str]) -> None:
    console.say("a\nb\x1b")
    console.show_result("c\nd\udcff")
    assert capsys.readouterr() == ("c\nd\\udcff\n", "a\nb\\x1b\n")


def test_only_a_whole_result_is_printed_with_its_folder(capsys: pytest.CaptureFixture[str]) -> None:
    with console.part_of_a_result():
        console.show_written("part", Path("a"))
    console.show_written("whole", Path("b"))
    assert capsys.readouterr() == ("whole\n", "\nall results are in b\n")
