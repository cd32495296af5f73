import pytest

from nlp_ssl.corpus import emoji

WHOLE = ["😂", "❤️", "❤", "☀", "👨‍👩‍👧‍👦", "👍🏽", "🇰🇷", "1️⃣", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "🏳️‍🌈", "👩🏾‍🚀", "™️"]


def _count(text: str) -> dict[str, int]:
    return dict(emoji.count(text, set(text)))


@pytest.mark.parametrize("picture", WHOLE)
def test_a_sequence_is_one_emoji(picture: str) -> None:
    assert emoji.PATTERN.findall(f"so {picture} nice") == [picture]


def test_signs_of_writing_are_not_emoji() -> None:
    assert _count("© ™ 1 # * ok") == {}


def test_count_and_strip() -> None:
    assert _count("a😂b😂 👍🏽") == {"😂": 2, "👍🏽": 1}
    assert emoji.strip("a😂b") == "a b"


def test_all_known_emoji_match_whole() -> None:
    known = pytest.importorskip("emoji").EMOJI_DATA
    complete = [text for text, facts in known.items() if facts["status"] == 2]
    other = [text for text in complete if not emoji.PATTERN.fullmatch(text)]
    assert len(complete) > 3000
    assert other == []
    assert all(_count(text) == {text: 1} for text in complete)
