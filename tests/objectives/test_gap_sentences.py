from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from rouge_score.rouge_scorer import RougeScorer

from nlp_ssl.objectives.gap_sentences import GapSentences
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.objectives.mlm import MaskedLM
from nlp_ssl.sampling.batch import Batch, check
from nlp_ssl.sampling.examples import TokenStream, find_examples
from nlp_ssl.sampling.framing import frame
from nlp_ssl.sampling.noise import Noise
from tests.worlds import random_documents, shard, vocabulary, words_vocabulary

KEYS = Noise(1, 0, np.arange(1))

EVERY = [
    GapSentences(strategy=strategy, n_grams=n_grams, ratio=ratio)
    for strategy in ("random", "lead", "independent", "sequential")
    for n_grams in ("original", "unique")
    for ratio in (0.3, 0.99)
]


def document(*sentences: list[int]) -> Batch:
    """A clean row of these sentences, with a column of padding."""
    ids = np.array([[2, *[token for sentence in sentences for token in sentence], 3, 0]])
    number = [i for i, sentence in enumerate(sentences) for _ in sentence]
    length = np.array([ids.shape[1] - 1])
    none = np.zeros(1, np.int64)
    return Batch(
        ids=ids,
        length=length,
        sentence=np.array([[-1, *number, -1, -1]], np.int16),
        token_type_ids=np.zeros_like(ids),
        text_tokens=length - 2,
        example_class=none,
    )


def chosen(batch: Batch, **fields: object) -> list[int]:
    """The numbers of the gap sentences in a batch of one row."""
    out = GapSentences(**fields).corrupt(batch, vocabulary(), KEYS)
    return out.sentence[out.ids == 4].tolist()


def clean_batch(documents: int = 150) -> tuple[Batch, Noise]:
    text = TokenStream([shard(random_documents(0, documents))])
    found = find_examples(text, "segment", "seq2seq", 60, 2)
    noise = Noise(1, 0, np.arange(len(found)))
    start, length = found.start, found.length.astype(np.int64)
    return frame(text, vocabulary(), "segment", "seq2seq", start, length, 60, noise), noise


# Words w10 w11 w13 | w10 w11 w14 w16 | w10 w17 | w19 w20: 11 in all.
BY_HAND = document([10, 11, 13], [10, 11, 14, 16], [10, 17], [19, 20])


def test_by_hand() -> None:
    # The first two sentences have w10 and w11 in common with the others, F1 = 2 * 2 / 11; the third has w10, the last
    # none. Of equals the first one is taken; 30 % of four sentences is one.
    out = GapSentences().corrupt(BY_HAND, vocabulary(), KEYS)
    assert out.ids.tolist() == [[2, 4, 10, 11, 14, 16, 10, 17, 19, 20, 3, 0, 0, 0]]
    assert out.length.tolist() == [11]
    assert out.sentence.tolist() == [[-1, 0, 1, 1, 1, 1, 2, 2, 3, 3, -1, -1, -1, -1]]
    assert out.targets["seq2seq_lm"].tokens.tolist() == [[10, 11, 13, 3] + [-100] * 4]
    assert out.text_tokens.tolist() == [11]


def test_gap_sentences_side_by_side_and_apart_by_hand() -> None:
    out = GapSentences(ratio=0.5).corrupt(BY_HAND, vocabulary(), KEYS)
    assert out.ids.tolist() == [[2, 4, 4, 10, 17, 19, 20, 3]]
    assert out.targets["seq2seq_lm"].tokens.tolist() == [[10, 11, 13, 10, 11, 14, 16, 3]]
    # After the first, together with the second w10 alone is common to both sides (2 / 11), as the third sentence has
    # it; with the third w10 and w11 (4 / 11), and so with the last: the earlier of these.
    out = GapSentences(ratio=0.5, strategy="sequential").corrupt(BY_HAND, vocabulary(), KEYS)
    assert out.ids.tolist() == [[2, 4, 10, 11, 14, 16, 4, 19, 20, 3, 0, 0, 0, 0]]
    assert out.targets["seq2seq_lm"].tokens.tolist() == [[10, 11, 13, 10, 17, 3, -100, -100]]


def test_unique_words_by_hand() -> None:
    # Original: the first has w10 three times in common (6 / 13), the third two words (4 / 13).
    # Unique: {10, 11} and {10, 13, 14, 16, 17} have one (2 / 7), {14, 16, 17} and {10, 11, 13, 14, 16} two (4 / 8).
    batch = document([10, 10, 10, 11], [10, 10, 10, 13], [14, 16, 17], [14, 16])
    assert chosen(batch) == [0]
    assert chosen(batch, n_grams="unique") == [2]


