"""CBOW's and skip-gram's batches, which are one and the same."""

import numpy as np
import pytest

from nlp_ssl.objectives._windows import frequency_loss
from nlp_ssl.objectives.cbow import CBOW
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.objectives.skip_gram import SkipGram
from nlp_ssl.sampling.batch import Batch, check
from nlp_ssl.sampling.examples import TokenStream, find_examples
from nlp_ssl.sampling.framing import frame
from nlp_ssl.sampling.noise import Noise
from tests.worlds import random_documents, shard, vocabulary


class Draws(Noise):
    """Noise whose draws are written down: stream -> [B, L], in [0, 1)."""

    def __init__(self, **streams: list[list[float]]) -> None:
        self.streams = {name: np.array(draws) for name, draws in streams.items()}

    def uniform(self, stream, width):
        return self.streams[stream][:, :width]

    def uniform_at(self, stream, row, position):
        return self.streams[stream][row, position]

    def bits(self, stream, width):
        return (self.streams[stream][:, :width] * 2.0**64).astype(np.uint64)


def clean(ids: list[list[int]], sentence: list[list[int]]) -> Batch:
    """A batch of rows framed for static vectors; sentence -1 is padding."""
    sentences = np.array(sentence, np.int16)
    length = np.count_nonzero(sentences >= 0, axis=1)
    none = np.zeros_like(length)
    return Batch(
        ids=np.array(ids),
        length=length,
        sentence=sentences,
        token_type_ids=np.zeros_like(ids),
        text_tokens=length,
        example_class=none,
    )


def counted(**counts: int):
    """The vocabulary of 50 tokens with these counts: _7=40 is token 7, 40 times."""
    made = np.zeros(50, np.int64)
    for token, count in counts.items():
        made[int(token[1:])] = count
    known = vocabulary()
    return type(known)(**{**vars(known), "counts": made})


def test_by_hand() -> None:
    batch = clean(
        [[10, 11, 12, 13, 14, 15, 16], [20, 1, 21, 22, 0, 0, 0]],
        [[0, 0, 0, 0, 1, 1, 1], [0, 0, 0, 1, -1, -1, -1]],
    )
    noise = Draws(
        # 12 makes up half of the text: it stays with the chance sqrt(.001 / .5) + .001 / .5 = 0.0467, others always.
        subsample=[[0.9, 0.9, 0.05, 0.9, 0.9, 0.9, 0.9], [0.9, 0.0, 0.9, 0.9, 0.0, 0.0, 0.0]],
        window=[[0.5, 0.1, 0.0, 0.99, 0.99, 0.4, 0.99], [0.99, 0.0, 0.99, 0.99, 0.0, 0.0, 0.0]],
        negatives=[[0.0, 12.5 / 50], [13.5 / 50, 0.99]],  # boxes of a fiftieth; 12 and 13 have half of all others each
    )
    known = counted(_12=500, _13=500, _1=9_000)  # unknown words do not count as text
    out = SkipGram(window=2, exponent=1.0, shared=2, sample=1e-3).corrupt(batch, known, noise)
    # Without 12 (and the unknown 1), the words of a sentence are neighbours: 10 11 13 | 14 15 16; 20 21 | 22.
    # 13 is as frequent as 12 and was lucky in neither row: .9 is above its chance too.
    assert out.ids.tolist() == [[10, 11, 14, 15, 16, 0, 0], [20, 21, 22, 0, 0, 0, 0]]
    assert out.sentence.tolist() == [[0, 0, 1, 1, 1, -1, -1], [0, 0, 1, -1, -1, -1, -1]]
    assert out.length.tolist() == [5, 3]
    assert out.text_tokens.tolist() == [7, 4]
    # Draws of a window: 10 two, 11 one; 14 two, 15 one, 16 two; 20 two, 21 two, 22 two.
    assert out.targets["windows"].left.tolist() == [[0, 1, 0, 1, 2, 0, 0], [0, 1, 0, 0, 0, 0, 0]]
    assert out.targets["windows"].right.tolist() == [[1, 0, 2, 1, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0]]
    assert out.targets["windows"].negatives.tolist() == [[12, 12], [12, 13]]
    assert out.targets["windows"].labels.tolist() == [
        [10, 11, 14, 15, 16, -100, -100],
        [20, 21, -100, -100, -100, -100, -100],
    ]
    check(out, known, "skip_gram")


