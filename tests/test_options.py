from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import pytest
import tyro

from nlp_ssl.errors import InputError, require
from nlp_ssl.options import HIDDEN, parse


@dataclass(frozen=True, kw_only=True)
class Inner:
    """Nested options, described in
    two lines of the source."""

    share: float = 0.5
    """The share."""

    def __post_init__(self) -> None:
        require(self.share <= 1, "share", self.share, "it must be at most 1")


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
    rates: tuple[float, ...] = ()
    """Rates."""
    examples: tuple[int | Literal["all"], ...] = ("all",)
    """Numbers of examples."""
    batch_size: int = 8
    """A batch."""
    inner: Inner = field(default_factory=Inner)
    secret: Annotated[int, *HIDDEN] = 0

    def __post_init__(self) -> None:
        require(self.batch_size >= 1, "batch_size", self.batch_size, "it must be at least 1")
        if self.seed == 13:
            raise ValueError("13 brings bad luck")


def test_options_are_parsed() -> None:
    assert parse(Example, "try", ["r", "--seed", "3"]) == Example(run=Path("r"), seed=3)
    assert parse(Example, "try", ["r"], default=Example(run=Path("q"), size="tiny")).size == "tiny"


def test_help_has_no_line_breaks_of_the_source(capsys, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as leave:
        parse(Example, "try", ["--help"])
    out = capsys.readouterr().out
    assert leave.value.code == 0
    assert "Options of an example." in out and "Nested options, described in two lines of the source." in out
    assert "(default: )" not in out and "--secret" not in out
    assert "--seed INT" in out and "None" not in out and "[OPTIONS] RUN" in out
    words = " ".join(out.replace("│", " ").split())
    assert "ends with a word 123 and the second begins with a number. Defaults to none." in words


def test_notes_follow_the_description(capsys) -> None:
    with pytest.raises(SystemExit):
        parse(Example, "try", ["--help"], notes=lambda: "Sizes:\n  tiny  2 layers")
    out = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert out[out.index("Options of an example.") :][1:4] == ["", "Sizes:", "tiny  2 layers"]


@pytest.mark.parametrize(
    ("arguments", "problems"),
    [
        (["r", "--sead", "3"], ("try: unknown flag --sead: did you mean '--seed'?",)),
        (["r", "--inner.shard", "3"], ("try: unknown flag --inner.shard: did you mean '--inner.share'?",)),
        (["r", "--share", "0.5"], ("try: unknown flag --share: did you mean '--inner.share'?",)),
        (["r", "--inner.rates", "1"], ("try: unknown flag --inner.rates: did you mean '--rates'?",)),
        (["r", "--zzz", "3"], ("try: unknown flag --zzz: --help lists them",)),
        ([], ("try: RUN is required",)),
        (["r", "s"], ("try: unexpected argument 's'",)),
        (["r", "--size", "huge"], ("try: --size huge: choose from tiny, mini",)),
        (["r", "--seed"], ("try: --seed: the value is missing",)),
        (["r", "--secret", "3"], ("try: unknown flag --secret: did you mean '--seed'?",)),
        (["r", "--inner.share", "2"], ("try: --inner.share is 2.0: it must be at most 1",)),
        (["r", "--batch-size", "0"], ("try: --batch-size is 0: it must be at least 1",)),
        (["r", "--seed", "13"], ("try: 13 brings bad luck",)),
        (["r", "--seed", "x"], ("try: --seed is 'x': it must be a whole number",)),
        (["r", "--batch_size=1.5"], ("try: --batch-size is '1.5': it must be a whole number",)),
        (
            ["r", "--seed", "4", "--batch-size", "3", "--inner.share=y"],
            ("try: --inner.share is 'y': it must be a finite number",),
        ),
        (
            ["--rates", "1", "-2", "x", "--seed", "3", "r"],
            ("try: --rates is '1 -2 x': each value must be a finite number",),
        ),
        (["r", "--seed", "５"], ("try: --seed is '５': it must be a whole number",)),
        (["r", "--inner.share", "٠.٥"], ("try: --inner.share is '٠.٥': it must be a finite number",)),
        (["r", "--inner.share", "-inf"], ("try: --inner.share is '-inf': it must be a finite number",)),
        (["r", "--inner.share", "1e999"], ("try: --inner.share is '1e999': it must be a finite number",)),
        (["r", "--rates", "1", "nan"], ("try: --rates is '1 nan': each value must be a finite number",)),
        (["r", "--examples", "some"], ("try: --examples is 'some': each value must be a whole number or 'all'",)),
    ],
)
def test_wrong_arguments_are_one_sentence_each(arguments: list[str], problems: tuple[str, ...]) -> None:
    with pytest.raises(InputError) as refused:
        parse(Example, "try", arguments)
    assert refused.value.problems == problems