def test_words_count_and_not_tokens() -> None:
    # 12 and 15 continue words. The tokens 10, 11, 12 are common to the first two sentences, but no word is; the last
    # two share w13.
    assert chosen(document([10, 12], [11, 12, 10, 15], [13, 14], [13, 16])) == [2]


def test_lead() -> None:
    assert chosen(BY_HAND, strategy="lead", ratio=0.5) == [0, 1]


@pytest.mark.parametrize(("sentences", "expected"), [(2, 1), (3, 1), (4, 1), (5, 2), (6, 2), (8, 2), (9, 3), (10, 3)])
def test_how_many(sentences, expected) -> None:
    assert len(chosen(document(*[[10]] * sentences))) == expected
    assert len(chosen(document(*[[10]] * sentences), ratio=0.99)) == sentences - 1  # never all
    assert len(chosen(document(*[[10]] * sentences), ratio=0.01)) == 1


def test_a_row_of_one_sentence_stays() -> None:
    batch = document([10, 11, 13])
    out = GapSentences().corrupt(batch, vocabulary(), KEYS)
    assert out.ids[:, : out.length[0]].tolist() == [[2, 10, 11, 13, 3]]
    assert (out.targets["seq2seq_lm"].tokens == -100).all()


@pytest.mark.parametrize("objective", EVERY, ids=lambda o: f"{o.strategy}-{o.n_grams}-{o.ratio}")
def test_contract(objective) -> None:
    batch, noise = clean_batch()
    before = {name: array.copy() for name, array in vars(batch).items() if isinstance(array, np.ndarray)}
    out = objective.corrupt(batch, vocabulary(), noise)
    check(out, vocabulary(), "gap sentences")
    assert all(np.array_equal(getattr(batch, name), array) for name, array in before.items())
    assert out.ids.shape[1] <= batch.ids.shape[1] >= out.targets["seq2seq_lm"].tokens.shape[1]
    for row, length, clean_length in zip(range(len(batch.ids)), out.length, batch.length, strict=True):
        ids, number, clean, clean_number = out.ids[row], out.sentence[row], batch.ids[row], batch.sentence[row]
        written = out.targets["seq2seq_lm"].tokens[row]
        gaps = number[ids == 4].tolist()
        sentences = clean_number.max() + 1
        assert len(gaps) == min(max(int(objective.ratio * sentences + 0.5), 1), sentences - 1)
        assert all(a < b for a, b in pairwise(gaps))  # each once
        # The gap sentences, in their order and nothing else, are written; the others are left as they were.
        assert written[written != -100].tolist() == [*clean[np.isin(clean_number, gaps)].tolist(), 3]
        kept = [2, *(clean[(clean_number >= 0) & ~np.isin(clean_number, gaps)]).tolist(), 3]
        assert ids[:length][ids[:length] != 4].tolist() == kept
        assert np.all(np.diff(number[1 : length - 1]) >= 0)  # every [MASK] is where its sentence was
        assert ids[length - 1] == clean[clean_length - 1] == 3 and (ids[length:] == 0).all()
    again = objective.corrupt(batch.take(np.array([3, 7])), vocabulary(), noise.take(np.array([3, 7])))
    both = min(again.ids.shape[1], out.ids.shape[1])
    assert np.array_equal(again.ids[:, :both], out.ids[[3, 7]][:, :both])  # whatever rows are beside it


def test_random_sentences_are_any() -> None:
    batch = document(*[[10 + i] for i in range(5)])
    rows = np.zeros(4000, np.int64)
    noise = Noise(1, 0, np.arange(4000))
    out = GapSentences(strategy="random").corrupt(batch.take(rows), vocabulary(), noise)
    counts = np.bincount(out.sentence[out.ids == 4], minlength=5)
    assert counts / 4000 == pytest.approx(np.full(5, 2 / 5), abs=0.03)  # four standard errors
    other = GapSentences(strategy="random").corrupt(batch.take(rows), vocabulary(), Noise(1, 1, np.arange(4000)))
    assert not np.array_equal(out.ids, other.ids)


WORDS = "The the a of cat Cat dog house tree river U.S. 1984 sings . , —"


