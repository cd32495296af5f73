"""One example in words."""

import numpy as np

from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.objectives.mlm import MaskedLM
from nlp_ssl.objectives.nsp import NextSentencePrediction
from nlp_ssl.sampling.targets import RowTargets, TokenTargets
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
        "mlm:": f"2 targets; each is shown in {OPEN}{CLOSE} after what the model reads",
        "nsp:": f"{OPEN}random{CLOSE}",
    }


def test_words_join_pieces() -> None:
    assert words(np.array([7, 9, 12, 8]), vocabulary()) == "w7w9w12 w8"
