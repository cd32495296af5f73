"""Draws of training examples, and the examples that scores are on."""

import numpy as np
import pytest

from nlp_ssl.tasks import draws as module
from nlp_ssl.tasks.draws import EXTENDED, UNUSED, draw_examples, nested_order, scored_splits, selection_size
from nlp_ssl.tasks.splits import LabelledExamples


def examples(n: int, name: str = "t", start: int = 0) -> LabelledExamples:
    return LabelledExamples([f"{name}{start + i}" for i in range(n)], None, np.arange(n) % 2)


def test_the_order_is_nested_and_balanced() -> None:
    labels = np.repeat([0, 1, 2], [600, 300, 100])
    order = nested_order(1000, labels)
    assert sorted(order) == list(range(1000))
    for part in (order[:100], order[:500], order[-200:]):
        shares = np.bincount(labels[part]) / len(part)
        np.testing.assert_allclose(shares, [0.6, 0.3, 0.1], atol=0.02)
    assert not np.array_equal(order, np.sort(order))
    np.testing.assert_array_equal(order, nested_order(1000, labels))


def test_the_size_of_the_selection_part() -> None:
    assert [selection_size(n) for n in (20, 100, 1000, 10_000, 400_000)] == [4, 20, 200, 1000, 2000]


def test_draws_differ_and_are_the_same_for_everyone() -> None:
    train = examples(400)
    found, unused = draw_examples(train, train.labels, 100, draws=3)
    again, _ = draw_examples(train, train.labels, 100, draws=2)
    assert [d.train.texts for d in found[:2]] == [d.train.texts for d in again]  # more draws change none
    for draw in found:
        assert len(set(draw.train.texts)) == 100 and draw.train.labels.mean() == 0.5
        assert draw.train.texts == draw.fitting.texts + draw.selection.texts and len(draw.selection) == 20
    sets = [set(draw.train.texts) for draw in found]
    assert 10 < len(sets[0] & sets[1]) < 40  # 25 by chance
    assert set(unused.texts) == set(train.texts) - sets[0]
    larger, _ = draw_examples(train, train.labels, 200, draws=2)
    assert larger[1].train.texts[:100] == found[1].train.texts  # 100 are part of 200


@pytest.mark.parametrize("N", [60, 61, 63, 98, 120])
def test_clusters_are_never_divided(N: int) -> None:
    clusters = np.random.default_rng(1).permutation(np.repeat(np.arange(30), 4))
    train = LabelledExamples([f"t{i}" for i in range(120)], None, np.arange(120) % 2, None, clusters)
    found, unused = draw_examples(train, train.labels, N, draws=2)
    for draw in found:
        assert len(draw.train) == N and draw.train.texts == draw.fitting.texts + draw.selection.texts
        assert abs(len(draw.selection) - N // 5) <= 3
        assert not set(draw.fitting.clusters) & set(draw.selection.clusters)
    first = found[0].train
    assert (unused is None) == (N == 120)
    assert unused is None or not set(unused.clusters) & set(first.clusters)
    assert N == 120 or first.texts != found[1].train.texts
    larger = draw_examples(train, train.labels, 100, draws=1)[0][0].train
    assert N > 100 or larger.texts[:N] == first.texts


def test_all_of_train_is_one_draw() -> None:
    train = examples(50)
    found, unused = draw_examples(train, train.labels, 50, draws=3)
    assert len(found) == 1 and unused is None


def test_many_unused_examples_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_UNUSED", 30)
    train = examples(100)
    (draw,), unused = draw_examples(train, train.labels, 20, draws=1)
    assert len(unused) == 30 and not set(unused.texts) & set(draw.train.texts)


def test_scored_are_dev_and_what_no_draw_learned_from() -> None:
    train, dev, test = examples(400), examples(60, "d"), examples(30, "e")
    found, unused = draw_examples(train, train.labels, 100, draws=3)
    dev.texts[7] = found[2].train.texts[5]  # recurs
    extended, plain, other = scored_splits({"dev": dev, "test": test, UNUSED: unused}, found)
    assert (plain.name, other.name, plain.kept.all()) == ("dev", "test", True)
    assert (extended.name, extended.parts) == (EXTENDED, ("dev", UNUSED))
    learned = {text for draw in found for text in draw.train.texts}
    kept = [text for text, keep in zip(extended.examples.texts, extended.kept, strict=True) if keep]
    assert not learned & set(kept)
    assert sorted(kept) == sorted((set(train.texts) | set(dev.texts)) - learned)
    outputs = {"dev": np.zeros((60, 2)), "test": np.zeros((30, 2)), UNUSED: np.ones((300, 2))}
    assert extended.outputs(outputs)[:, 0].tolist() == [0] * 60 + [1] * 300
    assert extended.examples.labels.tolist() == [*dev.labels, *unused.labels]


def test_no_extended_split_that_is_no_larger_than_dev() -> None:
    train, dev = examples(40), examples(30, "d")
    found, unused = draw_examples(train, train.labels, 20, draws=1)
    unused.texts[:] = found[0].train.texts  # all recur
    assert [split.name for split in scored_splits({"dev": dev, UNUSED: unused}, found)] == ["dev"]
    assert [split.name for split in scored_splits({"dev": dev}, found)] == ["dev"]


def test_test_splits_without_labels_are_not_scored() -> None:
    test = LabelledExamples(["a"], None, None)
    found, _ = draw_examples(examples(20), None, 20, draws=1)
    assert [split.name for split in scored_splits({"dev": examples(4), "test": test}, found)] == ["dev"]
