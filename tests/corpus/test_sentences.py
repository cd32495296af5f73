import pytest

from nlp_ssl.corpus import sentences
from nlp_ssl.corpus.sentences import load_splitter, split_checked, split_texts
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


def test_the_result_of_a_splitter_is_checked() -> None:
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
        ("spacy", "en", "--sentences spacy: not one of icu, kiwi, lines; load one of your own with --plugin"),
        ("os:system", "en", "--sentences os:system: not one of icu, kiwi"),
        ("icu", "english", "--language english: not a language tag"),
    ],
)
def test_errors(name: str, language: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_splitter(name, language)


@pytest.mark.parametrize("longest", [50, 60, 80, 1000])
def test_a_long_text_is_split_as_a_whole_one_is(longest: int, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "".join(
        f"Mr. Smith saw {'the old house ' * (n % 3)}number {n}.{' ' if n % 4 else chr(10)}" for n in range(60)
    )
    whole = Icu("en").split([text])
    monkeypatch.setattr(sentences, "LONGEST_SPLIT", longest)
    assert [[s.strip() for s in found] for found in split_texts(Icu("en"), [text, "A b."])] == [
        [s.strip() for s in whole[0]], ["A b."]
    ]  # fmt: skip


def test_text_without_sentences_is_split_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentences, "LONGEST_SPLIT", 10)
    found = split_texts(Icu("en"), ["x" * 95])[0]
    assert "".join(found) == "x" * 95 and max(map(len, found)) == 20
