"""One example in words."""

from dataclasses import replace
from typing import get_args, get_type_hints

import numpy as np

from nlp_ssl.objectives.contrastive import Contrastive
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.objectives.mlm import MaskedLM
from nlp_ssl.objectives.nsp import NextSentencePrediction
from nlp_ssl.objectives.rtd import ReplacedTokenDetection
from nlp_ssl.objectives.token_type import TokenType
from nlp_ssl.sampling.batch import View
from nlp_ssl.sampling.targets import BatchTargets, RowTargets, TokenTargets
from nlp_ssl.show.words import CLOSE, OPEN, describe_row, words
from tests.show.rows import row
from tests.worlds import vocabulary

NO = -100


def test_an_example_in_words() -> None:
    mixture = Mixture(objectives={"mlm": MaskedLM(), "nsp": NextSentencePrediction()})
    clean = row([2, 10, 11, 12, 3, 13, 3, 0], {})
    masked = TokenTargets(labels=np.array([[NO, NO, 11, 12, NO, NO, NO, NO]]))
    targets = {"mlm": masked, "nsp": RowTargets(labels=np.array([1]))}
    found = describe_row(clean, row([2, 10, 4, 20, 3, 13, 3, 0], targets), 0, mixture, vocabulary())
    assert found == {
        "text": "w10 w11w12 w13",  # tokens divisible by 3 continue a word
        "input": f"[CLS] w10 [MASK]{OPEN}w11{CLOSE} w20{OPEN}w12{CLOSE} [SEP] w13 [SEP]",
        "mlm:": f"2 targets; each is shown in {OPEN}{CLOSE} after its input token",
        "nsp:": f"{OPEN}random{CLOSE}",
    }


def test_classes_of_tokens_have_their_names() -> None:
    mixture = Mixture(objectives={"token_type": TokenType()})
    clean = row([2, 10, 11, 3], {})
    targets = {"token_type": TokenTargets(labels=np.array([[NO, 0, 3, NO]]), classes=True)}
    found = describe_row(clean, row([2, 4, 11, 3], targets), 0, mixture, vocabulary())
    assert found["input"] == f"[CLS] [MASK]{OPEN}stop word{CLOSE} w11{OPEN}punctuation{CLOSE} [SEP]"
    assert found["token_type:"] == f"2 targets; each is shown in {OPEN}{CLOSE} after its input token"


def test_tokens_that_a_generator_will_replace_are_those_masked_for_it() -> None:
    mixture = Mixture(objectives={"rtd": ReplacedTokenDetection(mlm_probability=0.5)})
    clean = row([2, 10, 11, 3], {})
    labels = np.array([[2, 10, 11, 3]])
    targets = {
        "generator": TokenTargets(labels=np.array([[NO, 10, NO, NO]])),
        "detection": TokenTargets(labels=labels, originals=True),
    }
    view = View(ids=np.array([[2, 4, 11, 3]]), length=np.array([4]))
    found = describe_row(clean, replace(row([2, 10, 11, 3], targets), views={"masked": view}), 0, mixture, vocabulary())
    assert found["detection:"] == "4 targets; a generator replaces those masked above, only in training"
    assert (found["input"], found["masked"]) == (f"[CLS] w10{OPEN}w10{CLOSE} w11 [SEP]", "[CLS] [MASK] w11 [SEP]")


def test_each_loss_over_the_batch_says_what_it_asks() -> None:
    clean = row([2, 10, 11, 3], {})
    said = {}
    for loss in get_args(get_type_hints(Contrastive)["loss"]):
        mixture = Mixture(objectives={"contrastive": Contrastive(loss=loss)})
        targets = {"contrastive": BatchTargets(valid=np.array([True]), group=np.array([0]))}
        said[loss] = describe_row(clean, row([2, 10, 3], targets), 0, mixture, vocabulary())["contrastive:"]
    assert said["nt_xent"] == "the other view of this example, among all views of the batch"
    assert len(set(said.values())) == len(said) >= 6


def test_words_join_pieces() -> None:
    assert words(np.array([7, 9, 12, 8]), vocabulary()) == "w7w9w12 w8"


def test_reserved_tokens_are_shown_by_name() -> None:
    assert words(np.array([2, 37, 10, 41, 3]), vocabulary()) == "[CLS] [R] w10 <extra_id_1> [SEP]"
