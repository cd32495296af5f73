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


def test_the_vocabulary_of_a_corpus(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    vocabulary = Vocabulary.of(corpus)
    assert vocabulary.size == corpus.vocab_size == len(vocabulary.surfaces)
    tokens = np.concatenate([shard.tokens for shard in corpus.shards("train")])
    assert vocabulary.counts.sum() == len(tokens)
    assert vocabulary.counts[tokens[0]] == (tokens == tokens[0]).sum()
