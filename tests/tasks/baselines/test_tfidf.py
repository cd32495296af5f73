"""The features of TF-IDF."""

import numpy as np

from nlp_ssl.tasks.baselines.tfidf import TextFeatures
from nlp_ssl.tasks.splits import LabelledExamples

TEXTS = LabelledExamples(["no good one", "no bad"], None, None)


def test_words_and_word_pairs_but_no_triples() -> None:
    found = TextFeatures(TEXTS).words.get_feature_names_out().tolist()
    assert found == ["bad", "good", "good one", "no", "no bad", "no good", "one"]


def test_two_to_four_letters_within_words() -> None:
    found = set(TextFeatures(LabelledExamples(["goods"], None, None)).letters.get_feature_names_out())
    assert found == {
        *(" g", "go", "oo", "od", "ds", "s "),
        *(" go", "goo", "ood", "ods", "ds "),
        *(" goo", "good", "oods", "ods "),
    }


def test_a_pair_has_both_vectors_their_difference_and_their_cosine() -> None:
    pairs = LabelledExamples(["no good"], ["no good"], None)
    single = TextFeatures(pairs)(LabelledExamples(["no good"], None, None)).toarray()[0]
    found = TextFeatures(pairs)(pairs).toarray()[0]
    n = len(single)
    np.testing.assert_allclose(found, [*single, *single, *np.zeros(n), 1.0])
