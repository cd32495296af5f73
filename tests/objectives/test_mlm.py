from dataclasses import replace

import numpy as np
import pytest

from nlp_ssl.objectives.mlm import MaskedLM
from nlp_ssl.sampling.batch import Batch
from nlp_ssl.sampling.noise import Noise
from tests.worlds import vocabulary

MASKINGS = ("token", "whole_word", "span", "n_gram")
RATES = {0.0: 0.3, 0.5: 0.3 + 0.5 * (0.15 - 0.3), 1.0: 0.3 + (0.15 - 0.3)}
"""The masking rate of a schedule from 0.3 to 0.15, by the share of the run that is done."""


class Draws(Noise):
    """Noise whose draws are written down: stream -> [B, L]."""

    def __init__(self, done: float = 1.0, **streams: list[list[float]]) -> None:
        self.done = done
        self.streams = {name: np.array(draws, np.float32) for name, draws in streams.items()}

    def uniform(self, stream, width):
        return self.streams[stream][:, :width]

    def uniform_at(self, stream, row, position):
        return self.streams[stream][row, position]


def clean(rows: list[list[int]]) -> Batch:
    """A batch of rows that are framed already, padded with 0."""
    width = max(map(len, rows))
    ids = np.array([row + [0] * (width - len(row)) for row in rows])
    length = np.array([len(row) for row in rows])
    sentence = np.where(ids >= 5, 0, -1).astype(np.int16)
    none = np.zeros_like(length)
    return Batch(
        ids=ids,
        length=length,
        sentence=sentence,
        token_type_ids=np.zeros_like(ids),
        text_tokens=length - 2,
        example_class=none,
    )


def random_rows(rows: int = 400, seed: int = 0) -> Batch:
    draw = np.random.default_rng(seed)
    return clean([[2, *draw.integers(5, 50, draw.integers(1, 120)).tolist(), 3] for _ in range(rows)])


def test_by_hand() -> None:
    batch = clean([[2, 10, 11, 13, 14, 3], [2, 16, 17, 3]])
    noise = Draws(
        mask=[[0.0, 0.1, 0.9, 0.14, 0.05, 0.0], [0.0, 0.9, 0.4, 0.0, 0.0, 0.0]],
        fate=[[0.0, 0.79, 0.0, 0.85, 0.95, 0.0], [0.0, 0.0, 0.5, 0.0, 0.0, 0.0]],
        word=[[0.0, 0.0, 0.0, 0.5, 0.0, 0.0], [0.0] * 6],
    )
    out = MaskedLM(mlm_probability=0.15).corrupt(batch, vocabulary(), noise)
    # Row 1: below .15 are 10 (masked), 13 (random: the 22nd of the 45 ordinary tokens 5..49) and 14 (kept).
    # Row 2: none is, so the lowest draw is taken.
    assert out.ids.tolist() == [[2, 4, 11, 27, 14, 3], [2, 16, 4, 3, 0, 0]]
    assert out.targets["masked_lm"].labels.tolist() == [
        [-100, 10, -100, 13, 14, -100],
        [-100, -100, 17, -100, -100, -100],
    ]


def test_whole_words_by_hand() -> None:
    # 12, 15 and 18 continue words: the words are 10 | 11 12 | 13 | 14 15, then 18 (which begins the row) | 19
    batch = clean([[2, 10, 11, 12, 13, 14, 15, 3], [2, 18, 19, 3]])
    noise = Draws(
        mask=[[0.9, 0.1, 0.9, 0.05] + [0.9] * 4, [0.1, 0.9] + [0.9] * 6],
        fate=[[0.0] * 8] * 2,
        word=[[0.0] * 8] * 2,
        length=[[0.0] * 8] * 2,
    )
    out = MaskedLM(mlm_probability=0.15, masking="whole_word").corrupt(batch, vocabulary(), noise)
    assert out.ids.tolist() == [[2, 10, 4, 4, 13, 4, 4, 3], [2, 4, 19, 3, 0, 0, 0, 0]]


def test_n_grams_by_hand() -> None:
    # Words are single tokens; two draws before the row belong to spans that may begin there.
    batch = clean([[2, 10, 11, 13, 14, 16, 3]])
    noise = Draws(
        mask=[[0.9, 0.01, 0.9, 0.9, 0.02, 0.9, 0.9, 0.9, 0.9]],
        length=[[0.9, 0.1, 0.9, 0.9, 0.3, 0.9, 0.9, 0.9, 0.9]],  # 3 words below 2/11, 2 below 5/11, else 1
        fate=[[0.0] * 7],
        word=[[0.0] * 7],
    )
    out = MaskedLM(mlm_probability=0.15, masking="n_gram").corrupt(batch, vocabulary(), noise)
    # The span of 3 that begins one word before the row covers words 0 and 1, the span of 2 covers words 2 and 3.
    assert out.ids.tolist() == [[2, 4, 4, 4, 4, 16, 3]]


