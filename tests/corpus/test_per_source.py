import pytest

from nlp_ssl.corpus.per_source import PerSource
from nlp_ssl.errors import InputError


def test_the_last_matching_pattern_decides() -> None:
    columns = PerSource("--text-column", ("body", "*.csv=tweet", "deep/*=text", "year=2020/*=old"))
    assert columns.of("a.jsonl") == "body"
    assert columns.of("/data/a.csv") == "tweet"
    assert columns.of("/data/deep/er/a.csv") == "text"
    assert columns.of("year=2020/a.csv") == "old"
    assert PerSource("--text-column", ("*.csv=tweet",)).of("a.jsonl") is None


@pytest.mark.parametrize("pattern", ["novels/*", "novels/", "novels", "./novels", "/data/novels", "a.txt", "*.txt"])
def test_what_a_pattern_matches(pattern: str) -> None:
    rule = PerSource("--document", (f"{pattern}=file",))
    assert rule.is_named("/data/novels/a.txt")
    assert not rule.is_named("/data/my-novels/b.csv")


def test_a_pattern_that_matches_nothing_is_an_error() -> None:
    with pytest.raises(InputError, match=r"^--document x\*=file: no source matches 'x\*', there are a, b$"):
        PerSource("--document", ("line", "x*=file", "a=file")).check(["a", "b"])
