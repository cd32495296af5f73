import numpy as np

from nlp_ssl.objectives.prefix_lm import PrefixLM
from nlp_ssl.sampling.batch import check
from tests.worlds import clean_batch, vocabulary


def test_the_decoder_continues_the_prefix() -> None:
    batch, noise = clean_batch([[[10, 11, 12], [13, 14]], [[20]]], "segment", "seq2seq", 8)
    out = PrefixLM().corrupt(batch, vocabulary(), noise)
    check(out, vocabulary(), "prefix_lm")
    target = out.targets["seq2seq_lm"].tokens
    prefix = out.ids[0, 1 : out.length[0] - 1].tolist()
    rest = target[0][target[0] != -100].tolist()
    assert prefix + rest == [10, 11, 12, 13, 14, 3] and prefix and len(rest) > 1
    assert out.ids[1, :3].tolist() == [2, 20, 3] and target[1][target[1] != -100].tolist() == [3]


def test_prefixes_are_uniform() -> None:
    batch, noise = clean_batch([[[10, 11, 12, 13, 14]]] * 8000, "segment", "seq2seq", 8)
    lengths = PrefixLM().corrupt(batch, vocabulary(), noise).length - 2
    assert np.allclose(np.bincount(lengths, minlength=5) / 8000, [0, 0.25, 0.25, 0.25, 0.25], atol=0.015)
