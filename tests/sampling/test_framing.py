"""Examples as rows with special tokens."""

import numpy as np

from nlp_ssl.sampling.examples import TokenStream, find_examples
from nlp_ssl.sampling.framing import frame
from nlp_ssl.sampling.noise import Noise
from tests.worlds import random_documents, shard, vocabulary


def test_framing_for_an_encoder(text: TokenStream) -> None:
    start, length = np.array([0, 5]), np.array([5, 4])
    batch = frame(text, vocabulary(), "segment", "encoder", start, length, 8, Noise(0, 0, np.arange(2)))
    assert batch.ids.tolist() == [[2, 10, 11, 12, 13, 14, 3, 0], [2, 15, 16, 17, 18, 3, 0, 0]]
    assert batch.sentence.tolist() == [[-1, 0, 0, 0, 1, 1, -1, -1], [-1, 0, 0, 0, 0, -1, -1, -1]]
    assert batch.length.tolist() == [7, 6]


def test_framing_for_a_decoder_ends_documents_only(text: TokenStream) -> None:
    start, length = np.array([0, 5]), np.array([5, 4])  # the second one ends its document
    batch = frame(text, vocabulary(), "segment", "decoder", start, length, 7, Noise(0, 0, np.arange(2)))
    assert batch.ids.tolist() == [[2, 10, 11, 12, 13, 14, 0], [2, 15, 16, 17, 18, 3, 0]]
    assert batch.length.tolist() == [6, 6]


def test_framing_of_a_pair_divides_between_sentences(text: TokenStream) -> None:
    seen = set()
    for example in range(20):
        noise = Noise(0, 0, np.array([example]))
        batch = frame(text, vocabulary(), "pair", "encoder", np.array([0]), np.array([9]), 13, noise)
        (ids,), (segment,), (sentence,) = batch.ids.tolist(), batch.token_type_ids.tolist(), batch.sentence.tolist()
        middle = ids.index(3)
        seen.add(middle)
        a, b = ids[1:middle], ids[middle + 1 : -2]
        assert a + b == list(range(10, 19)) and ids[-2:] == [3, 0]
        assert segment == [0] * (middle + 1) + [1] * (len(b) + 1) + [0]
        of_text = [0, 0, 0, 1, 1, 2, 2, 2, 2]
        assert sentence == [-1, *of_text[: len(a)], -1, *of_text[len(a) :], -1, -1]
    assert seen == {4, 6}  # after 3 tokens or after 5


def test_the_shards_of_a_text_are_seen_as_one() -> None:
    documents = random_documents(1, 30)
    whole = TokenStream([shard(documents)])
    parts = TokenStream([shard(documents[:11]), shard(documents[11:12]), shard(documents[12:])])
    for kind in ("segment", "pair"):
        one, many = (find_examples(t, kind, "encoder", 24) for t in (whole, parts))
        assert np.array_equal(one.start, many.start) and np.array_equal(one.length, many.length)
    pick = np.random.default_rng(0).permutation(len(one))[:20]
    start, length, noise = one.start[pick], one.length[pick].astype(np.int64), Noise(0, 0, pick)
    a, b = (frame(text, vocabulary(), "pair", "encoder", start, length, 24, noise) for text in (whole, parts))
    for field in ("ids", "length", "sentence", "token_type_ids"):
        assert np.array_equal(getattr(a, field), getattr(b, field))
