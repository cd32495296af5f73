from dataclasses import replace

import numpy as np
import pytest

from nlp_ssl.objectives.token_detection import TokenDetection
from nlp_ssl.sampling.batch import check
from tests.worlds import clean_batch, random_documents, vocabulary

NO = -100
TEXT = [[[10, 11, 12], [13, 14]], [[20, 20, 21]]]


def drawing(monkeypatch, noise, choose: list[list[float]], order: list[float], drawn: list[int]) -> None:
    """Make the draws of a noise those of tables, and the random tokens those of a list."""
    monkeypatch.setattr(type(noise), "uniform", lambda self, stream, width: np.array(choose, np.float32))
    monkeypatch.setattr(type(noise), "uniform_at", lambda self, stream, row, column: np.array(order, np.float32))
    monkeypatch.setattr(type(vocabulary()), "draw", lambda self, bits: np.array(drawn))


def test_random_tokens_by_hand(monkeypatch) -> None:
    """The second draw, 12, equals the original token and so counts as original."""
    batch, noise = clean_batch(TEXT, "segment", "encoder", 8)
    choose = [[0, 0.1, 0.2, 0.14, 0.9, 0.9, 0, 0], [0, 0.9, 0.16, 0.0, 0, 0, 0, 0]]
    drawing(monkeypatch, noise, choose, [], [30, 12, 31])
    out = TokenDetection().corrupt(batch, vocabulary(), noise)
    check(out, vocabulary(), "token_detection")
    assert out.ids.tolist() == [[2, 30, 11, 12, 13, 14, 3, 0], [2, 20, 20, 31, 3, 0, 0, 0]]
    assert out.targets["masked_lm"].labels.tolist() == [[NO, 1, 0, 0, 0, 0, NO, NO], [NO, 0, 0, 1, NO, NO, NO, NO]]


def test_shuffled_tokens_by_hand(monkeypatch) -> None:
    """10, 12 and 13 change places in the order 12, 10, 13; of 20, 20 and 21 the second gets the first's token."""
    batch, noise = clean_batch(TEXT, "segment", "encoder", 8)
    choose = [[0, 0.1, 0.2, 0.1, 0.1, 0.9, 0, 0], [0, 0.1, 0.1, 0.1, 0, 0, 0, 0]]
    drawing(monkeypatch, noise, choose, [0.5, 0.2, 0.8, 0.1, 0.2, 0.3], [])
    out = TokenDetection(corruption="shuffled").corrupt(batch, vocabulary(), noise)
    check(out, vocabulary(), "token_detection")
    # 12 goes to the place of 10, 10 to that of 13, 13 to that of 12.
    assert out.ids.tolist() == [[2, 12, 11, 13, 10, 14, 3, 0], [2, 21, 20, 20, 3, 0, 0, 0]]
    assert out.targets["masked_lm"].labels.tolist() == [[NO, 1, 0, 1, 1, 0, NO, NO], [NO, 1, 0, 1, NO, NO, NO, NO]]


def test_both_by_hand(monkeypatch) -> None:
    """A tenth is moved, a tenth replaced. A token that is alone stays in its place and counts as original."""
    batch, noise = clean_batch(TEXT, "segment", "encoder", 8)
    choose = [[0, 0.09, 0.11, 0.05, 0.19, 0.21, 0, 0], [0, 0.9, 0.05, 0.9, 0, 0, 0, 0]]
    drawing(monkeypatch, noise, choose, [0.1, 0.2, 0.3], [30, 31])
    out = TokenDetection(corruption="both").corrupt(batch, vocabulary(), noise)
    assert out.ids.tolist() == [[2, 12, 30, 10, 31, 14, 3, 0], [2, 20, 20, 21, 3, 0, 0, 0]]
    assert out.targets["masked_lm"].labels.tolist() == [[NO, 1, 2, 1, 2, 0, NO, NO], [NO, 0, 0, 0, NO, NO, NO, NO]]


@pytest.mark.parametrize(
    ("corruption", "classes"),
    [
        ("random", {"original": 0.85, "replaced": 0.15}),
        ("shuffled", {"original": 0.85, "moved": 0.15}),
        ("both", {"original": 0.8, "moved": 0.1, "replaced": 0.1}),
    ],
)
def test_shares_of_the_classes(corruption: str, classes: dict[str, float]) -> None:
    """A vocabulary of many words, so that hardly any draw is the original."""
    objective, words = TokenDetection(corruption=corruption), vocabulary(2000)
    batch, noise = clean_batch(random_documents(0, 400, 2000), "segment", "encoder", 64)
    labels = objective.corrupt(batch, words, noise).targets["masked_lm"].labels
    found = np.bincount(labels[labels != NO]) / np.count_nonzero(labels != NO)
    assert objective.classes(words) == tuple(classes)
    assert found.tolist() == pytest.approx(list(classes.values()), abs=0.01)


def test_shuffling_keeps_the_tokens_of_each_text() -> None:
    """So neither frequency nor duplicates can reveal a label: the text has the same tokens as before."""
    batch, noise = clean_batch(random_documents(0, 60), "segment", "encoder", 40)
    out = TokenDetection(corruption="shuffled", share=0.5).corrupt(batch, vocabulary(), noise)
    assert np.array_equal(np.sort(out.ids, axis=1), np.sort(batch.ids, axis=1))
    moved = out.targets["masked_lm"].labels == 1
    assert np.array_equal(moved, out.ids != batch.ids)


def test_random_tokens_are_drawn_by_frequency() -> None:
    """The token 7 is a third of the corpus, 8 the rest."""
    counts = np.zeros(50, np.int64)
    counts[[7, 8]] = 100, 200
    batch, noise = clean_batch([[[10] * 60]] * 200, "segment", "encoder", 62)
    out = TokenDetection(share=0.5).corrupt(batch, replace(vocabulary(), counts=counts), noise)
    drawn = out.ids[out.targets["masked_lm"].labels == 1]
    assert set(drawn) == {7, 8} and (drawn == 7).mean() == pytest.approx(1 / 3, abs=0.02)


def test_unknown_tokens_are_no_targets() -> None:
    batch, noise = clean_batch([[[1, 10, 1, 11] * 10]], "segment", "encoder", 42)
    for corruption in ("random", "shuffled", "both"):
        out = TokenDetection(corruption=corruption, share=0.5).corrupt(batch, vocabulary(), noise)
        unknown = batch.ids == 1
        assert (out.ids[unknown] == 1).all() and (out.targets["masked_lm"].labels[unknown] == NO).all()


def test_impossible_options_are_refused() -> None:
    with pytest.raises(ValueError, match=r"share is 0.8: it must be above 0 and below 0.75"):
        TokenDetection(share=0.8)
