from dataclasses import replace

import pytest

from nlp_ssl.errors import InputError
from nlp_ssl.objectives.instance_discrimination import InstanceDiscrimination
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.sampling.batch import check
from nlp_ssl.sampling.examples import TokenStream
from tests.worlds import clean_batch, shard, vocabulary

OBJECTIVE = InstanceDiscrimination()


def test_two_views_predict_their_document() -> None:
    documents = [[[10, 11, 12], [13, 14]], [[30]], [[20], [21, 22, 23]]]
    found = OBJECTIVE.examples(TokenStream([shard(documents)]), vocabulary(), "encoder", 10)
    assert found.example_class.tolist() == [0, 2]
    batch, noise = clean_batch(documents, "pair", "encoder", 10)
    out = OBJECTIVE.corrupt(replace(batch, example_class=found.example_class), vocabulary(), noise)
    check(out, vocabulary(), "instance_discrimination")
    assert out.ids.tolist() == [[2, 10, 11, 12, 3, 0, 0, 0], [2, 20, 3, 0, 0, 0, 0, 0]]
    assert out.views["other"].ids.tolist() == [[2, 13, 14, 3, 0, 0, 0, 0], [2, 21, 22, 23, 3, 0, 0, 0]]
    targets = out.targets["instance_discrimination"]
    assert (targets.valid.tolist(), targets.group.tolist()) == ([True, True], [0, 2])


@pytest.mark.parametrize(
    ("option", "value"), [("temperature", 0), ("projection", 0), ("negatives", 0), ("momentum", 1)]
)
def test_impossible_options(option, value) -> None:
    with pytest.raises(ValueError, match=option):
        InstanceDiscrimination(**{option: value})


@pytest.mark.parametrize(
    ("documents", "said"),
    [
        (1, "instance_discrimination: the corpus has 1 document in train, nothing to tell it from: prepare the text "),
        (2**22 + 1, "of 4,194,305 documents take 2.0 GiB, the limit is 2 GiB: lower --objective.instance_discrim"),
    ],
)
def test_too_few_and_too_many_documents(documents, said) -> None:
    text, words = TokenStream([shard([[[10], [11]], [[12], [13]]])]), replace(vocabulary(), documents=documents)
    with pytest.raises(InputError, match=said):
        Mixture(objectives={"instance_discrimination": OBJECTIVE}).examples(text, words, 32)


def test_the_largest_bank_is_allowed() -> None:
    OBJECTIVE.check_vocabulary(replace(vocabulary(), documents=2**22))
