from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
import tyro

from nlp_ssl.errors import InputError
from nlp_ssl.options import parse


@dataclass(frozen=True, kw_only=True)
class Inner:
    """Nested options."""

    share: float = 0.5
    """The share."""

    def __post_init__(self) -> None:
        if self.share > 1:
            raise ValueError(f"inner.share is {self.share}: it must be at most 1")


@dataclass(frozen=True, kw_only=True)
class Example:
    """Options of
    an example."""

    run: tyro.conf.Positional[Path]
    """A folder."""
    seed: int | None = None
    """The first line ends with a word
    123 and the second begins with a number. Defaults to none."""
    size: Literal["tiny", "mini"] = "mini"
    """A size."""
    inner: Inner = field(default_factory=Inner)


def test_options_are_parsed() -> None:
    assert parse(Example, "try", ["r", "--seed", "3"]) == Example(run=Path("r"), seed=3)
    assert parse(Example, "try", ["r"], default=Example(run=Path("q"), size="tiny")).size == "tiny"


def test_help_has_no_line_breaks_of_the_source(capsys, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as leave:
        parse(Example, "try", ["--help"])
    out = capsys.readouterr().out
    assert leave.value.code == 0
    assert "Options of an example." in out
    assert "--seed INT" in out and "None" not in out
    words = " ".join(out.replace("│", " ").split())
    assert "ends with a word 123 and the second begins with a number. Defaults to none." in words


@pytest.mark.parametrize(
    ("arguments", "problems"),
    [
        (["r", "--sead", "3"], ("try: unknown flag --sead: did you mean '--seed'?",)),
        (["r", "--inner.shard", "3"], ("try: unknown flag --inner.shard: did you mean '--inner.share'?",)),
        ([], ("try: RUN is required",)),
        (["r", "s"], ("try: unexpected argument 's'",)),
        (["r", "--size", "huge"], ("try: --size huge: choose from tiny, mini",)),
        (["r", "--seed"], ("try: --seed: the value is missing",)),
        (["r", "--inner.share", "2"], ("try: inner.share is 2.0: it must be at most 1",)),
    ],
)
def test_wrong_arguments_are_one_sentence_each(arguments: list[str], problems: tuple[str, ...]) -> None:
    with pytest.raises(InputError) as refused:
        parse(Example, "try", arguments)
    assert refused.value.problems == problems