def many(objective, vocab=None, rows: int = 3000) -> Batch:
    text = TokenStream([shard(random_documents(0, rows // 10))])
    found = find_examples(text, "segment", "static", 60)
    start, length, noise = found.start, found.length.astype(np.int64), Noise(1, 0, np.arange(len(found)))
    batch = frame(text, vocabulary(), "segment", "static", start, length, 60, noise)
    before = {name: value.copy() for name, value in vars(batch).items() if isinstance(value, np.ndarray)}
    out = objective.corrupt(batch, vocab or vocabulary(), noise)
    check(out, vocabulary(), "batch")
    assert all(np.array_equal(getattr(batch, name), value) for name, value in before.items())
    return out


def test_each_size_of_window_is_as_likely() -> None:
    """Of words in the middle of long sentences."""
    out = many(CBOW(window=4, sample=0.0))
    left, right = out.targets["windows"].left, out.targets["windows"].right
    inside = np.zeros_like(left, np.bool_)
    for offset in range(-4, 5):
        moved = np.roll(out.sentence, offset, axis=1)
        moved[:, : max(offset, 0)] = -2
        moved[:, offset if offset < 0 else 60 :] = -2
        inside |= (moved != out.sentence) | (out.sentence < 0)
    sizes = left[~inside]
    assert np.array_equal(sizes, right[~inside])
    assert len(sizes) > 5000
    assert np.bincount(sizes, minlength=5)[1:] / len(sizes) == pytest.approx([0.25] * 4, abs=0.02)


def test_windows_never_leave_a_sentence() -> None:
    out = many(SkipGram(sample=0.01))
    row, column = np.nonzero(out.sentence >= 0)
    for side, sign in (("left", -1), ("right", 1)):
        reach = getattr(out.targets["windows"], side)[row, column]
        assert np.array_equal(out.sentence[row, column + sign * reach], out.sentence[row, column])
        assert reach.max() == 5


def test_words_are_thinned_out_and_drawn_as_gensim_does() -> None:
    """Against the numbers that gensim computes from the same counts."""
    gensim = pytest.importorskip("gensim.models.word2vec")
    counts = {f"w{i}": int(1_000_000 / (i - 4) ** 1.5) + 1 for i in range(5, 50)}
    theirs = gensim.Word2Vec(vector_size=1, min_count=1, sample=1e-3, ns_exponent=0.75)
    theirs.build_vocab_from_freq(counts)
    stays = np.array([theirs.wv.get_vecattr(f"w{i}", "sample_int") / (2**32 - 1) for i in range(5, 50)])
    drawn = dict(zip(theirs.wv.index_to_key, np.diff(theirs.cum_table, prepend=0) / 2**31, strict=True))
    vocab = counted(**{f"_{word[1:]}": count for word, count in counts.items()})
    ours = SkipGram(sample=1e-3)._shares(vocab)
    assert ours.stays[:5].tolist() == [0] * 5
    assert ours.stays[5:] == pytest.approx(stays, rel=1e-6)
    share = (ours.own + np.bincount(ours.alias, 1 - ours.own, minlength=50)) / 50
    assert share[:5].tolist() == [0] * 5
    assert share[5:] == pytest.approx([drawn[f"w{i}"] for i in range(5, 50)], abs=1e-8)


def test_draws_follow_the_shares() -> None:
    vocab = vocabulary()
    out = many(CBOW(sample=1e-2, exponent=0.5), vocab)
    share = np.sqrt(vocab.counts) / np.sqrt(vocab.counts).sum()
    drawn = np.bincount(out.targets["windows"].negatives.ravel(), minlength=50) / out.targets["windows"].negatives.size
    assert drawn == pytest.approx(share, abs=0.004)
    whole = many(CBOW(sample=0.0), vocab)
    f = vocab.counts[5:] / vocab.counts.sum()
    stays = np.minimum(1, np.sqrt(1e-2 / f) + 1e-2 / f)
    before, after = (np.bincount(b.ids[b.sentence >= 0], minlength=50)[5:] for b in (whole, out))
    assert after / before == pytest.approx(stays, abs=0.08)


def test_rows_do_not_depend_on_their_batch() -> None:
    text = TokenStream([shard(random_documents(3, 40))])
    found = find_examples(text, "segment", "static", 40)
    numbers = np.arange(len(found))

    def made(rows: np.ndarray) -> Batch:
        start, length = found.start[rows], found.length[rows].astype(np.int64)
        noise = Noise(5, 2, rows)
        clean = frame(text, vocabulary(), "segment", "static", start, length, 40, noise)
        return SkipGram(sample=0.02).corrupt(clean, vocabulary(), noise)

    whole, part = made(numbers), made(numbers[7:11])
    width = part.ids.shape[1]
    assert np.array_equal(whole.ids[7:11, :width], part.ids)
    for name in ("left", "right"):
        assert np.array_equal(
            getattr(whole.targets["windows"], name)[7:11, :width], getattr(part.targets["windows"], name)
        )
    assert np.array_equal(whole.targets["windows"].negatives[7:11], part.targets["windows"].negatives)


@pytest.mark.parametrize("field", ["window", "negative", "shared"])
def test_fields_are_checked(field) -> None:
    with pytest.raises(ValueError, match=f"{field} is 0: it must be at least 1"):
        CBOW(**{field: 0})
    with pytest.raises(ValueError, match="sample is 1: "):
        CBOW(sample=1)


def test_together_they_are_refused() -> None:
    with pytest.raises(ValueError, match="they have the same target and cannot share it"):
        Mixture(objectives={"cbow": CBOW(), "skip_gram": SkipGram()})
    both = Mixture(objectives={"cbow": CBOW(), "skip_gram": SkipGram()}, mixing="alternating")
    out = many(both)
    cbow, skip_gram = out.targets["cbow"].labels >= 0, out.targets["skip_gram"].labels >= 0
    assert not (cbow.any(axis=1) & skip_gram.any(axis=1)).any()
    assert cbow.any(axis=1).mean() == pytest.approx(0.5, abs=0.08)


def test_the_loss_of_word_frequencies_alone() -> None:
    """Two words that are equally frequent, and one negative sample of the other half of the time."""
    half = np.array([0.5, 0.5])
    # Each word: real 0.5, drawn 0.5 * 0.5 = 0.25. Loss: 2 * (0.5 ln(1.5) + 0.25 ln(3)).
    assert frequency_loss(half, half) == pytest.approx(0.954771)
    scores = np.linspace(-1, 3, 4001)  # of both words
    losses = np.log1p(np.exp(-scores)) + 0.5 * np.log1p(np.exp(scores))
    assert losses.min() == pytest.approx(0.954771, abs=1e-6)
    assert frequency_loss(np.array([1.0, 0.0]), np.array([0.5, 0.5])) == 0.0  # a word that is always right
