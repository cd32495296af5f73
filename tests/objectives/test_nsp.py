import numpy as np
import pytest

from nlp_ssl.objectives.nsp import NextSentencePrediction
from nlp_ssl.sampling import framing
from nlp_ssl.sampling.examples import TokenStream, find_examples
from nlp_ssl.sampling.framing import frame
from nlp_ssl.sampling.noise import Noise
from tests.worlds import clean_batch, random_documents, shard, vocabulary

# Two documents, of sentences of 3, 3 and 4 tokens and of 2, 5 and 3 tokens.
DOCUMENTS = [[[10, 11, 12], [13, 14, 15], [16, 17, 18, 19]], [[20, 21], [22, 23, 24, 25, 26], [27, 28, 29]]]


def test_runs_end_in_the_sentence_that_does_not_fit() -> None:
    found = find_examples(TokenStream([shard(DOCUMENTS)]), "mixed_pair", "encoder", 3 + 5)
    # 3 + 3 reach 5 tokens, then one sentence is left over; 2 + 5 likewise
    assert (found.start.tolist(), found.length.tolist(), found.skipped) == ([0, 10], [5, 5], 2)


class Draws(Noise):
    """The first example is followed by its own text, the second by the sentence that is drawn."""

    def __init__(self, sentence: int = 1) -> None:
        self.sentence = sentence

    def take(self, rows):
        return self

    def halves(self, stream):
        return np.array([0, 1])

    def integers(self, stream, high):
        return np.full(len(high), self.sentence if stream.startswith("other") else 0)

    def uniform(self, stream, width):
        return np.full((2, width), 0.9 if stream == "truncate a" else 0.1, np.float32)


def test_by_hand() -> None:
    text = TokenStream([shard(DOCUMENTS)])
    clean = frame(text, vocabulary(), "mixed_pair", "encoder", np.array([0, 10]), np.array([5, 5]), 9, Draws())
    out = NextSentencePrediction().corrupt(clean, vocabulary(), Draws())
    # 3 + 3 tokens are one too many: of two pieces of one length the second is cut, here in front.
    # 2 tokens and the sentence 13 14 15 of the other document are just enough.
    assert out.ids.tolist() == [[2, 10, 11, 12, 3, 14, 15, 3, 0], [2, 20, 21, 3, 13, 14, 15, 3, 0]]
    assert out.sentence.tolist() == [[-1, 0, 0, 0, -1, 1, 1, -1, -1], [-1, 0, 0, -1, 1, 1, 1, -1, -1]]
    assert out.token_type_ids.tolist() == [[0, 0, 0, 0, 0, 1, 1, 1, 0], [0, 0, 0, 0, 1, 1, 1, 1, 0]]
    assert out.targets["sequence_classification"].labels.tolist() == [0, 1]
    assert (out.length.tolist(), out.text_tokens.tolist()) == ([8, 8], [5, 5])


def test_where_only_the_own_document_is_drawn_the_next_one_gives_its_first_sentence() -> None:
    text = TokenStream([shard(DOCUMENTS)])
    draws = Draws(sentence=4)  # of the second document, as the second example is
    clean = frame(text, vocabulary(), "mixed_pair", "encoder", np.array([0, 10]), np.array([5, 5]), 9, draws)
    assert clean.ids.tolist()[1] == [2, 20, 21, 3, 10, 11, 12, 3, 0]


def test_cutting_is_that_of_popping_from_the_longer_piece() -> None:
    """BERT's loop, one token at a time."""
    draw = np.random.default_rng(0)
    first, second = draw.integers(1, 40, 500), draw.integers(1, 40, 500)
    limit = draw.integers(2, 60, 500)
    zero, noise = np.zeros(500, np.int64), Noise(0, 0, np.arange(500))
    begin_a, a, begin_b, b = framing._truncate(zero, first, zero, second, limit, noise)
    for i in range(500):
        expected = [int(first[i]), int(second[i])]
        while sum(expected) > limit[i]:
            expected[0 if expected[0] > expected[1] else 1] -= 1
        assert [a[i], b[i]] == expected
    assert ((begin_a >= 0) & (begin_a + a <= first)).all() and ((begin_b >= 0) & (begin_b + b <= second)).all()
    cut = (first - a) > 8
    assert (begin_a[cut] / (first - a)[cut]).mean() == pytest.approx(0.5, abs=0.05)  # a fair coin for each token


def test_classes_are_exactly_balanced_and_alike_in_length() -> None:
    batch, noise = clean_batch(random_documents(0, 400), "mixed_pair", "encoder", 40)
    out = NextSentencePrediction().corrupt(batch, vocabulary(), noise)
    label = out.targets["sequence_classification"].labels
    assert len(label) > 400 and abs(label.sum() - len(label) / 2) <= 1
    full = batch.length == 40
    assert full[label == 0].mean() == pytest.approx(full[label == 1].mean(), abs=0.25)


def test_the_second_piece_is_never_of_the_same_document() -> None:
    documents = [[[5 + d] * n for n in (4, 6, 5, 7, 3)] for d in range(30)]  # a token for each document
    batch, _ = clean_batch(documents, "mixed_pair", "encoder", 16)
    label = batch.example_class
    second = batch.ids[np.arange(len(label)), batch.length - 2]
    assert ((batch.ids[:, 1] != second) == label).all()


def test_one_document_cannot_serve() -> None:
    found = find_examples(TokenStream([shard(DOCUMENTS[:1])]), "mixed_pair", "encoder", 8)
    assert len(found) == 0 and found.skipped == 2


def test_shards_are_seen_as_one() -> None:
    documents = random_documents(1, 60)
    whole = TokenStream([shard(documents)])
    parts = TokenStream([shard(documents[:11]), shard(documents[11:12]), shard(documents[12:])])
    found = find_examples(whole, "mixed_pair", "encoder", 24)
    noise = Noise(3, 0, np.arange(len(found)))
    start, length = found.start, found.length.astype(np.int64)
    a, b = (frame(text, vocabulary(), "mixed_pair", "encoder", start, length, 24, noise) for text in (whole, parts))
    for field in ("ids", "length", "sentence", "token_type_ids", "example_class", "text_tokens"):
        assert np.array_equal(getattr(a, field), getattr(b, field))
