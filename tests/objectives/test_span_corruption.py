from dataclasses import replace

import pytest

from nlp_ssl.errors import InputError
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.objectives.mlm import MaskedLM
from nlp_ssl.objectives.span_corruption import SpanCorruption
from nlp_ssl.sampling.batch import check
from nlp_ssl.sampling.examples import TokenStream
from tests.worlds import clean_batch, random_documents, shard, vocabulary


def test_two_spans() -> None:
    """Four of eight tokens in two spans: each behind its sentinel in the target, in text order."""
    batch, noise = clean_batch([[[10, 11, 12, 13, 14, 15, 16, 17]]], "segment", "seq2seq", 16)
    out = SpanCorruption(ratio=0.5, mean_length=2.0).corrupt(batch, vocabulary(), noise)
    check(out, vocabulary(), "span_corruption")
    assert out.ids[0, : out.length[0]].tolist() == [2, 10, 40, 12, 13, 41, 17, 3]
    assert out.targets["seq2seq_lm"].tokens[0].tolist() == [40, 11, 41, 14, 15, 16, 3, -100]


def test_input_and_target_together_are_the_text() -> None:
    batch, noise = clean_batch(random_documents(0, 60), "segment", "seq2seq", 40)
    apart = replace(vocabulary(), sentinels=(90, 91, 92, 93, 94))
    out = SpanCorruption(ratio=0.3).corrupt(batch, apart, noise)
    for row in range(len(batch.ids)):
        target = out.targets["seq2seq_lm"].tokens[row]
        spans: dict[int, list[int]] = {}
        for token in target[target != -100][:-1].tolist():
            if token >= 90:
                spans[token] = []
            else:
                spans[max(spans)].append(token)
        text: list[int] = []
        for token in out.ids[row, : out.length[row]].tolist():
            text += spans.get(token, [token])
        assert text == batch.ids[row, : batch.length[row]].tolist()


def test_sentinels_are_not_masked() -> None:
    """In a mixture with mlm: each sentinel of the target still has its place in the input."""
    apart = replace(vocabulary(60), sentinels=tuple(range(50, 60)), unused=tuple(range(50, 60)))
    mixture = Mixture(objectives={"span_corruption": SpanCorruption(), "mlm": MaskedLM(mlm_probability=0.9)})
    batch, noise = clean_batch(random_documents(0, 60), "segment", "seq2seq", 40)
    out = mixture.corrupt(batch, apart, noise)
    target = out.targets["span_corruption"].tokens
    assert sorted(out.ids[out.ids >= 50]) == sorted(target[target >= 50])
    assert (out.targets["mlm"].labels < 50).all() and (out.ids == 4).any()


def test_a_corpus_without_sentinels_is_refused() -> None:
    text = TokenStream([shard([[[10], [11]]])])
    mixture = Mixture(objectives={"span_corruption": SpanCorruption()})
    with pytest.raises(InputError, match="span_corruption: the corpus's tokenizer has no sentinels"):
        mixture.examples(text, replace(vocabulary(), sentinels=()), 8)


@pytest.mark.parametrize(("field", "value"), [("ratio", 1.0), ("mean_length", 0.5)])
def test_values_out_of_range(field, value) -> None:
    with pytest.raises(ValueError, match=field):
        SpanCorruption(**{field: value})
