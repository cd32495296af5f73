import numpy as np
import pytest

from nlp_ssl.errors import InputError
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.objectives.random_label import RandomLabel
from nlp_ssl.sampling.examples import TokenStream
from nlp_ssl.sampling.noise import Noise
from tests.objectives.test_mlm import Draws, clean
from tests.worlds import clean_batch, random_documents, shard, vocabulary


def test_by_hand() -> None:
    """The classes never change: those of a trained model would have no meaning then."""
    batch = clean([[2, 10, 11, 12, 13, 14, 3]])
    noise = Draws(mask=[[0.9, 0.0, 0.0, 0.0, 0.0, 0.0, 0.9]], fate=[[0.0] * 7], word=[[0.0] * 7])
    out = RandomLabel().corrupt(batch, vocabulary(), noise)
    assert out.ids.tolist() == [[2, 4, 4, 4, 4, 4, 3]]
    assert out.targets["masked_lm"].labels.tolist() == [[-100, 22, 8, 4, 7, 25, -100]]


def test_a_token_has_the_same_class_everywhere() -> None:
    batch, _ = clean_batch(random_documents(0, 60), "segment", "encoder", 40)
    seen: dict[int, set[int]] = {}
    for seed in range(3):
        noise = Noise(seed, seed, np.arange(len(batch.ids)))
        labels = RandomLabel().corrupt(batch, vocabulary(), noise).targets["masked_lm"].labels
        for token, label in zip(batch.ids[labels != -100].tolist(), labels[labels != -100].tolist(), strict=True):
            seen.setdefault(token, set()).add(label)
    assert len(seen) == 45 and all(len(labels) == 1 for labels in seen.values())


def test_the_class_of_a_token_does_not_depend_on_the_vocabulary() -> None:
    assert np.array_equal(RandomLabel().class_of(vocabulary(60))[:50], RandomLabel().class_of(vocabulary()))


@pytest.mark.parametrize("labels", [2, 29])
def test_classes_are_uniform_over_tokens(labels) -> None:
    found = np.bincount(RandomLabel(labels=labels).class_of(vocabulary(29_000)), minlength=labels)
    assert len(found) == labels
    assert np.abs(found - 29_000 / labels).max() < 4 * np.sqrt(29_000 / labels)
    assert RandomLabel(labels=2).classes(vocabulary()) == ("1", "2")


def test_fewer_than_two_classes_are_refused() -> None:
    with pytest.raises(ValueError, match="labels is 1: it must be at least 2"):
        RandomLabel(labels=1)


def test_more_classes_than_tokens_are_refused() -> None:
    text = TokenStream([shard([[[10], [11]]])])
    with pytest.raises(InputError, match=r"random_label.labels is 5,000: there are no more than 50 tokens to label"):
        Mixture(objectives={"random_label": RandomLabel(labels=5000)}).examples(text, vocabulary(), 8)
