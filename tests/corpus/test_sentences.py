import pytest

from nlp_ssl.corpus.sentences import load_splitter
from nlp_ssl.corpus.splitters.icu import Icu
from nlp_ssl.errors import InputError


def test_a_splitter_by_name() -> None:
    assert isinstance(load_splitter("icu", "en"), Icu)


def test_a_function_of_the_user() -> None:
    assert load_splitter("textwrap:wrap", "en").split(["a b", "c"]) == [["a b"], ["c"]]


@pytest.mark.parametrize(
    ("name", "language", "message"),
    [
        ("spacy", "en", "--sentences spacy: not one of icu, kiwi, nor module:function"),
        ("no_such_module:cut", "en", "No module named 'no_such_module'"),
        ("icu", "english", "--language english: not a language tag"),
        ("textwrap:wrap", "english", "--language english: not a language tag"),
    ],
)
def test_errors(name: str, language: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_splitter(name, language)
