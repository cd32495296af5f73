"""A text for an example."""

import math

import numpy as np
import pytest
import torch

from nlp_ssl.tasks.kinds.base import Column
from nlp_ssl.tasks.kinds.generation import Generation, text_outputs
from nlp_ssl.tasks.splits import LabelledExamples

KIND = Generation()
EXAMPLES = LabelledExamples(["one", "two"], None, np.array(["the cat lay on a mat", "a\ndog"], dtype=object))
OUTPUTS = text_outputs(["The cat sat on the mat.", "dog a"])


def test_texts_are_parsed_and_checked() -> None:
    column = Column([" A cat. ", 3, None, "", float("nan")], lambda row: f"dev.tsv:{row + 2}", [])
    assert KIND.parse(column, declared=False)[:2].tolist() == ["A cat.", "3"]
    assert column.problems == [
        f"dev.tsv:{line}: the text to write is empty; fill it in or remove the row" for line in (4, 5, 6)
    ]
    assert KIND.wrong_value(["a"]) == "the text to write is a list; it must be a string"


def test_scores_are_rouge_by_hand() -> None:
    # 4 common words of 6 and 6, 1 common pair of 5 and 5, 4 in order; then both words, no pair, 1 in order.
    assert KIND.predictions(OUTPUTS, EXAMPLES) == pytest.approx(np.array([[8 / 12, 0.2, 8 / 12], [1, 0, 0.5]]))
    assert KIND.score("rouge_1", OUTPUTS, EXAMPLES) == pytest.approx((8 / 12 + 1) / 2)
    assert KIND.score("rouge_2", OUTPUTS, EXAMPLES) == pytest.approx(0.1)
    assert KIND.score("rouge_l", OUTPUTS, EXAMPLES) == pytest.approx((8 / 12 + 0.5) / 2)
    assert KIND.selection_loss(OUTPUTS, EXAMPLES.labels) == pytest.approx(1 - (8 / 12 + 0.2 + 8 / 12 + 1 + 0.5) / 6)


def test_the_loss_is_summed_over_tokens() -> None:
    logits, gold = torch.zeros(2, 2, 8), torch.tensor([[1, 2], [3, -100]])
    assert float(KIND.loss(logits, gold)) == pytest.approx(3 * math.log(8))


def test_texts_are_written_as_one_line() -> None:
    _, rows = KIND.prediction_table(OUTPUTS, EXAMPLES)
    assert rows == [["1", "the cat lay on a mat", "The cat sat on the mat.", "one"], ["2", "a dog", "dog a", "two"]]
    assert KIND.submission(text_outputs(["a\n b"]), EXAMPLES, names=True) == ["a b"]
