"""The share of unknown tokens: by hand, with its limits."""

from pathlib import Path

import pytest

from nlp_ssl.corpus.unknown import limit_unknown, unknown_share
from nlp_ssl.errors import InputError
from tests.worlds import write_corpus


@pytest.mark.parametrize(("share", "said"), [(0.0, ""), (0.01, ""), (0.02, "here: 2.0 % of it, so what; do this")])
def test_a_little_is_warned_of(share: float, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    limit_unknown(share, "here", "it", "so what", "do this")
    printed = capsys.readouterr().err
    assert said in printed and bool(said) == bool(printed)


def test_more_is_refused() -> None:
    limit_unknown(0.2, "here", "it", "so what", "do this")
    with pytest.raises(InputError, match=r"^here: 20.1 % of it; do this$"):
        limit_unknown(0.201, "here", "it", "so what", "do this")


def test_the_share_of_texts_by_hand(tmp_path: Path) -> None:
    """Of w5, w6, nobody, [, MASK, ] and w7 four are unknown; a special token that is spelled out is text."""
    corpus = write_corpus(tmp_path / "corpus")
    assert unknown_share(corpus, ["w5 w6 nobody", "[MASK] w7"]) == pytest.approx(4 / 7)
    assert unknown_share(corpus, ["", " "]) == 0.0
