from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from nlp_ssl import recipe_files
from nlp_ssl.objectives.text_infilling import TextInfilling
from nlp_ssl.sampling.batch import NO_LABEL, check
from nlp_ssl.sampling.examples import TokenStream, find_examples
from nlp_ssl.sampling.framing import frame
from nlp_ssl.sampling.noise import Noise
from nlp_ssl.sampling.targets import TokenTargets
from tests.objectives.test_sentence_permutation import rows_of
from tests.worlds import random_documents, shard, vocabulary

M = 4  # [MASK]
TOKENS = {"whole_words": False}
DELETION = {"lengths": "one", "whole_words": False, "replace_with": "nothing"}


class Spans(Noise):
    """The first lengths of each row as draws of a Poisson distribution with mean 3, and the places of its spans."""

    DRAW_OF = (0.02, 0.1, 0.3, 0.5, 0.7)  # e^-3 = 0.05, then up to 0.20, 0.42, 0.65, 0.82

    def __init__(self, lengths: list[list[int]], places: list[list[int]]) -> None:
        self.lengths, self.places = lengths, places

    def uniform(self, stream, width):
        assert stream == "length"
        draws = np.full((len(self.lengths), width), 0.5, np.float32)
        for i, lengths in enumerate(self.lengths):
            draws[i, : len(lengths)] = [self.DRAW_OF[n] for n in lengths]
        return draws

    def bits(self, stream, width):
        assert stream == "place"
        draws = np.tile(np.arange(100, 100 + width, dtype=np.uint64), (len(self.places), 1))
        for i, places in enumerate(self.places):
            draws[i, places] = np.arange(len(places))
        return draws


# Tokens divisible by 3 continue a word: 10 | 11 12 | 13 | 14 | 16 | 17 | 19 | 20 | 22, of which three words go.
LONG = [[10, 11, 12, 13, 14], [16, 17, 19, 20, 22]]


