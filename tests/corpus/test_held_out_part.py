import numpy as np
import pytest

from nlp_ssl.corpus.held_out_part import LONG_DOCUMENT, Dividing

SENTENCES = [f"Mr. Smith saw the {word} house number {n}. " for n in range(400) for word in ("old", "small")]
NOVEL = "".join("".join(SENTENCES[i : i + 8]).strip() + "\n" for i in range(0, 800, 8)).encode()
DIVIDING = Dividing(0.05, "icu", "en")


@pytest.mark.parametrize(
    "text", [NOVEL, NOVEL.replace(b"\n", b" "), "".join(f"그는 {i}번 왔다. " for i in range(2000)).encode()]
)
def test_a_part_is_a_run_of_whole_sentences(text: bytes) -> None:
    places = []
    for hash in range(0, 2**64, 2**60 + 12345):
        start, end = DIVIDING.part(text, hash)
        part = text[start:end].decode()
        assert part.startswith(("Mr. Smith", "그는")) and part.strip().endswith((".", "다."))
        assert text[:start].decode().strip().endswith((".", "다.")) or start == 0
        assert abs(end - start - 0.05 * len(text)) < 120
        places.append(start / len(text))
    assert np.ptp(places) > 0.5


def test_the_part_depends_on_the_document_alone() -> None:
    assert DIVIDING.part(NOVEL, 7) == DIVIDING.part(NOVEL, 7) != DIVIDING.part(NOVEL, 8)


def test_short_documents_and_other_shares() -> None:
    short = NOVEL[: LONG_DOCUMENT - 1]
    assert DIVIDING.part(short, 7) == (0, 0)
    assert Dividing(0.0, "icu", "en").part(NOVEL, 7) == (0, 0)


def test_text_without_any_boundary() -> None:
    for text in ("a" * 50_000, "한" * 20_000):
        start, end = DIVIDING.part(text.encode(), 7)
        assert abs(end - start - 0.05 * len(text.encode())) < 8
        text.encode()[start:end].decode()
