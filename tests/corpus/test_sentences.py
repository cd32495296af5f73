import pytest

from nlp_ssl.corpus.sentences import splitter
from nlp_ssl.errors import InputError


def cut(text: str, language: str = "en") -> list[str]:
    return [s.strip() for s in splitter("icu", language)([text])[0]]


def test_english_abbreviations_end_no_sentence() -> None:
    assert cut("Mr. Smith came. He left!") == ["Mr. Smith came.", "He left!"]


def test_korean_and_german() -> None:
    assert cut("안녕하세요. 저는 학생입니다! 만나서 반가워요?", "ko") == [
        "안녕하세요.",
        "저는 학생입니다!",
        "만나서 반가워요?",
    ]
    assert cut("Es ist kalt. Wir gehen.", "de") == ["Es ist kalt.", "Wir gehen."]


def test_a_line_break_ends_a_sentence() -> None:
    assert cut("A title\nand the text") == ["A title", "and the text"]


def test_texts_are_told_apart_also_beyond_the_basic_plane() -> None:
    texts = ["One 👨‍👩‍👧. Two 😂.", "Mr.", "three"]
    found = splitter("icu", "en")(texts)
    assert [[s.strip() for s in sentences] for sentences in found] == [["One 👨‍👩‍👧.", "Two 😂."], ["Mr."], ["three"]]
    assert splitter("icu", "en")([]) == []


def test_a_function_of_ones_own() -> None:
    assert splitter("textwrap:dedent", "en")(["ab"]) == ["ab"]


@pytest.mark.parametrize(
    ("rules", "language", "message"),
    [
        ("spacy", "en", "--sentences spacy: neither icu, nor kiwi, nor module:function"),
        ("no_such_module:cut", "en", "No module named 'no_such_module'"),
        ("icu", "english", "--language english: not a language tag"),
    ],
)
def test_errors(rules: str, language: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        splitter(rules, language)


def test_kiwi_missing_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "kiwipiepy", None)
    with pytest.raises(InputError, match=r'pip install "nlp_ssl\[korean\]"'):
        splitter("kiwi", "ko")
