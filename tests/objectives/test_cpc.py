import numpy as np
import pytest

from nlp_ssl.objectives.cpc import ContrastivePredictiveCoding
from nlp_ssl.sampling.batch import check
from nlp_ssl.sampling.examples import TokenStream
from tests.worlds import clean_batch, random_documents, shard, vocabulary

DOCUMENTS = [[[10, 11], [12], [13, 14, 15], [16, 17]], [[20], [21], [22]], [[30, 31], [32]]]


def test_by_hand() -> None:
    batch, noise = clean_batch(DOCUMENTS, "segment", "encoder", 10)
    out = ContrastivePredictiveCoding(distances=2).corrupt(batch, vocabulary(), noise)
    check(out, vocabulary(), "cpc")
    assert out.ids.tolist() == [
        [2, 10, 11, 12, 3, 0, 0, 0],
        [2, 20, 3, 0, 0, 0, 0, 0],
        [2, 30, 31, 3, 0, 0, 0, 0],
    ]
    assert out.length.tolist() == [5, 3, 4]
    first, second = out.views["next 1"], out.views["next 2"]
    assert first.ids.tolist() == [[2, 13, 14, 15, 3, 0, 0, 0], [2, 21, 3, *[0] * 5], [2, 32, 3, *[0] * 5]]
    assert first.length.tolist() == [5, 3, 3]
    assert second.ids.tolist() == [[2, 16, 17, 3, 0, 0, 0, 0], [2, 22, 3, *[0] * 5], [2, 3, *[0] * 6]]
    assert second.length.tolist() == [4, 3, 2]
    assert out.targets["cpc"].valid.tolist() == [True, True, False]  # two sentences do not make a context and two more


def test_examples_have_a_context_and_a_sentence_for_each_distance() -> None:
    text = TokenStream([shard(DOCUMENTS)])
    found = ContrastivePredictiveCoding(distances=2).examples(text, vocabulary(), "encoder", 10)
    assert found.start.tolist() == [0, 8] and found.length.tolist() == [8, 3]
    assert found.example_class.tolist() == [0, 1]  # the document
    assert found.skipped == 1


def test_the_context_and_its_sentences_are_the_text() -> None:
    objective = ContrastivePredictiveCoding()
    batch, noise = clean_batch(random_documents(0, 50), "segment", "encoder", 80)
    out = objective.corrupt(batch, vocabulary(), noise)
    valid = np.flatnonzero(out.targets["cpc"].valid)
    assert len(valid) > 10
    for row in valid:
        parts = [out, *(out.views[f"next {k}"] for k in (1, 2, 3))]
        text = np.concatenate([part.ids[row, 1 : part.length[row] - 1] for part in parts])
        assert text.tolist() == batch.ids[row, 1 : batch.length[row] - 1].tolist()


def test_impossible_options_are_refused() -> None:
    for wrong in (0, 101):
        with pytest.raises(ValueError, match=f"distances is {wrong}: it must lie in 1..100"):
            ContrastivePredictiveCoding(distances=wrong)
    assert ContrastivePredictiveCoding(distances=40).needs == (
        "41 sentences in a row that fit into one example (raise --batch.max-length, lower --objective.cpc.distances, "
        "or prepare longer documents)"
    )
