import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from nlp_ssl import __version__, cli, declarations
from nlp_ssl.errors import InputError, did_you_mean


def test_without_a_command_it_prints_its_usage(capsys) -> None:
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


MISTYPED = {
    "--vocab-size": ["prepare", "novels", "--out", "corpus", "--vocab-sise", "300"],
    "--budget": ["pretrain", "mlm", "--corpus", "corpus", "--out", "run", "--buget", "9-steps"],
    "--seeds": ["finetune", "run", "--task", "sst2", "--out", "scores", "--sedes", "1"],
    "--out": ["demo", "--oot", "folder"],
}


@pytest.mark.parametrize(("meant", "arguments"), MISTYPED.items(), ids=[a[0] for a in MISTYPED.values()])
def test_a_mistyped_flag_is_status_2_with_a_suggestion(meant: str, arguments: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nlp_ssl.cli", *arguments], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 2, done.stderr
    assert meant in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_suggestions() -> None:
    assert did_you_mean("mml", ["mlm", "clm"]) == "did you mean 'mlm'?"
    assert did_you_mean("zzz", ["mlm", "clm"]) == "there are clm, mlm"


def test_an_output_folder_in_a_file_is_one_sentence(tmp_path, capsys) -> None:
    (tmp_path / "file").write_text("a text\n")
    assert cli.main(["prepare", str(tmp_path / "file"), "--out", str(tmp_path / "file" / "corpus")]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said == f"nlp-ssl: error: {tmp_path / 'file'} is a file: choose another --out"


HELP = [
    *([command] for command in cli.COMMANDS),
    *(["pretrain", recipe] for recipe in declarations.names("objectives")),
]


def options_in_help(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, list[str]]:
    """The lines of each option's description, 80 columns wide, with the spaces before them."""
    with pytest.raises(SystemExit):
        cli.main([*arguments, "--help"])
    options: dict[str, list[str]] = {}
    for group in re.split(r"\n *\n", capsys.readouterr().out):
        lines = group.rstrip().splitlines()
        rules = [number for number, line in enumerate(lines) if set(line.strip()) == {"-"}]
        for line in lines[rules[-1] + 1 :] if rules else []:
            if line[2] != " ":  # an option, perhaps with the first line of its description
                option = re.split(" {2,}", line.strip())[0]
                described = line.replace(option, " " * len(option), 1).rstrip()
                options[option] = [described] if described else []
            else:
                options[option].append(line.rstrip())
    assert "-h, --help" in options
    return options


@pytest.mark.parametrize("arguments", HELP, ids=" ".join)
def test_help_consists_of_whole_sentences_in_full_lines(arguments: list[str], capsys, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for option, lines in options_in_help(arguments, capsys).items():
        text = " ".join(line.strip() for line in lines)
        assert "None" not in f"{option} {text}" and "(default: )" not in text
        described = re.sub(r" \((default: .*|required|repeatable)\)", "", text)
        assert option == "-h, --help" or described.endswith("."), f"{option}: {text}"
        for line, following in pairwise(lines):
            word = following.split()[0]
            assert len(f"{line} {word}") > 80, f"{option}: {line.strip()!r} has room for {word!r}"
