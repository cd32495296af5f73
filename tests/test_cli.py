import subprocess
import sys

import pytest

from nlp_ssl import __version__, cli
from nlp_ssl.errors import InputError, did_you_mean


def test_without_a_command_it_says_how_to_use_it(capsys) -> None:
    assert cli.main([]) == 0
    out = capsys.readouterr().out
    assert all(command in out for command in cli.COMMANDS)


def test_version(capsys) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == __version__


def test_a_mistyped_command_gets_a_suggestion(capsys) -> None:
    assert cli.main(["pretrian"]) == 2
    assert capsys.readouterr().err == "nlp-ssl: error: no command 'pretrian': did you mean 'pretrain'?\n"


def test_every_problem_is_one_line_on_standard_error(capsys, monkeypatch) -> None:
    def wrong(arguments: list[str]) -> int:
        raise InputError("first", "second")

    monkeypatch.setattr("nlp_ssl.demo.main", wrong)
    assert cli.main(["demo"]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "nlp-ssl: error: first\nnlp-ssl: error: second\n")


def test_an_interrupt_is_status_130(monkeypatch) -> None:
    def interrupted(arguments: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("nlp_ssl.demo.main", interrupted)
    assert cli.main(["demo"]) == 130


def test_a_bug_keeps_its_traceback(monkeypatch) -> None:
    def broken(arguments: list[str]) -> int:
        raise AssertionError("a bug")

    monkeypatch.setattr("nlp_ssl.demo.main", broken)
    with pytest.raises(AssertionError):
        cli.main(["demo"])


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_a_mistyped_flag_is_status_2(command: str) -> None:
    arguments = [command, *(["mlm"] if command == "pretrain" else []), "--frobnicate", "1"]
    done = subprocess.run([sys.executable, "-m", "nlp_ssl.cli", *arguments], capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    assert "frobnicate" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_suggestions() -> None:
    assert did_you_mean("mml", ["mlm", "clm"]) == "did you mean 'mlm'?"
    assert did_you_mean("zzz", ["mlm", "clm"]) == "there are clm, mlm"
