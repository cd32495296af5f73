import pytest

from nlp_ssl.corpus.splitters.kiwi import KiwiSplitter
from nlp_ssl.errors import InputError


def test_korean_without_punctuation() -> None:
    pytest.importorskip("kiwipiepy")
    found = KiwiSplitter("ko").split(["정말 재미있었어요 다시 보고 싶어요", "좋다"])
    assert found == [["정말 재미있었어요", "다시 보고 싶어요"], ["좋다"]]


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "kiwipiepy", None)
    with pytest.raises(InputError, match=r'pip install "nlp_ssl\[korean\]"'):
        KiwiSplitter("ko")
