"""TOML tables as dataclasses, and back."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp_ssl.errors import InputError, require
from nlp_ssl.toml_tables import ONE_OR_MORE, from_table, read_toml, to_toml


@dataclass(frozen=True, kw_only=True)
class Inner:
    rate: float = 0.5
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require(0 <= self.rate <= 1, "rate", self.rate, "it must lie in 0..1")


@dataclass(frozen=True, kw_only=True)
class Outer:
    name: str
    size: Literal["small", "large"] = "small"
    count: int = 1
    sure: bool = False
    note: str | None = None
    words: tuple[str, ...] = ()
    columns: tuple[Annotated[tuple[str, ...], ONE_OR_MORE], ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    inner: Inner = field(default_factory=Inner)

    def __post_init__(self) -> None:
        require(self.count >= 1, "count", self.count, "it must be at least 1")


def read(text: str, **given: object) -> tuple[Outer | None, list[str]]:
    problems: list[str] = []
    return from_table(Outer, tomllib.loads(text), problems, **given), problems


def test_values_get_the_types_of_their_fields() -> None:
    text = 'name = "a"\nwords = ["x", "y"]\ncolumns = ["one", ["two", "zwei"]]\nfiles = {a = "b"}\n[inner]\nrate = 1\n'
    outer, problems = read(text)
    assert problems == []
    assert outer == Outer(
        name="a", words=("x", "y"), columns=(("one",), ("two", "zwei")), files={"a": "b"}, inner=Inner(rate=1.0)
    )
    assert isinstance(outer.inner.rate, float)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("nam = 1", "unknown key nam: did you mean 'name'?"),
        ("count = true", "count is True: it must be a whole number"),
        ("count = 1.0", "count is 1.0: it must be a whole number"),
        ("sure = 1", "sure is 1: it must be true or false"),
        ("note = 1", "note is 1: it must be a string"),
        ("words = 'x'", "words is 'x': it must be a list of strings"),
        ("words = [1]", "words is [1]: it must be a list of strings"),
        ("columns = [1]", "columns is [1]: it must be a list, each item a string or a list of strings"),
        ("size = 'huge'", "size is 'huge': it must be one of 'small', 'large'"),
        ("files = {a = 1}", "files is {'a': 1}: it must be a table, each value a string"),
        ("inner = 3", "inner is 3: it must be a table"),
        ("inner = {rate = 'x'}", "inner.rate is 'x': it must be a finite number"),
        ("inner = {rate = inf}", "inner.rate is inf: it must be a finite number"),
        ("inner = {rate = nan}", "inner.rate is nan: it must be a finite number"),
        ("inner = {rate = true}", "inner.rate is True: it must be a finite number"),
        ("inner = {rate = 2}", "inner.rate is 2.0: it must lie in 0..1"),
        ("inner = {rat = 2}", "unknown key inner.rat: did you mean 'rate'?"),
        ("count = 0", "count is 0: it must be at least 1"),
    ],
)
def test_a_problem_names_the_field(line: str, problem: str) -> None:
    assert read(f"name = 'a'\n{line}\n") == (None, [problem])


def test_all_problems_are_reported_together() -> None:
    outer, problems = read("sise = 'small'\ncount = 'x'\n[inner]\nrate = 3\n")
    assert outer is None
    assert problems == [
        "unknown key sise: did you mean 'size'?",
        "count is 'x': it must be a whole number",
        "inner.rate is 3.0: it must lie in 0..1",
        "name is missing",
    ]


def test_a_given_field_is_not_a_key() -> None:
    outer, problems = read("", name="file")
    assert outer == Outer(name="file") and problems == []
    assert read("name = 'a'", name="file")[0] is None


def test_a_file_that_is_not_toml_is_refused(tmp_path: Path) -> None:
    for content in (b"a = \n", b"a = '\xff'\n"):
        (tmp_path / "file.toml").write_bytes(content)
        with pytest.raises(InputError, match=r"file\.toml: not valid TOML"):
            read_toml(tmp_path / "file.toml")


SCALARS = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)
OUTERS = st.builds(
    Outer,
    name=st.text(),
    size=st.sampled_from(["small", "large"]),
    count=st.integers(1, 10**9),
    sure=st.booleans(),
    note=st.none() | st.text(),
    words=st.lists(st.text()).map(tuple),
    columns=st.lists(st.lists(st.text(), min_size=1).map(tuple)).map(tuple),
    files=st.dictionaries(st.text(), st.text()),
    inner=st.builds(Inner, rate=st.floats(0, 1), extra=st.dictionaries(st.text(), VALUES)),
)


@settings(deadline=None)
@given(OUTERS)
def test_toml_reads_back_as_written(outer: Outer) -> None:
    problems: list[str] = []
    assert from_table(Outer, tomllib.loads(to_toml({"outer": outer}))["outer"], problems) == outer, problems


def test_awkward_strings_by_hand() -> None:
    extra = {"a key": 'quote " and \\ and\nline', "größe": "\t\r\n\x00é日本", "": [1, [2.5, {"x y": True}]]}
    text = to_toml({"inner": Inner(extra=extra)})
    assert tomllib.loads(text) == {"inner": {"rate": 0.5, "extra": extra}}


def test_none_and_empty_dicts_are_left_out() -> None:
    assert tomllib.loads(to_toml({"a": None, "b": {}, "inner": Inner()})) == {"inner": {"rate": 0.5}}


@pytest.mark.parametrize("content", [b"a = " + b"[" * 100_000, b"a = 1\na = 2", b"\xff", b"[", b"a = \x00"])
def test_a_file_that_is_no_toml_is_one_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.toml: not valid TOML: "):
        read_toml(tmp_path / "a.toml")
