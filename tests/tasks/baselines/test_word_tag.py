"""The most frequent tag of each word."""

import numpy as np

from nlp_ssl.tasks.baselines.base import BaselineData
from nlp_ssl.tasks.baselines.majority import Majority
from nlp_ssl.tasks.baselines.tag_features import TagFeatures, features, shape
from nlp_ssl.tasks.baselines.word_tag import WordTag
from nlp_ssl.tasks.kinds.token_classification import TokenClassification
from nlp_ssl.tasks.splits import LabelledExamples


def sentences(words: list[list[str]], tags: list[list[int]]) -> LabelledExamples:
    width = max(map(len, tags))
    labels = np.array([row + [-1] * (width - len(row)) for row in tags])
    return LabelledExamples([" ".join(row) for row in words], None, labels, words)


TRAIN = sentences([["run", "run", "run", "it"], ["dog", "dog"]], [[0, 1, 1, 2], [0, 0]])
DEV = sentences([["run", "cat"], ["it"]], [[1, 0], [2]])
DATA = BaselineData(TokenClassification("NVP"), TRAIN, TRAIN, DEV, {"dev": DEV}, "accuracy")


def test_a_known_word_has_its_tag_and_another_the_most_frequent_one() -> None:
    outputs, _ = WordTag().fit(DATA)
    assert outputs["dev"].argmax(1).tolist() == [1, 0, 2]
    assert DATA.selection_score(outputs["dev"]) == 1.0


def test_majority_gives_every_word_the_most_frequent_tag() -> None:
    outputs, _ = Majority().fit(DATA)
    assert outputs["dev"].argmax(1).tolist() == [0, 0, 0]


def test_the_features_of_a_word() -> None:
    first, second = features(sentences([["Dogs", "ran"]], [[0, 1]]))
    assert {"w=dogs", "shape=Xx", "pre=do", "suf=ogs", "+1=ran", "-1=<s>", "0,+1=dogs ran"} <= set(first)
    assert {"w=ran", "-1=dogs", "-2=<s>", "+1=</s>", "-1s=ogs"} <= set(second)
    assert [shape(word) for word in ("McDonald", "3.5-x", "한국", "USA")] == ["XxXx", "d.d-x", "a", "X"]


def test_the_linear_tagger_learns_from_affixes() -> None:
    words = [[f"{stem}{end}"] for stem in "abcdefghij" for end in ("ed", "ly")]
    train = sentences(words, [[i % 2] for i in range(20)])
    dev = sentences([["zzed"], ["zzly"]], [[0], [1]])
    data = BaselineData(TokenClassification("VA"), train, train, dev, {"dev": dev}, "accuracy")
    outputs, facts = TagFeatures().fit(data)
    assert outputs["dev"].argmax(1).tolist() == [0, 1] and facts["C"] in TagFeatures.Cs
