"""A linear tagger on each word and its neighbours."""

from nlp_ssl.tasks.baselines.base import BaselineData
from nlp_ssl.tasks.baselines.tag_features import TagFeatures, shape, word_features
from nlp_ssl.tasks.kinds.token_classification import TokenClassification
from tests.tasks.baselines.sentences import sentences


def test_the_features_of_a_word() -> None:
    first, second = word_features(sentences([["Dogs", "ran"]], [[0, 1]]))
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
