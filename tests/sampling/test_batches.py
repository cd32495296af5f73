import numpy as np
import pytest

from nlp_ssl.objectives.mlm import MaskedLM
from nlp_ssl.sampling.batch import Batch, check
from nlp_ssl.sampling.batches import Batches, best_widths
from nlp_ssl.sampling.examples import TokenStream, find_examples
from nlp_ssl.sampling.framing import frame
from nlp_ssl.sampling.noise import Noise
from tests.worlds import random_documents, shard, vocabulary

# Two documents: sentences of 3, 2, 4 and of 5 and 16 tokens, ids 10..39.
IDS = iter(range(10, 40))
DOCUMENTS = [[[next(IDS) for _ in range(n)] for n in lengths] for lengths in ((3, 2, 4), (5, 16))]
TEXT = TokenStream([shard(DOCUMENTS)])


class Unchanged:
    example_type, body = "segment", "encoder"

    def corrupt(self, batch: Batch, *_: object) -> Batch:
        return batch


def test_segments_are_whole_sentences_inside_documents() -> None:
    found = find_examples(TEXT, "segment", "encoder", max_length=2 + 6)
    # 3 + 2 | 4 || 5 | 16 = 6 + 6 + 4: a sentence that is too long is cut, and nothing is lost
    assert found.start.tolist() == [0, 5, 9, 14, 20, 26]
    assert found.length.tolist() == [5, 4, 5, 6, 6, 4]


def test_pairs_need_two_sentences() -> None:
    found = find_examples(TEXT, "pair", "encoder", max_length=3 + 9)
    assert (found.start.tolist(), found.length.tolist(), found.skipped) == ([0], [9], 2)


def test_every_token_is_in_one_segment() -> None:
    made = shard(random_documents(3, 40))
    found = find_examples(TokenStream([made]), "segment", "encoder", 20)
    covered = np.concatenate([np.arange(s, s + n) for s, n in zip(found.start, found.length, strict=True)])
    assert np.array_equal(covered, np.arange(len(made.tokens)))


def test_framing_for_an_encoder() -> None:
    start, length = np.array([0, 5]), np.array([5, 4])
    batch = frame(TEXT, vocabulary(), "segment", "encoder", start, length, 8, Noise(0, 0, np.arange(2)))
    assert batch.ids.tolist() == [[2, 10, 11, 12, 13, 14, 3, 0], [2, 15, 16, 17, 18, 3, 0, 0]]
    assert batch.sentence.tolist() == [[-1, 0, 0, 0, 1, 1, -1, -1], [-1, 0, 0, 0, 0, -1, -1, -1]]
    assert batch.length.tolist() == [7, 6]


def test_framing_for_a_decoder_ends_documents_only() -> None:
    start, length = np.array([0, 5]), np.array([5, 4])  # the second one ends its document
    batch = frame(TEXT, vocabulary(), "segment", "decoder", start, length, 7, Noise(0, 0, np.arange(2)))
    assert batch.ids.tolist() == [[2, 10, 11, 12, 13, 14, 0], [2, 15, 16, 17, 18, 3, 0]]
    assert batch.length.tolist() == [6, 6]


def test_framing_of_a_pair_divides_between_sentences() -> None:
    seen = set()
    for example in range(20):
        noise = Noise(0, 0, np.array([example]))
        batch = frame(TEXT, vocabulary(), "pair", "encoder", np.array([0]), np.array([9]), 13, noise)
        (ids,), (segment,), (sentence,) = batch.ids.tolist(), batch.token_type_ids.tolist(), batch.sentence.tolist()
        middle = ids.index(3)
        seen.add(middle)
        a, b = ids[1:middle], ids[middle + 1 : -2]
        assert a + b == list(range(10, 19)) and ids[-2:] == [3, 0]
        assert segment == [0] * (middle + 1) + [1] * (len(b) + 1) + [0]
        of_text = [0, 0, 0, 1, 1, 2, 2, 2, 2]
        assert sentence == [-1, *of_text[: len(a)], -1, *of_text[len(a) :], -1, -1]
    assert seen == {4, 6}  # after 3 tokens or after 5


def test_the_shards_of_a_text_are_seen_as_one() -> None:
    documents = random_documents(1, 30)
    whole = TokenStream([shard(documents)])
    parts = TokenStream([shard(documents[:11]), shard(documents[11:12]), shard(documents[12:])])
    for kind in ("segment", "pair"):
        one, many = (find_examples(t, kind, "encoder", 24) for t in (whole, parts))
        assert np.array_equal(one.start, many.start) and np.array_equal(one.length, many.length)
    pick = np.random.default_rng(0).permutation(len(one))[:20]
    start, length, noise = one.start[pick], one.length[pick].astype(np.int64), Noise(0, 0, pick)
    a, b = (frame(text, vocabulary(), "pair", "encoder", start, length, 24, noise) for text in (whole, parts))
    for field in ("ids", "length", "sentence", "token_type_ids"):
        assert np.array_equal(getattr(a, field), getattr(b, field))


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


@pytest.mark.parametrize(("processes", "accumulation"), [(1, 4), (2, 1), (2, 2), (3, 2)])
def test_parts_make_up_the_same_batch(processes: int, accumulation: int) -> None:
    objective = MaskedLM()
    whole = make(objective=objective)
    shares = [make(processes, rank, accumulation, objective=objective) for rank in range(processes)]
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


@pytest.mark.parametrize(
    ("field", "row", "column", "value", "message"),
    [
        ("ids", 1, 2, 50, "test: not a token id: 50 at row 1, column 2"),
        ("ids", 0, -1, 7, "test: written to the padding: 7 at row 0, column 11"),
        ("labels", 1, 3, 77, "test: masked_lm: not a label: 77 at row 1, column 3"),
        ("labels", 0, -1, 9, "test: masked_lm: a target in the padding: 9 at row 0, column 11"),
    ],
)
def test_check_names_row_and_column(field, row, column, value, message) -> None:
    start, length = np.array([0, 5]), np.array([5, 4])
    clean = frame(TEXT, vocabulary(), "segment", "encoder", start, length, 12, Noise(0, 0, np.arange(2)))
    batch = MaskedLM().corrupt(clean, vocabulary(), Noise(0, 0, np.arange(2)))
    check(batch, vocabulary(), "test")
    (batch.ids if field == "ids" else batch.targets["masked_lm"].labels)[row, column] = value
    with pytest.raises(AssertionError, match=message):
        check(batch, vocabulary(), "test")