def test_by_hand() -> None:
    batch = rows_of(LONG, [[10], [11, 12, 13]], [[15]], width=13)
    before = batch.ids.copy()
    # Two words from the second on; a mask more; and one word, cut from three, at the end.
    # In the second row one word goes, so there is no room for a mask more; the third loses its only word.
    noise = Spans([[2, 0, 3], [0, 1], [4]], [[1, 5, 8], [2], [0]])
    out = TextInfilling().corrupt(batch, vocabulary(), noise)
    assert out.ids.tolist() == [
        [2, 10, M, 14, 16, 17, M, 19, 20, M, 3, 0, 0],
        [2, 10, 11, 12, M, 3, 0, 0, 0, 0, 0, 0, 0],
        [2, M, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ]
    assert out.sentence.tolist()[:2] == [
        [-1, 0, 0, 0, 1, 1, 1, 1, 1, 1, -1, -1, -1],
        [-1, 0, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1, -1],
    ]
    assert out.length.tolist() == [11, 6, 3]
    assert out.targets["seq2seq_lm"].tokens.tolist()[0] == [10, 11, 12, 13, 14, 16, 17, 19, 20, 22, 3, NO_LABEL]
    assert np.array_equal(batch.ids, before)
    check(out, vocabulary(), "test")


def test_variants_by_hand() -> None:
    def corrupted(**fields) -> list[int]:
        noise = Spans([[2, 0, 3]], [[1, 5, 8]])
        out = TextInfilling(**fields).corrupt(rows_of(LONG, width=12), vocabulary(), noise)
        return out.ids[0][: out.length[0]].tolist()

    assert corrupted(replace_with="nothing") == [2, 10, 14, 16, 17, 19, 20, 3]
    assert corrupted(whole_words=False) == [2, 10, M, 13, 14, 16, M, 17, 19, M, 22, 3]
    assert corrupted(lengths="one", whole_words=False) == [2, 10, M, 12, 13, 14, M, 17, 19, M, 22, 3]
    assert corrupted(**DELETION) == [2, 10, 12, 13, 14, 17, 19, 22, 3]


def test_masks_before_and_behind_the_text_by_hand() -> None:
    """A mask behind the last word is of its sentence; spans that meet keep a mask each."""
    out = TextInfilling().corrupt(rows_of(LONG, width=12), vocabulary(), Spans([[0, 2, 1]], [[8, 0, 1]]))
    assert out.ids.tolist() == [[2, M, M, 14, 16, 17, 19, 20, 22, M, 3, 0]]
    assert out.sentence.tolist() == [[-1, 0, 0, 0, 1, 1, 1, 1, 1, 1, -1, -1]]


def test_labels_go_with_their_tokens_by_hand() -> None:
    """Of the tokens that were masked before, 12 goes with a span, whose mask has no label; 17 and 20 stay."""
    batch = rows_of(LONG, width=12)
    labels = np.full_like(batch.ids, NO_LABEL)
    labels[0, [2, 3, 7, 9]] = [11, 12, 17, 20]
    batch.ids[0, 7] = M
    batch = batch.with_target("masked_lm", TokenTargets(labels=labels))
    out = TextInfilling().corrupt(batch, vocabulary(), Spans([[2, 0, 3]], [[1, 5, 8]]))
    assert out.ids.tolist() == [[2, 10, M, 14, 16, M, M, 19, 20, M, 3, 0]]
    found = out.targets["masked_lm"].labels[0]
    assert np.flatnonzero(found != NO_LABEL).tolist() == [5, 8] and found[[5, 8]].tolist() == [17, 20]


VARIANTS = [{}, TOKENS, DELETION, {"lengths": "one"}, {"ratio": 0.8, "mean_length": 0.5}, {"ratio": 0.01}]


@pytest.mark.parametrize("fields", VARIANTS, ids=str)
def test_the_contract(fields) -> None:
    text = TokenStream([shard(random_documents(0, 300))])
    found = find_examples(text, "segment", "seq2seq", 60)
    noise = Noise(1, 0, np.arange(len(found)))
    start, length = found.start, found.length.astype(np.int64)
    batch = frame(text, vocabulary(), "segment", "seq2seq", start, length, 60, noise)
    out = TextInfilling(**fields).corrupt(batch, vocabulary(), noise)
    check(out, vocabulary(), "test")
    assert (out.length <= batch.length).all()
    for i, row in enumerate(out.ids):
        assert (row[0], row[out.length[i] - 1]) == (2, 3)
        left = iter(batch.ids[i, 1 : batch.length[i] - 1].tolist())
        assert all(token in left for token in row[1 : out.length[i] - 1].tolist() if token != M)  # in their order
        masked = row == M
        assert (out.sentence[i][masked] >= 0).all() and masked.any() == (fields.get("replace_with") != "nothing")
        numbers = out.sentence[i, 1 : out.length[i] - 1]
        assert (np.diff(numbers) >= 0).all() and (numbers >= 0).all()
        wanted = batch.ids[i, 1 : batch.length[i]].tolist()
        assert out.targets["seq2seq_lm"].tokens[i, : len(wanted)].tolist() == wanted
    some = np.array([5, 60, 17])
    part = TextInfilling(**fields).corrupt(batch.take(some), vocabulary(), noise.take(some))
    width = min(part.ids.shape[1], out.ids.shape[1])
    assert np.array_equal(out.ids[some][:, :width], part.ids[:, :width])


def holes(row: list[int], words: list[list[int]]) -> list[tuple[int, int]]:
    """Where masks are in a row: (how many side by side, how many words are gone there). Words occur once each."""
    found, nth, masks = [], 0, 0
    starts = {word[0]: i for i, word in enumerate(words)}
    continued = {token for word in words for token in word[1:]}
    for token in [*row, None]:
        if token == M:
            masks += 1
        elif token is None or token in starts:
            at = starts.get(token, len(words))
            if masks or at > nth:
                found.append((masks, at - nth))
            nth, masks = at + 1, 0
        else:
            assert token in continued and masks == 0
    return found


def test_lengths_are_poisson_and_the_budget_is_met() -> None:
    rows, tokens = 3000, list(range(5, 125))
    batch = rows_of(*[[tokens]] * rows, width=122)
    out = TextInfilling().corrupt(batch, vocabulary(200), Noise(4, 0, np.arange(rows)))
    words: list[list[int]] = []
    for token in tokens:
        if token % 3 == 0:
            words[-1].append(token)
        else:
            words.append([token])
    assert len(words) == 80  # hence 24 go
    found = [holes(row[1 : n - 1].tolist(), words) for row, n in zip(out.ids, out.length, strict=True)]
    assert {sum(gone for _, gone in row) for row in found} == {24}
    for row in found:
        assert all(masks for masks, _ in row)

    # Of spans that meet no other, the length can be seen. The same by the rule, one length after another:
    alone = Counter(gone for row in found for masks, gone in row if masks == 1)
    draw, expected = np.random.default_rng(0), Counter()
    spans = []
    for _ in range(20_000):
        left, count = 24, 0
        while left:
            length = min(left, draw.poisson(3))
            expected[length] += 1
            left, count = left - length, count + 1
        spans.append(count)
    for length in range(8):
        shares = [counter[length] / counter.total() for counter in (alone, expected)]
        assert shares[0] == pytest.approx(shares[1], abs=0.01), length
    assert alone[0] / alone.total() == pytest.approx(np.exp(-3), abs=0.01)
    assert np.mean([sum(masks for masks, _ in row) for row in found]) == pytest.approx(np.mean(spans), abs=0.1)


def test_all_choices_of_tokens_to_delete_are_equally_likely() -> None:
    rows = 12_000
    batch = rows_of(*[[[10, 11, 12, 13]]] * rows, width=6)
    out = TextInfilling(ratio=0.5, **DELETION).corrupt(batch, vocabulary(), Noise(5, 0, np.arange(rows)))
    found = Counter(tuple(row[1:3].tolist()) for row in out.ids)
    assert set(found) == set(combinations([10, 11, 12, 13], 2))
    assert max(abs(n - rows / 6) for n in found.values()) < 4 * (rows * 5 / 36) ** 0.5


def test_in_barts_mixture_the_target_is_the_original_text() -> None:
    mixture = recipe_files.load("bart").mixture
    (part,) = mixture.losses
    batch = rows_of(LONG, LONG, width=12)
    out = mixture.corrupt(batch, vocabulary(), Noise(6, 0, np.arange(2)))
    assert out.targets[part].tokens.tolist() == batch.ids[:, 1:].tolist()
    for row, sentence in zip(out.ids.tolist(), out.sentence.tolist(), strict=True):
        numbers = [n for n in sentence if n >= 0]
        assert numbers == sorted(numbers, reverse=True) and row.count(M) >= 1


@pytest.mark.parametrize(("field", "value"), [("ratio", 0.0), ("ratio", 1.0), ("mean_length", 0.1)])
def test_wrong_fields_are_refused(field, value) -> None:
    with pytest.raises(ValueError, match=f"{field} is"):
        TextInfilling(**{field: value})
