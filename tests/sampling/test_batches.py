"""The batches of a run: which examples, in which order and shape."""

from dataclasses import replace

import numpy as np
import pytest

from nlp_ssl.objectives.mlm import MaskedLM
from nlp_ssl.sampling.batch import Batch
from nlp_ssl.sampling.batches import Batches, best_widths
from nlp_ssl.sampling.examples import TokenStream, find_examples
from nlp_ssl.sampling.noise import Noise
from tests.worlds import random_documents, shard, vocabulary


class Unchanged:
    example_type, body = "segment", "encoder"

    def corrupt(self, batch: Batch, *_: object) -> Batch:
        return batch


def make(
    parts: int = 1, rank: int = 0, accumulation: int = 1, seed: int = 4, objective: object = Unchanged()
) -> Batches:
    text = TokenStream([shard(random_documents(2, 50))])
    examples = find_examples(text, "segment", "encoder", 24)
    options = {"seed": seed, "tokens": 200, "rank": rank, "processes": parts, "accumulation": accumulation}
    return Batches(text, examples, vocabulary(), objective, **options)


def rows(batches: Batches, steps: range) -> list[list[int]]:
    found = []
    for step in steps:
        for batch in batches[step]:
            found += [ids[:n].tolist() for ids, n in zip(batch.ids, batch.length, strict=True)]
    return found


def test_an_epoch_has_every_example_once() -> None:
    batches = make()
    epoch = rows(batches, range(len(batches)))
    assert len(epoch) == len(batches.examples)
    text = sorted(tuple(row[1:-1]) for row in epoch)
    spans = zip(batches.examples.start, batches.examples.length, strict=True)
    assert text == sorted(tuple(batches.text.shards[0].tokens[s : s + n].tolist()) for s, n in spans)
    second = rows(batches, range(len(batches), 2 * len(batches)))
    assert second != epoch and sorted(second) == sorted(epoch)


def test_batches_are_within_their_budget_and_hardly_padded() -> None:
    batches = make()
    sizes = [batches[step][0].ids.shape for step in range(len(batches))]
    assert all(rows * width <= 200 for rows, width in sizes)
    assert {width for _, width in sizes} <= set(batches.widths.tolist())
    assert batches.padding < 0.05


def test_a_batch_depends_on_seed_and_step_alone() -> None:
    forwards, backwards = make(objective=MaskedLM()), make(objective=MaskedLM())
    steps = list(range(0, 3 * len(forwards), 7))
    for step, again in zip(steps, reversed([backwards[step] for step in reversed(steps)]), strict=True):
        assert np.array_equal(forwards[step][0].ids, again[0].ids)
    assert rows(make(seed=5), range(3)) != rows(make(), range(3))


def test_a_schedule_depends_on_the_step_and_the_steps_of_the_run() -> None:
    class Done(Unchanged):
        def corrupt(self, batch: Batch, vocabulary: object, noise: Noise) -> Batch:
            return replace(batch, text_tokens=np.full_like(batch.text_tokens, 1000 * noise.done))

    batches = make(objective=Done())

    def done(batches: Batches, step: int) -> int:
        return int(batches[step][0].text_tokens[0])

    run = batches.in_run(8)
    assert [done(run, step) for step in (7, 0, 2)] == [875, 0, 250]
    assert done(batches.in_run(4), 2) == 500
    assert done(batches, 2) == 1000  # outside a run
    assert rows(run, range(8)) == rows(batches, range(8))


@pytest.mark.parametrize(("processes", "accumulation"), [(1, 4), (2, 1), (2, 2), (3, 2)])
def test_parts_make_up_the_same_batch(processes: int, accumulation: int) -> None:
    objective = MaskedLM(mlm_probability=0.5, final_probability=0.1)
    whole = make(objective=objective).in_run(40)
    shares = [make(processes, rank, accumulation, objective=objective).in_run(40) for rank in range(processes)]
    for step in range(0, len(whole), 3):
        (expected,) = whole[step]
        micro_batches = [share[step] for share in shares]
        assert all(len(group) == accumulation for group in micro_batches)
        targets = [b for group in micro_batches for b in group]
        both = [np.concatenate([b.ids, b.targets["masked_lm"].labels], 1).tolist() for b in targets]
        found = sorted(row for part in both for row in part)
        if len(expected.ids) >= processes * accumulation:
            assert found == sorted(np.concatenate([expected.ids, expected.targets["masked_lm"].labels], 1).tolist())


def test_a_part_without_examples_predicts_nothing() -> None:
    text = TokenStream([shard([[[10, 11, 12]]])])
    examples = find_examples(text, "segment", "encoder", 24)
    options = {"seed": 0, "tokens": 200, "rank": 1, "processes": 2}
    batches = Batches(text, examples, vocabulary(), MaskedLM(), **options)
    assert (batches[0][0].targets["masked_lm"].labels == -100).all()


def test_best_widths_by_hand() -> None:
    # 100 rows of 10, 100 of 20, 1 of 19: one width pads a third away, two leave one token.
    histogram = np.bincount([10] * 100 + [20] * 100 + [19])
    assert best_widths(histogram).tolist() == [10, 20]
    assert best_widths(np.bincount([7] * 5)).tolist() == [7]
