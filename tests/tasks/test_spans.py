"""Spans from tags, against seqeval."""

import warnings

import numpy as np
import pytest
from seqeval.metrics import f1_score

from nlp_ssl.tasks.metrics import METRICS, score
from nlp_ssl.tasks.spans import is_span_tag, span_codes, span_counts, spans

NAMES = ["O", "B-NP", "I-NP", "B-VP", "I-VP", "E-NP", "S-NP", "S-VP", "E-VP"]


def codes(sentences: list[list[str]], width: int = 9) -> np.ndarray:
    known = dict(zip(NAMES, span_codes(NAMES), strict=True))
    return np.array([[known[tag] for tag in tags] + [-1] * (width - len(tags)) for tags in sentences])


def random_tags(seed: int, tags: int) -> tuple[list[list[str]], list[list[str]]]:
    rng = np.random.default_rng(seed)
    gold = [[NAMES[i] for i in rng.integers(0, tags, length)] for length in rng.integers(1, 9, 12)]
    change = [[rng.random() < 0.3 for _ in sentence] for sentence in gold]
    predicted = [
        [NAMES[rng.integers(0, tags)] if c else tag for tag, c in zip(sentence, row, strict=True)]
        for sentence, row in zip(gold, change, strict=True)
    ]
    return gold, predicted


def test_a_sentence_worked_out_by_hand() -> None:
    row, first, last, kind = spans(codes([["B-NP", "I-NP", "O", "I-VP", "B-VP"], ["I-NP", "I-VP"]]))
    found = list(zip(row.tolist(), first.tolist(), last.tolist(), kind.tolist(), strict=True))
    assert found == [(0, 0, 1, 0), (0, 3, 3, 1), (0, 4, 4, 1), (1, 0, 0, 0), (1, 1, 1, 1)]


def test_a_span_is_right_only_as_a_whole() -> None:
    gold = codes([["B-NP", "I-NP", "I-NP"], ["B-VP", "O"], ["O"]])
    predicted = codes([["B-NP", "I-NP", "O"], ["B-VP", "B-NP"], ["O"]])
    right, golds, predictions = (counts.tolist() for counts in span_counts(gold, predicted))
    assert (right, golds, predictions) == ([0, 1, 0], [1, 1, 0], [1, 2, 0])


@pytest.mark.parametrize("tags", [5, 9])
@pytest.mark.parametrize("seed", range(20))
def test_f1_is_that_of_seqeval_weighted_and_not(seed: int, tags: int) -> None:
    gold, predicted = random_tags(seed, tags)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert score("span_f1", codes(gold), codes(predicted)) == pytest.approx(f1_score(gold, predicted), abs=1e-12)
        weights = np.random.default_rng(seed).integers(0, 3, (3, len(gold)))
        found = METRICS["span_f1"](codes(gold), codes(predicted), weights.astype(float))
        for w, got in zip(weights, found, strict=True):
            again = [[s for s, n in zip(part, w, strict=True) for _ in range(n)] for part in (gold, predicted)]
            assert got == pytest.approx(f1_score(*again), abs=1e-12)


def test_tags_without_spans_keep_their_ids() -> None:
    assert span_codes(["NN", "O", "VB"]).tolist() == [0, 1, 2]
    assert not is_span_tag("B-") and not is_span_tag("NN") and is_span_tag("S-X") and is_span_tag("O")
