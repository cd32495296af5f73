from pathlib import Path

import numpy as np
import pytest

from nlp_ssl.corpus.split_likeness import concerns, divergence, token_counts
from nlp_ssl.corpus.store import write_shard


def test_divergence_of_known_distributions() -> None:
    same, chance = divergence(np.array([1000, 1000]), np.array([100, 100]))
    assert same == 0.0 and 0 <= chance < 0.02
    assert divergence(np.array([5, 0]), np.array([0, 9]))[0] == 1.0
    # (1/2) KL((1, 0) | (3/4, 1/4)) + (1/2) KL((1/2, 1/2) | (3/4, 1/4))
    expected = 0.5 * np.log2(4 / 3) + 0.25 * np.log2(2 / 3) + 0.25 * np.log2(2)
    assert divergence(np.array([8, 0]), np.array([4, 4]))[0] == pytest.approx(expected)
    assert divergence(np.array([8, 0]), np.array([0, 0])) == (0.0, 0.0)


def test_a_small_sample_diverges_by_chance() -> None:
    rng = np.random.default_rng(1)
    p = rng.dirichlet(np.ones(1000))
    bits, by_chance = divergence(rng.multinomial(10**6, p), rng.multinomial(1000, p))
    assert 0.1 < bits < 0.5
    assert bits == pytest.approx(by_chance, rel=0.1)


def test_tokens_of_all_shards_are_counted(tmp_path: Path) -> None:
    for split, name, tokens in (("train", "0", [1, 1]), ("train", "1", [2]), ("validation", "0", [3])):
        (tmp_path / split).mkdir(exist_ok=True)
        array = np.array(tokens, np.uint16)
        offsets = np.array([0, len(tokens)], np.int32)
        write_shard(tmp_path / split / f"{name}.arrow", array, offsets, np.array([0, 1], np.int32))
    assert [counts.tolist() for counts in token_counts(tmp_path, 4)] == [[0, 2, 1, 0], [0, 0, 0, 1]]


def test_unlike_splits_are_warned_of() -> None:
    novels = {"name": "novels", "train_bytes": 900, "validation_bytes": 10}
    reviews = {"name": "reviews", "train_bytes": 100, "validation_bytes": 90}
    found = concerns([novels, reviews], 0.3, 0.1)
    assert found[0].startswith("novels is 10 % of validation, but 90 % of train; a larger")
    assert found[1].startswith("reviews is 90 % of validation, but 10 % of train; a larger")
    assert found[2] == "validation is unlike train: its words differ by 0.30 bits, by chance 0.10"
    assert concerns([novels | {"validation_bytes": 85}, reviews | {"validation_bytes": 15}], 0.19, 0.1) == []
    assert concerns([novels | {"validation_bytes": 0}], 0.0, 0.0) == []
