"""Examples: runs of sentences within documents."""

import numpy as np

from nlp_ssl.sampling.examples import TokenStream, find_examples
from tests.worlds import random_documents, shard


def test_segments_are_whole_sentences_inside_documents(text: TokenStream) -> None:
    found = find_examples(text, "segment", "encoder", max_length=2 + 6)
    # 3 + 2 | 4 || 5 | 16 = 6 + 6 + 4: a sentence that is too long is cut, and nothing is lost
    assert found.start.tolist() == [0, 5, 9, 14, 20, 26]
    assert found.length.tolist() == [5, 4, 5, 6, 6, 4]


def test_pairs_need_two_sentences(text: TokenStream) -> None:
    found = find_examples(text, "pair", "encoder", max_length=3 + 9)
    assert (found.start.tolist(), found.length.tolist(), found.skipped) == ([0], [9], 2)


def test_every_token_is_in_one_segment() -> None:
    made = shard(random_documents(3, 40))
    found = find_examples(TokenStream([made]), "segment", "encoder", 20)
    covered = np.concatenate([np.arange(s, s + n) for s, n in zip(found.start, found.length, strict=True)])
    assert np.array_equal(covered, np.arange(len(made.tokens)))


def test_rows_of_several_shards_are_gathered_in_order_and_repeat_the_last_token_of_theirs() -> None:
    text = TokenStream([shard([[[10, 11, 12]]]), shard([[[20, 21]]])])
    start = np.array([3, 0, 2, 4])
    expected = [[20, 21, 21], [10, 11, 12], [12, 12, 12], [21, 21, 21]]
    assert text.gather(start, 3).tolist() == expected
    assert text.gather(np.tile(start, 50), 3).tolist() == expected * 50
    assert text.gather(start[:0], 3).shape == (0, 3)
