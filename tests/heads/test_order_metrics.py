from types import SimpleNamespace

import numpy as np
import torch

from nlp_ssl.heads.order_metrics import orders_recovered
from nlp_ssl.objectives.sentence_permutation import SentencePermutation
from nlp_ssl.sampling.noise import Noise
from nlp_ssl.sampling.targets import NO_LABEL, SequenceTargets
from tests.objectives.test_sentence_permutation import rows_of
from tests.worlds import vocabulary

ROWS = [
    [[10, 11], [12], [13, 14, 15]],  # 10 at column 0, 12 at 2, 13 at 3 of what is written
    [[20], [21, 22]],
    [[30, 31, 32]],  # one sentence: does not count
    [[40], [41], [40, 42]],  # two sentences that begin alike
]


def figures(scores: dict[tuple[int, int], dict[int, float]], rows: list = ROWS) -> list[list[float]]:
    """The figures of a model that gives each token of the vocabulary a score of 0, but for `scores`[row, column]."""
    clean = rows_of(*rows, width=9)
    batch = SentencePermutation().corrupt(clean, vocabulary(), Noise(0, 0, np.arange(len(rows))))
    batch = batch.with_target("loss", batch.targets["seq2seq_lm"])
    logits = torch.zeros(*batch.targets["loss"].tokens.shape, 50)
    for (row, column), of_tokens in scores.items():
        for token, score in of_tokens.items():
            logits[row, column, token] = score
    model = SimpleNamespace(
        encoder=lambda inputs: None,
        head=lambda name: SimpleNamespace(states=lambda encode: logits, logits=lambda states: states),
    )
    return orders_recovered(model, "loss", batch, {}, vocabulary()).tolist()


RIGHT = {(0, 0): {10: 1}, (0, 2): {12: 1}, (1, 0): {20: 1}, (3, 0): {40: 1}, (3, 1): {41: 1}}
# By chance: one of 3, one of 2; one of 2; two of 3 (both begin with 40), one of 2.
CHANCE = 1 / 6 + 1 / 2 + 1 / 3


def test_orders_recovered() -> None:
    right, chance = figures(RIGHT)
    assert right == [3, 3]
    np.testing.assert_allclose(chance, [CHANCE, 3])


def test_one_wrong_choice_is_a_wrong_order_and_only_sentences_to_come_can_be_chosen() -> None:
    assert figures(RIGHT | {(0, 2): {13: 2, 12: 1}})[0] == [2, 3]  # the last sentence for the second
    assert figures(RIGHT | {(0, 2): {10: 2, 12: 1}})[0] == [3, 3]  # 10 has been written already
    assert figures(RIGHT | {(0, 2): {33: 2, 12: 1}})[0] == [3, 3]  # no sentence begins with 33
    assert figures(RIGHT | {(3, 0): {41: 1}})[0] == [2, 3]


def test_rows_of_other_parts_do_not_count() -> None:
    assert figures({}, rows=[[[30, 31, 32]]]) == [[0, 0], [0, 0]]
    clean = rows_of(*ROWS, width=9)
    other = clean.with_target("loss", SequenceTargets(tokens=np.full((4, 8), NO_LABEL)))
    assert orders_recovered(SimpleNamespace(), "loss", other, {}, vocabulary()).tolist() == [[0, 0], [0, 0]]