@pytest.mark.parametrize("masking", MASKINGS)
@pytest.mark.parametrize("count", ["bernoulli", "fixed"])
def test_contract(masking, count) -> None:
    batch, words = random_rows(), vocabulary()
    before = batch.ids.copy()
    objective = MaskedLM(masking=masking, count=count)
    out = objective.corrupt(batch, words, Noise(1, 0, np.arange(400)))
    labels = out.targets["masked_lm"].labels
    chosen = labels != -100
    assert np.array_equal(batch.ids, before)  # the input is not written to
    assert np.array_equal(out.ids[~chosen], before[~chosen])  # what is not predicted stays
    assert np.array_equal(labels[chosen], before[chosen])  # labels are the original
    assert not chosen[before < 5].any()  # special tokens and padding are never chosen
    assert chosen.any(axis=1).all()  # a target in every row
    replaced = out.ids[chosen]
    assert np.isin(replaced[replaced < 5], [4]).all()  # replacements are [MASK] or ordinary tokens
    again = objective.corrupt(batch, words, Noise(1, 0, np.arange(400)))
    assert np.array_equal(out.ids, again.ids)


@pytest.mark.parametrize("masking", MASKINGS)
@pytest.mark.parametrize("probability", [0.15, 0.4])
def test_rates(masking, probability) -> None:
    draw = np.random.default_rng(0)
    batch = clean([[2, *draw.integers(5, 50, 120).tolist(), 3] for _ in range(3000)])
    out = MaskedLM(mlm_probability=probability, masking=masking).corrupt(
        batch, vocabulary(), Noise(1, 0, np.arange(3000))
    )
    chosen = out.targets["masked_lm"].labels != -100
    text = batch.ids >= 5
    # 360,000 tokens in spans of up to 10 words: a standard error of about half a per cent of the rate.
    assert chosen.sum() / text.sum() == pytest.approx(probability, rel=0.02)
    by_position = chosen[:, 1:121].mean(axis=0)  # the edges of a row are masked as often as its middle
    assert by_position[0] == pytest.approx(probability, rel=0.2)
    assert by_position[-1] == pytest.approx(probability, rel=0.2)
    masked = (out.ids == 4)[chosen].mean()
    kept = (out.ids == batch.ids)[chosen].mean()
    assert masked == pytest.approx(0.8, abs=0.02)
    assert kept == pytest.approx(0.1 + 0.1 / 45, abs=0.015)


def test_a_schedule_by_hand() -> None:
    batch = clean([[2, 10, 11, 13, 14, 3]])
    objective = MaskedLM(mlm_probability=0.3, final_probability=0.1, mask_share=1.0, random_share=0.0)
    draws = {"mask": [[0.0, 0.29, 0.19, 0.09, 0.31, 0.0]], "fate": [[0.0] * 6], "word": [[0.0] * 6]}
    # The rate is 0.3 at the start, 0.2 in the middle and 0.1 at the end.
    for done, expected in ((0.0, [4, 4, 4, 14]), (0.5, [10, 4, 4, 14]), (1.0, [10, 11, 4, 14])):
        out = objective.corrupt(batch, vocabulary(), Draws(done=done, **draws))
        assert out.ids.tolist() == [[2, *expected, 3]]


@pytest.mark.parametrize("masking", MASKINGS)
@pytest.mark.parametrize("count", ["bernoulli", "fixed"])
def test_a_schedule_passes_from_one_rate_to_the_other(masking, count) -> None:
    batch, words = random_rows(), vocabulary()
    objective = MaskedLM(mlm_probability=0.3, final_probability=0.15, masking=masking, count=count)
    plain = {done: replace(objective, mlm_probability=rate, final_probability=None) for done, rate in RATES.items()}
    for done, same in plain.items():
        out = objective.corrupt(batch, words, Noise(1, 0, np.arange(400), done))
        assert np.array_equal(out.ids, same.corrupt(batch, words, Noise(1, 0, np.arange(400))).ids)
    outside_a_run = objective.corrupt(batch, words, Noise(1, 0, np.arange(400)))
    assert np.array_equal(outside_a_run.ids, plain[1.0].corrupt(batch, words, Noise(1, 0, np.arange(400))).ids)


def test_targets_need_not_stay_unchanged() -> None:
    """BabyBERTa's shares, 0.9 and 0.1, are 1 together."""
    batch = random_rows()
    out = MaskedLM(mask_share=0.9, random_share=0.1).corrupt(batch, vocabulary(), Noise(1, 0, np.arange(400)))
    chosen = out.targets["masked_lm"].labels != -100
    assert (out.ids == 4)[chosen].mean() == pytest.approx(0.9, abs=0.015)
    assert (out.ids == batch.ids)[chosen].mean() == pytest.approx(0.1 / 45, abs=0.003)  # drawn by chance


