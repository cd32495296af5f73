import pytest

from nlp_ssl.corpus.splitters.kiwi import KiwiSplitter
from nlp_ssl.errors import InputError


def test_korean_without_punctuation() -> None:
    pytest.importorskip("kiwipiepy")
    found = KiwiSplitter("ko").split(["정말 재미있었어요 다시 보고 싶어요", "좋다"])
    assert found == [["정말 재미있었어요", "다시 보고 싶어요"], ["좋다"]]
    # "It rained today | so I stayed at home | tomorrow I shall go out"
    (found,) = KiwiSplitter("ko").split(["오늘은 비가 왔다 그래서 집에 있었다 내일은 나갈 것이다"])
    assert found == ["오늘은 비가 왔다", "그래서 집에 있었다", "내일은 나갈 것이다"]


def test_a_decimal_point_ends_no_sentence() -> None:
    pytest.importorskip("kiwipiepy")
    # "I gave it 3.5 points. | Shall I see it again?"
    found = KiwiSplitter("ko").split(["3.5점을 주었다. 다음에 또 볼까?", ""])
    assert found == [
        ["3.5점을 주었다.", "다음에 또 볼까?"],
        [],
    ]


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "kiwipiepy", None)
    with pytest.raises(InputError, match=r'pip install "nlp_ssl\[korean\]"'):
        KiwiSplitter("ko")
