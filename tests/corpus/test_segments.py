"""Words and what is between them."""

from nlp_ssl.corpus.segments import is_unspaced, is_word, segment, words


def test_segments_joined_are_the_text() -> None:
    texts = ["He didn't “go”.", "", " a\tb ", "我们去学校。", "ภาษาไทยสวย", "x\ny"]
    found = segment(texts)
    assert ["".join(pieces) for pieces in found] == texts
    assert found[0] == ["He", " ", "didn't", " ", "“", "go", "”", "."]
    assert found[1] == []
    assert found[3] == ["我们", "去", "学校", "。"]
    assert found[4] == ["ภาษา", "ไทย", "สวย"]


def test_what_a_word_is() -> None:
    assert [p for p in ["a", "don’t", "나는", "1,864", "3.5", "我们", " ", ".", "-", "", "a b"] if is_word(p)] == [
        "a", "don’t", "나는", "1,864", "3.5", "我们",
    ]  # fmt: skip
    assert [p for p in ["我们", "ภาษา", "すし", "나는", "a", " "] if is_unspaced(p)] == ["我们", "ภาษา", "すし"]


def test_words_are_in_lower_case_with_marks() -> None:
    assert words(["The END, now", "나는 간다."]) == [["the", "end", ",", "now"], ["나는", "간다", "."]]
