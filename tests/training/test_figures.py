"""Held-out figures of an objective's own, by hand."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import torch

from nlp_ssl.corpus.batch import NO_LABEL
from nlp_ssl.corpus.noise import Noise
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.objectives.sentence_permutation import SentencePermutation
from nlp_ssl.objectives.text_infilling import TextInfilling
from nlp_ssl.training.figures import figures_of, orders_recovered
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
    batch = replace(batch, sequences={"part": batch.sequences["seq2seq_lm"]})
    logits = torch.zeros(*batch.sequences["part"].shape, 50)
    for (row, column), of_tokens in scores.items():
        for token, score in of_tokens.items():
            logits[row, column, token] = score
    model = SimpleNamespace(
        run_body=lambda inputs: {"part": logits},
        heads={"seq2seq_lm": lambda inputs_embeds: SimpleNamespace(logits=inputs_embeds)},
    )
    inputs = {"input_ids": torch.from_numpy(batch.ids)}
    return orders_recovered(model, "part", batch, inputs, vocabulary()).tolist()


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
    other = replace(clean, sequences={"part": np.full((4, 8), NO_LABEL)})
    assert orders_recovered(SimpleNamespace(), "part", other, {}, vocabulary()).tolist() == [[0, 0], [0, 0]]


def test_an_objective_that_shares_a_part_has_no_figures() -> None:
    alone = Mixture(objectives={"sentence_permutation": SentencePermutation()})
    bart = Mixture(objectives={"sentence_permutation": SentencePermutation(), "text_infilling": TextInfilling()})
    found = figures_of(alone.parts["sentence_permutation"])
    assert found is not None and found.names == ("orders_recovered", "orders_by_chance")
    assert [figures_of(part) for part in bart.parts.values()] == [None]