@pytest.mark.parametrize("strategy", ["independent", "sequential"])
@pytest.mark.parametrize("n_grams", ["original", "unique"])
def test_principal_sentences_are_those_of_rouge_score(strategy, n_grams) -> None:
    scorer = RougeScorer(["rouge1"])
    draw = np.random.default_rng(5)
    words = words_vocabulary(WORDS)

    def f1(inside: list[str], outside: list[str]) -> float:
        def text(sentences: list[str]) -> str:
            split = " ".join(sentences).lower().replace(".", " ").split()
            return " ".join(dict.fromkeys(split) if n_grams == "unique" else split)

        return round(scorer.score(text(outside), text(inside))["rouge1"].fmeasure, 12)

    different = 0
    for _ in range(40):
        tokens = [
            (5 + draw.integers(0, words.size - 5, draw.integers(1, 9))).tolist() for _ in range(draw.integers(2, 9))
        ]
        texts = [" ".join(words.surfaces[token] for token in sentence) for sentence in tokens]
        everyone = range(len(texts))
        count = min(max(int(0.5 * len(texts) + 0.5), 1), len(texts) - 1)
        best: list[int] = []
        if strategy == "sequential":
            for _ in range(count):
                scores = {
                    i: f1([texts[j] for j in [*best, i]], [texts[j] for j in everyone if j not in [*best, i]])
                    for i in everyone
                    if i not in best
                }
                best.append(max(scores, key=lambda i: (scores[i], -i)))
        else:
            scores = {i: f1([texts[i]], texts[:i] + texts[i + 1 :]) for i in everyone}
            best = sorted(everyone, key=lambda i: (-scores[i], i))[:count]
        objective = GapSentences(strategy=strategy, n_grams=n_grams, ratio=0.5)
        out = objective.corrupt(document(*tokens), words, KEYS)
        assert out.sentence[out.ids == 4].tolist() == sorted(best)
        different += sorted(best) != list(range(count))
    assert different > 20  # it is not always the first ones


def test_korean() -> None:
    words = words_vocabulary("이 영화 ##는 영화는 정말 재미 ##있다 재미있다 지루 ##하다 .")
    this, film, topic, the_film, really, fun, is_, is_fun, dull, is_dull, stop = range(5, 16)
    sentences = [
        [dull, is_dull, stop],  # 지루하다
        [this, the_film, is_fun, stop],  # 이 영화는 재미있다: both words are in the others, cut otherwise
        [film, topic, really, stop],  # 영화는 정말
        [really, fun, is_, stop],  # 정말 재미있다
    ]
    out = GapSentences().corrupt(document(*sentences), words, KEYS)
    # Of 8 words the last three have two each in common with the others: the second is the first of them.
    assert out.targets["seq2seq_lm"].tokens[0, :5].tolist() == [this, the_film, is_fun, stop, 3]


def test_masking_the_remaining_sentences() -> None:
    """PEGASUS's two losses: the encoder's [MASK] for tokens are outside the gap sentences."""
    batch, noise = clean_batch()
    mixture = Mixture(objectives={"gap_sentences": GapSentences(), "mlm": MaskedLM()})
    out = mixture.corrupt(batch, vocabulary(), noise)
    check(out, vocabulary(), "pegasus")
    assert mixture.body == "seq2seq" and set(mixture.losses) == {"gap_sentences", "mlm"}
    alone = GapSentences().corrupt(batch, vocabulary(), noise)
    assert np.array_equal(out.targets["gap_sentences"].tokens, alone.targets["seq2seq_lm"].tokens)
    labels = out.targets["mlm"].labels
    targets = labels != -100
    assert np.array_equal(labels[targets], alone.ids[targets])
    assert not np.isin(labels, [2, 3, 4]).any() and targets.any(axis=1).all()
    assert np.array_equal(out.ids[~targets], alone.ids[~targets])
    with pytest.raises(ValueError, match="mlm"):
        Mixture(objectives={"mlm": MaskedLM(), "gap_sentences": GapSentences()})


def test_alternating_with_no_row_of_its_own() -> None:
    batch, noise = clean_batch(4)
    never = replace(GapSentences(), weight=1e-9)
    mixture = Mixture(objectives={"gap_sentences": never, "mlm": MaskedLM()}, mixing="alternating")
    out = mixture.corrupt(batch, vocabulary(), noise)
    check(out, vocabulary(), "alternating")
    assert (out.targets["gap_sentences"].tokens == -100).all() and out.ids.shape == batch.ids.shape


@pytest.mark.parametrize("ratio", [0.0, 1.0, -0.1])
def test_validation_names_field_value_and_rule(ratio) -> None:
    with pytest.raises(ValueError, match=f"ratio is {ratio}: it must lie between 0 and 1"):
        GapSentences(ratio=ratio)
