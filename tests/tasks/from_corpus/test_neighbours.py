"""Queries of neighbouring sentences and their candidates."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from nlp_ssl.corpus.store import Corpus
from nlp_ssl.errors import InputError
from nlp_ssl.tasks.from_corpus import neighbours
from nlp_ssl.tasks.from_corpus.neighbours import NeighbourQueries, neighbour_queries
from tests.worlds import replace_split, write_corpus


def corpus_of(folder: Path, documents: list[int], seed: int = 0, vocab_size: int = 2000) -> Path:
    """A corpus whose held-out documents have so many sentences, of eight random words each."""
    write_corpus(folder, vocab_size)
    draw = np.random.default_rng(seed)
    replace_split(folder, "validation", [draw.integers(50, vocab_size, (n, 8)).tolist() for n in documents])
    return folder


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return corpus_of(tmp_path_factory.mktemp("worlds") / "corpus", [150] * 20)


def texts_of(corpus: Path) -> list[list[str]]:
    """The sentences of each held-out document."""
    (shard,) = Corpus.open(corpus).shards("validation")
    lines = np.split(shard.tokens, shard.sentence_offsets[1:-1])
    texts = [" ".join(f"w{token}" for token in line) for line in lines]
    return [texts[a:b] for a, b in zip(shard.document_offsets, shard.document_offsets[1:], strict=False)]


def test_an_answer_follows_its_query_and_no_sentence_is_used_twice(many: Path) -> None:
    found = neighbour_queries(many, 1200)
    after = {a: b for document in texts_of(many) for a, b in pairwise(document)}
    assert [after[query] for query in found.queries] == found.answers
    assert len({*found.queries, *found.answers}) == 2400


def test_wrong_candidates_are_of_other_documents(many: Path) -> None:
    found = neighbour_queries(many, 1200)
    owner = {text: i for i, document in enumerate(texts_of(many)) for text in document}
    documents = np.array([owner[answer] for answer in found.answers])
    assert found.candidates.shape == (1200, 1000)
    assert found.candidates[:, 0].tolist() == list(range(1200))
    assert all(len(set(row)) == 1000 for row in found.candidates.tolist())
    assert (documents[found.candidates[:, 1:]] != documents[:, None]).all()
    drawn = np.bincount(found.candidates[:, 1:].ravel(), minlength=1200)
    assert drawn.min() > 800 and drawn.max() < 1150  # about 999 times each


def test_too_few_other_documents_are_filled_up_from_the_own_one(tmp_path: Path) -> None:
    found = neighbour_queries(corpus_of(tmp_path / "corpus", [300, 300]), 2000)
    n = len(found.queries)
    assert 290 <= n <= 300 and found.candidates.shape == (n, n)  # fewer than 1,000 in all
    assert all(sorted(row) == list(range(n)) for row in found.candidates.tolist())


def test_queries_depend_on_the_corpus_alone(tmp_path: Path, many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, same = neighbour_queries(many, 300), neighbour_queries(many, 300)
    assert one.queries == same.queries and np.array_equal(one.candidates, same.candidates)
    assert neighbour_queries(many, 400).queries[:300] == one.queries
    other = neighbour_queries(corpus_of(tmp_path / "other", [150] * 20, seed=1), 300)
    assert not set(one.queries) & set(other.queries)


def test_a_passage_is_a_document_or_a_hundred_sentences_of_it(tmp_path: Path) -> None:
    folder = corpus_of(tmp_path / "corpus", [250, 90, 100])
    found = neighbour_queries(folder, 2000)
    place = {text: (i, n // 100) for i, document in enumerate(texts_of(folder)) for n, text in enumerate(document)}
    parts = {
        number: {place[q] for q, p in zip(found.queries, found.passage, strict=True) if p == number}
        for number in range(5)
    }
    assert sorted(part for passage in parts.values() for part in passage) == [(0, 0), (0, 1), (0, 2), (1, 0), (2, 0)]
    assert set(found.passage) == set(range(5))


@pytest.mark.parametrize(("n", "chance"), [(1, 1.0), (2, 0.75), (4, 0.5208333333), (1000, 0.0074854709)])
def test_the_mean_reciprocal_rank_of_a_random_order(n: int, chance: float) -> None:
    queries = NeighbourQueries([], [], np.zeros((3, n), np.int64), np.zeros(3, np.int64))
    assert queries.chance == pytest.approx(chance, abs=1e-10)


def test_too_little_text_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="its held-out text gives 50 pairs of neighbouring sentences, at least 100"):
        neighbour_queries(corpus_of(tmp_path / "corpus", [100]), 2000)
    assert neighbours.FEWEST_QUERIES == 100
