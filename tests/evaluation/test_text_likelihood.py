"""Bits per byte of held-out text, worked out by hand for a model to which all tokens are equally likely."""

import math
import shutil
from pathlib import Path

import pytest
import torch

from nlp_ssl.corpus.store import Corpus
from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.text_likelihood import _pieces, likelihood_metrics
from tests.evaluation.conftest import network, tokenizer
from tests.tasks.from_corpus.stories import held_out
from tests.worlds import replace_split, write_corpus


@pytest.fixture
def uniform(tmp_path: Path) -> Path:
    """A causal model that gives all tokens the same probability."""
    model = network("clm")
    with torch.no_grad():
        model.lm_head.weight.zero_()
    model.save_pretrained(tmp_path / "uniform")
    tokenizer().save_pretrained(tmp_path / "uniform")
    return tmp_path / "uniform"


def test_every_token_costs_the_logarithm_of_the_vocabulary(uniform: Path, tmp_path: Path) -> None:
    folder = write_corpus(tmp_path / "corpus").folder
    replace_split(folder, "validation", [[[10, 11, 12], [13, 14]], [[15, 16, 17, 18]]])
    found = likelihood_metrics(uniform, Corpus.open(folder), 1000, "fp32")
    V = len(tokenizer())
    # "w10 w11 w12 w13 w14" and "w15 w16 w17 w18": 9 tokens, 19 + 15 bytes.
    assert found == pytest.approx({"loss": math.log(V), "bits_per_byte": 9 * math.log2(V) / 34, "bytes": 34.0})


def test_a_model_that_is_also_a_decoder_is_scored_as_one(uniform: Path, run, tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    shutil.copytree(run("mlm") / "model", tmp_path / "both")
    shutil.copytree(uniform, tmp_path / "both" / "decoder")
    expected = likelihood_metrics(uniform, corpus, 1000, "fp32")
    assert likelihood_metrics(tmp_path / "both", corpus, 1000, "fp32") == expected


def test_unknown_text_is_charged_byte_by_byte(uniform: Path, tmp_path: Path) -> None:
    folder = write_corpus(tmp_path / "corpus").folder
    replace_split(folder, "validation", [[[10, 40, 12]]])  # the model does not know w40
    found = likelihood_metrics(uniform, Corpus.open(folder), 1000, "fp32")
    assert found["bits_per_byte"] == pytest.approx((3 * math.log2(len(tokenizer())) + 8 * 3) / 11)


def test_pieces_are_whole_sentences_of_one_document() -> None:
    text = held_out([["a", "b", "c", "long", "d"], ["e"]])
    assert list(_pieces(text, [2, 2, 2, 9, 1, 1], most=4)) == ["a b", "c", "d", "e"]


def test_a_model_that_is_not_causal_is_refused(tmp_path: Path, run) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    with pytest.raises(InputError, match="a masked language model gives no bits per byte"):
        likelihood_metrics(run("mlm") / "model", corpus, 1000, "fp32")
