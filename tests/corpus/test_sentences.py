import pytest

from nlp_ssl.corpus.sentences import load_splitter, split_checked
from nlp_ssl.corpus.splitters.base import Splitter
from nlp_ssl.corpus.splitters.icu import Icu
from nlp_ssl.errors import InputError


def test_a_splitter_by_name() -> None:
    assert isinstance(load_splitter("icu", "en"), Icu)


class Given(Splitter):
    name = "given"

    def __init__(self, found: object) -> None:
        super().__init__("en")
        self.found = found

    def split(self, texts: list[str]) -> list[list[str]]:
        return self.found  # type: ignore[return-value]


def test_what_a_splitter_returns_is_checked() -> None:
    assert split_checked(Given([["a", "b"], []]), ["a b", ""]) == [["a", "b"], []]


@pytest.mark.parametrize(
    "found", [None, "ab", [["a"]], [["a"], "b"], [["a"], [3]], [["a"], None], [["a"], ["b"], ["c"]]]
)
def test_anything_else_than_lists_of_sentences_is_refused(found: object) -> None:
    with pytest.raises(InputError, match="--sentences given: must return a list of sentences"):
        split_checked(Given(found), ["a", "b"])


@pytest.mark.parametrize(
    ("name", "language", "message"),
    [
        ("spacy", "en", "--sentences spacy: not one of icu, kiwi; load one of your own with --plugin"),
        ("os:system", "en", "--sentences os:system: not one of icu, kiwi"),
        ("icu", "english", "--language english: not a language tag"),
    ],
)
def test_errors(name: str, language: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_splitter(name, language)
