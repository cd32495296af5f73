"""Held-out figures of an objective's own."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from nlp_ssl.training.figures import figures_of, gap_sentences_written, orders_recovered

from nlp_ssl.cli import main
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.objectives.sentence_permutation import SentencePermutation
from nlp_ssl.objectives.text_infilling import TextInfilling
from nlp_ssl.sampling.batch import NO_LABEL, Batch
from nlp_ssl.sampling.noise import Noise
from tests.objectives.test_sentence_permutation import rows_of
from tests.worlds import vocabulary, write_corpus

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
    batch = replace(batch, sequences={"part": batch.targets["seq2seq_lm"].tokens})
    logits = torch.zeros(*batch.targets["part"].tokens.shape, 50)
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


def test_written_gap_sentences_by_hand(monkeypatch) -> None:
    monkeypatch.setattr("nlp_ssl.training.figures.WRITTEN_ROWS", 2)
    ids = np.array([[2, 7, 8, 3, 0, 0], [2, 4, 10, 13, 14, 3], [2, 16, 4, 17, 3, 0], [2, 4, 17, 3, 0, 0]])
    none = np.zeros(4, np.int64)
    batch = Batch(
        ids=ids,
        length=np.array([4, 6, 5, 4]),
        sentence=np.zeros(ids.shape, np.int16),
        token_type_ids=np.zeros_like(ids),
        text_tokens=none,
        example_class=none,
        sequences={"gap_sentences": np.array([[-100] * 4, [10, 11, 13, 3], [16, 19, 3, -100], [17, 3, -100, -100]])},
    )
    asked = {}

    def generate(**options: object) -> torch.Tensor:
        asked.update(options)
        return torch.tensor([[2, 10, 11, 14, 3], [2, 19, 16, 3, 0]])

    model = SimpleNamespace(whole=lambda head: SimpleNamespace(generate=generate))
    found = gap_sentences_written(model, "gap_sentences", batch, {"input_ids": torch.from_numpy(ids)}, vocabulary())
    # The first row has no target, the last one is one too many. Written: 2 words of 3, and all, in whatever order.
    # Copied: w10 w13 w14, of which two are of w10 w11 w13; w16 w17, of which one is of w16 w19.
    assert found.flatten().tolist() == pytest.approx([2 / 3 + 1, 2, 2 * 2 / 6 + 2 * 1 / 4, 2])
    assert asked["input_ids"].tolist() == ids[1:3].tolist()
    assert asked["attention_mask"].tolist() == [[1] * 6, [1, 1, 1, 1, 1, 0]]
    assert asked["max_new_tokens"] == 4


def test_gap_sentences_known_by_heart_are_written(tmp_path) -> None:
    corpus = write_corpus(tmp_path / "corpus", seed=99, documents=8)  # what is held out is what is learned
    size = ["--model.size", "tiny", "--batch.max-length", "32", "--batch.tokens", "256", "--precision", "fp32"]
    more = ["--budget", "400-steps", "--evaluations", "1", *size]
    assert (
        main(["pretrain", "gap_sentences", "--corpus", str(corpus.folder), "--out", str(tmp_path / "run"), *more]) == 0
    )
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    held_out = lines[-1]["validation"]
    assert held_out["rouge_1"] > 0.9 > 0.5 > held_out["rouge_1_by_copying"]
