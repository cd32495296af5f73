"""Prompts token by token, and their scores against the logits of transformers."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForMaskedLM

from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.likelihood import LanguageModel
from nlp_ssl.evaluation.prompts import Prompts, check_template, label_words
from nlp_ssl.tasks.splits import LabelledExamples
from tests.evaluation.conftest import tokenizer

Run = Callable[[str], Path]
CLS, SEP, MASK = 2, 3, 4


def ids(text: str) -> list[int]:
    return tokenizer()(text, add_special_tokens=False)["input_ids"]


def examples(*texts: str, pairs: list[str] | None = None) -> LabelledExamples:
    return LabelledExamples(list(texts), pairs, None)


def sequences(built) -> list[list[int]]:
    tokens = built.sentences.tokens
    return [tokens.ids[a:b].tolist() for a, b in zip(tokens.starts, tokens.starts[1:], strict=False)]


@pytest.fixture
def prompts(run: Run) -> Prompts:
    return Prompts(LanguageModel(run("clm") / "model", "fp32"), "{text} w9 {label}", ["dull", "fine grand"])


def test_demonstrations_a_text_and_each_label(prompts) -> None:
    demonstrations = list(zip(prompts.texts(examples("w1 w2", "w3")), (1, 0), strict=True))
    built = prompts.build(prompts.texts(examples("w4", "w5 w6")), demonstrations)
    shown = [CLS, *ids("w1 w2 w9 fine grand w3 w9 dull")]
    assert sequences(built) == [
        [*shown, *ids("w4 w9 dull"), SEP],
        [*shown, *ids("w4 w9 fine grand"), SEP],
        [*shown, *ids("w5 w6 w9 dull"), SEP],
        [*shown, *ids("w5 w6 w9 fine grand"), SEP],
    ]
    words = built.sentences.words  # prompts have 13, 14, 14 and 15 tokens
    assert np.flatnonzero(words == 0).tolist() == [11, 24, 25, 39, 53, 54]
    assert (built.shortened, built.cut) == (0, 0)
    assert prompts.empty().tolist() == ids("w9")


def test_both_texts_of_a_pair(run: Run) -> None:
    prompts = Prompts(LanguageModel(run("clm") / "model", "fp32"), "{text} w9 {pair}{label}", ["dull", "fine"])
    assert [t.tolist() for t in prompts.texts(examples("w1", pairs=["w2 w3"]))] == [ids("w1 w9 w2 w3")]


def test_unknown_tokens_are_counted_in_texts_and_template(prompts) -> None:
    assert prompts.unknown(prompts.texts(examples("w1 nobody", "w3"))) == pytest.approx(1 / 5)


def test_first_demonstrations_and_then_the_beginning_of_a_text_are_cut(prompts) -> None:
    """Of 12 tokens, start, end and the longer label take 4; demonstrations have 3 tokens each, the texts 2 and 9."""
    prompts._room = 12 - 4
    demonstrations = list(zip(prompts.texts(examples("w1", "w2", "w3")), (0, 0, 0), strict=True))
    built = prompts.build(prompts.texts(examples("w4", "w1 w2 w3 w4 w5 w6 w7 w8")), demonstrations)
    assert sequences(built)[::2] == [
        [CLS, *ids("w2 w9 dull w3 w9 dull w4 w9 dull"), SEP],
        [CLS, *ids("w2 w3 w4 w5 w6 w7 w8 w9 dull"), SEP],
    ]
    assert (built.shortened, built.cut) == (2, 1)


@torch.no_grad()
def test_only_the_label_is_scored_causally(run: Run, prompts) -> None:
    built = prompts.build(prompts.texts(examples("w1 w2")), [])
    dull, fine = prompts.model.score(built.sentences, "causal", True, lambda _: None).tolist()
    network = AutoModelForCausalLM.from_pretrained(run("clm") / "model").eval()
    read = torch.tensor([[CLS, *ids("w1 w2 w9 fine grand")]])
    log_p = network(read).logits[0].log_softmax(-1)
    assert dull == pytest.approx(log_p[3, ids("dull")[0]].item(), rel=1e-4)
    expected = log_p[3, ids("fine")[0]] + log_p[4, ids("grand")[0]]
    assert fine == pytest.approx(expected.item(), rel=1e-4)


@torch.no_grad()
def test_a_masked_model_does_not_read_the_label_that_it_scores(run: Run) -> None:
    model = LanguageModel(run("mlm") / "model", "fp32")
    prompts = Prompts(model, "{text} {label}", ["dull", "fine grand"])
    built = prompts.build(prompts.texts(examples("w1")), [])
    _, found = model.score(built.sentences, "pseudo-log-likelihood", True, lambda _: None).tolist()
    network = AutoModelForMaskedLM.from_pretrained(run("mlm") / "model").eval()
    (w1,), (fine, grand) = ids("w1"), ids("fine grand")
    first = network(torch.tensor([[CLS, w1, MASK, MASK, SEP]])).logits[0, 2].log_softmax(-1)[fine]
    second = network(torch.tensor([[CLS, w1, fine, MASK, SEP]])).logits[0, 3].log_softmax(-1)[grand]
    assert found == pytest.approx((first + second).item(), rel=1e-4)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["dull", "nobody"], "the label word 'nobody' has unknown tokens for the model's tokenizer"),
        (
            ["dull", "dull "],
            "the label word 'dull ' has the same tokens as 'dull': give other words with --label-words",
        ),
        (["dull", "w1 " * 70], "a label word is longer than the model's 64 tokens: give other words"),
    ],
)
def test_label_words_that_no_score_can_tell_apart(run: Run, words, said) -> None:
    with pytest.raises(InputError, match=said):
        Prompts(LanguageModel(run("clm") / "model", "fp32"), "{text} {label}", words)


def test_words_for_labels() -> None:
    assert label_words((), ["not_equivalent", "equivalent"]) == ("not equivalent", "equivalent")
    assert label_words(("no", " yes"), ["0", "1"]) == ("no", "yes")
    with pytest.raises(InputError, match="the labels are numbers: name words with --label-words, one for each of 0, 1"):
        label_words((), ["0", "1"])
    with pytest.raises(InputError, match="--label-words no: it must have one for each of bad, good"):
        label_words(("no",), ["bad", "good"])


@pytest.mark.parametrize(
    ("template", "pairs"),
    [
        ("{text} {label}.", False),
        ("{label}", False),
        ("{text} {label", False),
        ("{text} {label}", True),
        ("{text} {pair} {label}", False),
        ("{text} {x} {label}", False),
    ],
)
def test_templates_without_a_field_or_with_another(template, pairs) -> None:
    with pytest.raises(InputError, match=r"--template .* and end with {label}"):
        check_template(template, pairs)
