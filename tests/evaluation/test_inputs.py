"""Tokenised examples and batches."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tokenizers.processors import Sequence
from transformers import AutoTokenizer

from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.checkpoints import load_checkpoint
from nlp_ssl.evaluation.inputs import Tokens, _first_tokens, batches, encode, padded_batch, report_inputs
from nlp_ssl.models.architectures import longest_input
from nlp_ssl.tasks.splits import LabelledExamples
from tests.evaluation.networks import BODIES, PAIRS, THREE, Run, model_of


@pytest.mark.parametrize("kind", BODIES)
def test_a_special_token_that_a_text_spells_out_is_text(run: Run, kind: str) -> None:
    """An encoder-decoder is to find the [SEP] at the end, as many in each row."""
    tokens = encode(load_checkpoint(run(kind) / "model"), LabelledExamples(["w1[SEP]w2", "w3"], None, None), 64)
    assert np.count_nonzero(tokens.ids == 3) == 2
    assert model_of(run, kind)(**padded_batch(tokens, np.arange(2), 0)).logits.shape == (2, 2)


def test_a_backward_decoder_reads_from_the_end(run: Run) -> None:
    checkpoint = load_checkpoint(run("clm") / "model")
    forward, backward = (encode(replace(checkpoint, backward=b), THREE, 64) for b in (False, True))
    for i in range(3):
        ids = [list(t.ids[t.starts[i] : t.starts[i + 1]]) for t in (forward, backward)]
        assert ids[1] == [ids[0][0], *ids[0][-2:0:-1], ids[0][-1]]


def test_pairs_have_two_segments_if_the_model_has_segments(run: Run) -> None:
    tokens = encode(load_checkpoint(run("mlm") / "model"), PAIRS, 64)
    batch = padded_batch(tokens, np.arange(2), 0)
    first = batch["input_ids"][0].tolist()
    assert (first.count(3), first[0]) == (2, 2)
    assert batch["token_type_ids"][0].tolist() == [0, 0, 0, 0, 0, 0, 1, 1]
    assert batch["attention_mask"][1].tolist() == [1, 1, 1, 1, 1, 1, 0, 0]
    # GPT-2 would add the embeddings of the words 0 and 1.
    assert "token_type_ids" not in padded_batch(
        encode(load_checkpoint(run("clm") / "model"), PAIRS, 64), np.arange(2), 0
    )


def test_long_texts_are_cut_and_counted(run: Run) -> None:
    checkpoint = load_checkpoint(run("mlm") / "model")
    tokens = encode(checkpoint, LabelledExamples(["w1 " * 20, "w1 " * 6, "nobody knows w1"], None, None), 8)
    assert tokens.lengths.tolist() == [8, 8, 5]
    assert tokens.truncated == 1
    assert tokens.unknown == pytest.approx(2 / (21 - 6))  # special tokens are not of the text
    assert longest_input(checkpoint.config, 512) == 64
    assert longest_input(checkpoint.config, 32) == 32


def test_batches_are_pure_whole_and_of_like_length() -> None:
    lengths = np.random.default_rng(0).integers(3, 60, 4000)
    cut = batches(lengths, 32, seed=1, epoch=2)
    assert sorted(np.concatenate(cut)) == list(range(4000))
    assert 1 - lengths.sum() / sum(len(b) * lengths[b].max() for b in cut) < 0.05
    again, other = batches(lengths, 32, seed=1, epoch=2), batches(lengths, 32, seed=1, epoch=3)
    assert all(np.array_equal(a, b) for a, b in zip(cut, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(cut, other, strict=True))
    assert np.corrcoef(np.arange(len(cut)), [lengths[b].mean() for b in cut])[0, 1] < 0.3


@pytest.mark.parametrize("max_length", [64, 5])
def test_a_word_is_read_by_its_first_sub_token(run: Run, max_length: int) -> None:
    """The tokenizer splits at blanks; here a "word" of three tokens has blanks inside."""
    words = [["w1", "w2 w3 fine", "w4"], ["w5"]]
    examples = LabelledExamples([" ".join(sentence) for sentence in words], None, None, words)
    checkpoint = load_checkpoint(run("mlm") / "model")
    tokens = encode(checkpoint, examples, max_length)
    # [CLS] w1 w2 w3 fine w4 [SEP], cut after w3 at length 5
    assert tokens.words.tolist() == ([1, 2, 5, 1] if max_length == 64 else [1, 2, -1, 1])
    assert tokens.covered.tolist() == [True, True, max_length == 64, True]
    word, example, place = tokens.word_places(np.array([1, 0]))
    assert word.tolist() == ([3, 0, 1, 2] if max_length == 64 else [3, 0, 1])
    assert example.tolist()[:2] == [0, 1] and place.tolist()[:3] == [1, 1, 2]


def test_a_backward_decoder_still_finds_the_words(run: Run) -> None:
    words = [["w1", "w2 w3", "w4"]]
    examples = LabelledExamples(["w1 w2 w3 w4"], None, None, words)
    checkpoint = replace(load_checkpoint(run("clm") / "model"), backward=True)
    tokens = encode(checkpoint, examples, 64)
    first = encode(replace(checkpoint, backward=False), examples, 64)
    assert tokens.ids[tokens.words].tolist() == first.ids[first.words].tolist()


@pytest.mark.parametrize(
    ("words", "offsets", "expected"),
    [
        (["ab", "c"], [(0, 0), (0, 1), (1, 2), (3, 4), (0, 0)], [1, 3]),  # [CLS] a b c [SEP]
        (["ab", "c"], [(0, 2), (2, 4)], [0, 1]),  # the second token begins with the blank
        (["ab", "c"], [(0, 3), (3, 4)], [0, 1]),  # the first token ends with the blank
        (["x", "c"], [(1, 3)], [-1, 0]),  # x has no token of its own
        (["ab", "c", "d"], [(0, 2), (3, 4)], [0, 1, -1]),  # d is cut off
        (["ab"], [(0, 0), (0, 0)], [-1]),
    ],
)
def test_first_sub_tokens_by_hand(words: list[str], offsets: list[tuple[int, int]], expected: list[int]) -> None:
    assert _first_tokens(offsets, words).tolist() == expected


def of_100_tokens(run: Run, unknown: int) -> tuple[Tokens, LabelledExamples]:
    """Texts of one token each, of which so many are unknown."""
    texts = [f"w{i % 9 + 1}" for i in range(100 - unknown)] + ["unheard"] * unknown
    examples = LabelledExamples(texts, None, None)
    return encode(load_checkpoint(run("mlm") / "model"), examples, 64), examples


def test_a_text_without_any_token_is_read_as_padding(run: Run) -> None:
    checkpoint = load_checkpoint(run("clm") / "model")
    bare = AutoTokenizer.from_pretrained(run("clm") / "model")
    bare.backend_tokenizer.post_processor = Sequence([])
    words = [["w1"], []]
    examples = LabelledExamples(["w1", ""], None, None, words)
    tokens = encode(replace(checkpoint, tokenizer=bare), examples, 64)
    assert (tokens.ids.tolist(), tokens.starts.tolist(), tokens.words.tolist()) == ([6, 0], [0, 1, 2], [0])
    assert torch.isfinite(model_of(run, "clm")(**padded_batch(tokens, np.arange(2), 0)).logits).all()


@pytest.mark.parametrize(("unknown", "said"), [(0, False), (1, False), (2, True), (20, True)])
def test_unknown_words_of_a_task_are_warned_of(run: Run, unknown: int, said: bool, capsys) -> None:
    tokens, examples = of_100_tokens(run, unknown)
    report_inputs({"train": tokens}, examples, {}, 64)
    warning = f"train: {unknown}.0 % of the tokens are unknown to the model's tokenizer, and look alike to it"
    assert (warning in capsys.readouterr().err) == said


def test_texts_that_are_mostly_unknown_are_refused(run: Run) -> None:
    (known, examples), (unknown, _) = of_100_tokens(run, 0), of_100_tokens(run, 21)
    problem = "dev: 21.0 % of the tokens are unknown to the model's tokenizer; use a model whose tokenizer knows"
    with pytest.raises(InputError, match=problem):
        report_inputs({"train": known, "dev": unknown}, examples, {"dev": examples}, 64)


def test_texts_to_write_end_with_an_end_token_and_are_cut_and_counted(run: Run) -> None:
    checkpoint = load_checkpoint(run("bart") / "model", "AutoModelForSeq2SeqLM")
    labels = np.array(["w1 w2", "w3 w4 w5 w6", "nobody [SEP]"], dtype=object)
    targets = encode(checkpoint, LabelledExamples(["w1"] * 3, None, labels), 4).targets
    assert targets is not None and targets.truncated == 1
    assert [targets.ids[a:b].tolist() for a, b in zip(targets.starts, targets.starts[1:], strict=False)] == [
        [6, 7, 3],
        [8, 9, 10, 3],
        [1, 1, 1, 3],  # text that spells a special token is text
    ]
    assert targets.unknown == 3 / 8
