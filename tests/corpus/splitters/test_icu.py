from nlp_ssl.corpus.splitters.icu import Icu


def cut(text: str, language: str = "en") -> list[str]:
    return [s.strip() for s in Icu(language).split([text])[0]]


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


def test_texts_stay_separate_with_characters_beyond_the_basic_plane() -> None:
    texts = ["One 👨‍👩‍👧. Two 😂.", "Mr.", "three"]
    found = Icu("en").split(texts)
    assert [[s.strip() for s in sentences] for sentences in found] == [["One 👨‍👩‍👧.", "Two 😂."], ["Mr."], ["three"]]
    assert Icu("en").split([]) == []
