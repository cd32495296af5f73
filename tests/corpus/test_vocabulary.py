from dataclasses import replace
from pathlib import Path

import numpy as np

from nlp_ssl.corpus.vocabulary import Vocabulary
from tests.worlds import write_corpus


def test_special_and_ordinary_tokens() -> None:
    vocabulary = Vocabulary(
        size=8, pad=0, unk=1, cls=2, sep=3, mask=6, word_starts=np.ones(8, np.bool_), surfaces=("",) * 8,
        counts=np.zeros(8, np.int64), emoji={},
    )  # fmt: skip
    assert np.flatnonzero(vocabulary.special).tolist() == [0, 2, 3, 6]  # an unknown token can be corrupted
    assert vocabulary.ordinary.tolist() == [4, 5, 7]
    assert replace(vocabulary, unused=(5,)).ordinary.tolist() == [4, 7]


def test_the_vocabulary_of_a_corpus(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    vocabulary = Vocabulary.of(corpus)
    assert vocabulary.size == corpus.vocab_size == len(vocabulary.surfaces)
    tokens = np.concatenate([shard.tokens for shard in corpus.shards("train")])
    assert vocabulary.counts.sum() == len(tokens)
    assert vocabulary.counts[tokens[0]] == (tokens == tokens[0]).sum()
    assert vocabulary.documents == 60


def test_tokens_are_drawn_in_proportion_to_counts() -> None:
    """Of 8 occurrences, 4 has one, 5 none, 7 seven; special and unknown tokens are never drawn."""
    counts = np.array([9, 9, 9, 9, 1, 0, 9, 7])
    vocabulary = Vocabulary(
        size=8, pad=0, unk=1, cls=2, sep=3, mask=6, word_starts=np.ones(8, np.bool_), surfaces=("",) * 8,
        counts=counts, emoji={},
    )  # fmt: skip
    eighths = np.arange(8, dtype=np.uint64) << np.uint64(61)
    assert vocabulary.draw(eighths).tolist() == [4, *[7] * 7]
    assert vocabulary.draw(np.array([2**61 - 1, 2**61, 2**64 - 1], np.uint64)).tolist() == [4, 7, 7]
    assert vocabulary.draw(eighths.reshape(2, 4)).shape == (2, 4)
