import numpy as np
import pytest
from rouge_score.rouge_scorer import RougeScorer

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.corpus.words import text_words
from nlp_ssl.objectives._rouge import WordCounts, rouge_1, rouge_l, rouge_n
from tests.worlds import vocabulary, words_vocabulary

SCORER = RougeScorer(["rouge1", "rouge2", "rougeL"])
ENGLISH = words_vocabulary("The the a cat Cat dog don ' t . , 3 sat U.S. —")


def english(seed: int, rows: int, width: int) -> np.ndarray:
    """Texts of up to `width` words, the first of the vocabulary most often; NO_LABEL beyond them."""
    draw = np.random.default_rng(seed)
    ids = 5 + np.minimum(draw.geometric(0.2, (rows, width)) - 1, ENGLISH.size - 6)
    ids[np.arange(width) >= draw.integers(0, width + 1, rows)[:, None]] = -100
    return ids


def text_of(ids: np.ndarray, words: Vocabulary = ENGLISH) -> str:
    return " ".join(words.surfaces[token] for token in ids if token >= 0)


def test_by_hand() -> None:
    # 12 continues a word: the words are w10 w10 w11w12 w13, and w10 w11 w13 w13 w14. Common: w10, w13.
    written, wanted = np.array([[10, 10, 11, 12, 13]]), np.array([[10, 11, 13, 13, 14, 3, -100]])
    assert rouge_1(written, wanted, vocabulary()).tolist() == [2 * 2 / (4 + 5)]


def test_korean_words_do_not_depend_on_their_tokens() -> None:
    words = words_vocabulary("이 ##영화 영화 ##가 영화가 ##는 정말 재미 재미있다 ##있다 .")
    this, _, film, subject, the_film, topic, really, fun, is_fun, is_, stop = range(5, 16)
    one = np.array([[the_film, really, fun, is_, stop]])  # 영화가 정말 재미있다.
    other = np.array([[this, film, subject, is_fun, stop]])  # 이 영화가 재미있다.
    assert rouge_1(one, other, words).tolist() == [2 * 2 / (3 + 3)]
    particle = np.array([[film, topic, this]])  # 영화는 이: another word than 영화가
    assert rouge_1(one, particle, words).tolist() == [0.0]


def test_agrees_with_rouge_score() -> None:
    written, wanted = english(1, 300, 12), english(2, 300, 20)
    theirs = [SCORER.score(text_of(b), text_of(a))["rouge1"].fmeasure for a, b in zip(written, wanted, strict=True)]
    assert 0 < np.mean(theirs) < 1
    assert rouge_1(written, wanted, ENGLISH) == pytest.approx(np.array(theirs))


@pytest.mark.parametrize("unique", [False, True])
def test_sentences_against_the_others_agree_with_rouge_score(unique) -> None:
    draw = np.random.default_rng(3)
    ids = np.maximum(english(4, 60, 40), 0)  # [PAD] beyond
    sentence = np.where(ids > 0, np.sort(draw.integers(0, 6, ids.shape), axis=1), -1)
    chosen = draw.random((60, 6)) < 0.3
    ours = WordCounts(ids, sentence, 6, ENGLISH, unique).scores(chosen)

    def text(row: int, sentences: np.ndarray) -> str:
        words = text_of(ids[row][np.isin(sentence[row], sentences)]).lower().replace(".", " ").replace("'", " ").split()
        return " ".join(dict.fromkeys(words) if unique else words)

    for row, number in np.argwhere(~chosen):
        inside = np.append(np.flatnonzero(chosen[row]), number)
        outside = np.setdiff1d(np.arange(6), inside)
        theirs = SCORER.score(text(row, outside), text(row, inside))["rouge1"].fmeasure
        assert ours[row, number] == pytest.approx(theirs)


def test_texts_without_words() -> None:
    nothing = np.full((2, 3), -100)
    assert rouge_1(nothing, nothing, vocabulary()).tolist() == [0.0, 0.0]
    assert rouge_1(nothing, np.array([[10], [3]]), vocabulary()).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("written", "wanted", "expected"),
    [
        # Common: the, cat, on, mat; "the cat"; the … cat … on … mat.
        ("The cat sat on the mat.", "the cat lay on a mat", (8 / 12, 2 / 10, 8 / 12)),
        # The same words in another order: two of them are in order.
        ("mat the on cat", "the cat lay on a mat", (8 / 10, 0.0, 4 / 10)),
        ("yes", "Yes!", (1.0, 0.0, 1.0)),  # no pair of words
        ("...", "the cat", (0.0, 0.0, 0.0)),
    ],
)
def test_two_texts_by_hand(written: str, wanted: str, expected: tuple[float, ...]) -> None:
    pair = text_words(written), text_words(wanted)
    assert (rouge_n(*pair, 1), rouge_n(*pair, 2), rouge_l(*pair)) == pytest.approx(expected)


def test_two_texts_agree_with_rouge_score() -> None:
    rows = zip(english(5, 200, 70), english(6, 200, 90), strict=True)
    for one, other in ((text_of(a), text_of(b)) for a, b in rows):
        theirs = SCORER.score(other, one)
        pair = text_words(one), text_words(other)
        assert rouge_n(*pair, 1) == pytest.approx(theirs["rouge1"].fmeasure)
        assert rouge_n(*pair, 2) == pytest.approx(theirs["rouge2"].fmeasure)
        assert rouge_l(*pair) == pytest.approx(theirs["rougeL"].fmeasure)