def test_fixed_counts_are_exact() -> None:
    batch = random_rows()
    for masking in MASKINGS:
        out = MaskedLM(masking=masking, count="fixed").corrupt(batch, vocabulary(), Noise(2, 0, np.arange(400)))
        tokens = (batch.ids >= 5).sum(axis=1)
        expected = np.maximum(1, np.floor(0.15 * tokens + 0.5))  # of rows with text, all of these
        assert np.array_equal((out.targets["masked_lm"].labels != -100).sum(axis=1), expected)


def test_whole_words_are_whole() -> None:
    batch, words = random_rows(), vocabulary()
    out = MaskedLM(masking="whole_word").corrupt(batch, words, Noise(3, 0, np.arange(400)))
    chosen = out.targets["masked_lm"].labels != -100
    continues = ~words.word_starts[batch.ids] & (batch.ids >= 5)
    continues[:, 1:] &= batch.ids[:, :-1] >= 5
    row, column = np.nonzero(continues)
    assert np.array_equal(chosen[row, column], chosen[row, column - 1])


def test_spans_have_spanberts_lengths() -> None:
    batch = clean([[2, *([10, 11, 13, 14] * 30), 3]] * 3000)  # every token a word
    out = MaskedLM(masking="span", mlm_probability=0.05).corrupt(batch, vocabulary(), Noise(3, 0, np.arange(3000)))
    chosen = np.pad(out.targets["masked_lm"].labels != -100, ((0, 0), (1, 1)))
    edges = np.diff(chosen.astype(int), axis=1)
    runs = np.nonzero(edges == -1)[1] - np.nonzero(edges == 1)[1]
    # Geometric(0.2) cut at 10 has mean 3.8 (SpanBERT, section 3.1); some spans touch, so runs are a little longer.
    assert 3.6 < runs.mean() < 4.4
    fates = (out.ids == 4)[:, 1:][chosen[:, 2:-1]]
    assert 0.75 < fates.mean() < 0.85


def test_rates_agree_with_hugging_faces_collator() -> None:
    import torch
    from transformers import DataCollatorForLanguageModeling, PreTrainedTokenizerFast

    from tests.worlds import SPECIAL_IDS

    class Fifty(PreTrainedTokenizerFast):
        def __len__(self):
            return 50

    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel

    words = {f"[{name.upper()}]": i for name, i in SPECIAL_IDS.items()} | {f"w{i}": i for i in range(5, 50)}
    names = {f"{name}_token": f"[{name.upper()}]" for name in SPECIAL_IDS}
    tokenizer = Fifty(tokenizer_object=Tokenizer(WordLevel(words, unk_token="[UNK]")), **names)
    collator = DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.15)
    draw = np.random.default_rng(0)
    rows = [[2, *draw.integers(5, 50, 120).tolist(), 3] for _ in range(1500)]
    torch.manual_seed(0)
    theirs = collator([{"input_ids": row} for row in rows])
    ours = MaskedLM().corrupt(clean(rows), vocabulary(), Noise(0, 0, np.arange(1500)))
    theirs_ids, theirs_labels = theirs["input_ids"].numpy(), theirs["labels"].numpy()
    for ids, labels in ((theirs_ids, theirs_labels), (ours.ids, ours.targets["masked_lm"].labels)):
        chosen = labels != -100
        assert chosen.sum() / (1500 * 120) == pytest.approx(0.15, abs=0.004)
        assert (ids[chosen] == 4).mean() == pytest.approx(0.8, abs=0.015)
        assert (ids[chosen] == labels[chosen]).mean() == pytest.approx(0.1 + 0.1 / 45, abs=0.012)


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"mlm_probability": 0.0}, "mlm_probability is 0.0: it must lie between 0 and 1"),
        ({"mlm_probability": 1.5}, "mlm_probability is 1.5: it must lie between 0 and 1"),
        ({"final_probability": 0.0}, "final_probability is 0.0: it must lie between 0 and 1"),
        ({"mask_share": -0.1}, "mask_share is -0.1: it must lie in 0..1"),
        ({"mask_share": 0.8, "random_share": 0.3}, "random_share is 0.3: mask_share"),
    ],
)
def test_validation_names_field_value_and_rule(fields, rule) -> None:
    with pytest.raises(ValueError, match=rule.replace("(", r"\(")):
        replace(MaskedLM(), **fields)


def test_an_example_without_text_has_no_targets() -> None:
    """As in a row of one word that infilling has taken out before."""
    for count in ("bernoulli", "fixed"):
        out = MaskedLM(count=count).corrupt(clean([[2, 4, 3], [2, 9, 3]]), vocabulary(), Noise(2, 0, np.arange(2)))
        assert (out.targets["masked_lm"].labels != -100).sum(axis=1).tolist() == [0, 1]
