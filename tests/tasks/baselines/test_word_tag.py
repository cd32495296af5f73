"""The most frequent tag of each word."""

from nlp_ssl.tasks.baselines.word_tag import WordTag
from tests.tasks.baselines.sentences import DATA


def test_a_known_word_has_its_tag_and_another_the_most_frequent_one() -> None:
    outputs, _ = WordTag().fit(DATA)
    assert outputs["dev"].argmax(1).tolist() == [1, 0, 2]
    assert DATA.selection_score(outputs["dev"]) == 1.0
