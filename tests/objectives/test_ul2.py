from dataclasses import replace

import numpy as np
import pytest

from nlp_ssl.errors import InputError
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.objectives.ul2 import UL2
from nlp_ssl.sampling.batch import check
from nlp_ssl.sampling.examples import TokenStream
from tests.worlds import clean_batch, random_documents, shard, vocabulary

R, S, X = 37, 38, 39


def test_each_row_has_its_mode_behind_cls() -> None:
    batch, noise = clean_batch([[list(range(5, 31))]] * 4000, "segment", "seq2seq", 40)
    out = UL2().corrupt(batch, vocabulary(), noise)
    check(out, vocabulary(), "ul2")
    mode = out.ids[:, 1]
    assert (out.ids[:, 0] == 2).all() and set(mode.tolist()) == {R, S, X}
    share = [float((mode == m).mean()) for m in (R, S, X)]
    assert share == pytest.approx([0.4, 0.2, 0.4], abs=0.03)  # two of each span length, without those of 64
    target = out.targets["seq2seq_lm"].tokens
    removed = ((target >= 5) & (target <= 30)).sum(axis=1)
    assert removed[mode == R].mean() == pytest.approx(0.15 * 26, rel=0.05)
    assert removed[mode == X].mean() == pytest.approx(0.5 * 26, rel=0.05)
    marks = np.isin(target, (40, 41, 42, 43, 44, 45, 46)).any(axis=1)
    assert not marks[mode == S].any() and marks[mode == X].all()


def test_spans_of_64_tokens_need_more_than_128() -> None:
    long = [[[5 + i % 30 for i in range(200)]]] * 500
    batch, noise = clean_batch(long, "segment", "seq2seq", 256)
    out = UL2().corrupt(batch, vocabulary(), noise)
    target = out.targets["seq2seq_lm"].tokens
    marks = np.isin(target, (40, 41, 42, 43, 44, 45, 46)).sum(axis=1)
    removed = (target != -100).sum(axis=1) - 1 - marks
    assert (removed[(out.ids[:, 1] == X) & (marks == 1)] >= 30).any()
    assert np.count_nonzero(out.ids[:, 1] == X) / 500 == pytest.approx(4 / 7, abs=0.06)


def test_rows_never_become_longer_than_asked_for() -> None:
    text = TokenStream([shard(random_documents(0, 40))])
    found = Mixture(objectives={"ul2": UL2()}).examples(text, vocabulary(), 16)
    assert found.length.max() == 16 - 2 - 1  # [CLS], mode, [SEP]


def test_a_corpus_without_modes_is_refused() -> None:
    text = TokenStream([shard([[[10], [11]]])])
    with pytest.raises(InputError, match="ul2: the corpus's tokenizer has no modes"):
        Mixture(objectives={"ul2": UL2()}).examples(text, replace(vocabulary(), modes={}), 8)
