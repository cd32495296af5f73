"""HalfOrder: items in four languages."""

from collections import Counter

import pytest

from nlp_ssl.tasks.from_corpus.half_order import HalfOrder, bare, middle, uncapitalised
from tests.tasks.from_corpus import stories
from tests.tasks.from_corpus.items import HALF_ORDER
from tests.tasks.from_corpus.stories import damaged, held_out, same_words


@pytest.mark.parametrize("language", ["ENGLISH", "KOREAN", "GERMAN", "THAI"])
def test_items_that_were_checked_by_eye(language: str) -> None:
    found = list(HalfOrder().contrasts(held_out(getattr(stories, language))))
    assert damaged(found) == HALF_ORDER[language]
    assert all(map(same_words, found))


@pytest.mark.parametrize(
    ("pieces", "inside"),
    [
        ("“|He| |went|.|”", "He| |went"),
        ("In| |1864| |we| |came|,| |at| |last|!", "In| |1864| |we| |came|,| |at| |last"),
        ("He| |said|:| |“|Go|”| |to| |me", ""),
        ("They| |(|all|)| |came", ""),
        ("…", ""),
    ],
)
def test_outer_marks_go_and_quotations_inside_are_left_out(pieces: str, inside: str) -> None:
    assert "|".join(bare(pieces.split("|"))) == inside


@pytest.mark.parametrize(
    ("pieces", "cut"),
    [
        ("a| |b| |c| |d", 3),
        ("a| |b|,| |c| |d", None),  # only at a quarter, too far from the middle
        ("a| |b| |c|,| |d| |e| |f", 3),  # not behind the comma
        ("我|看见|他|了", 2),
        ("a", None),
    ],
)
def test_the_cut_is_a_space_near_the_middle(pieces: str, cut: int | None) -> None:
    assert middle(pieces.split("|")) == cut


def test_a_first_word_keeps_its_capital_only_if_the_text_writes_it_so() -> None:
    counts = Counter({"the": 5, "The": 1, "Ben": 2, "I": 9, "i": 1})
    assert [uncapitalised(word, counts) for word in ("The", "Ben", "I", "Nobody", "나는")] == [
        "the", "Ben", "I", "nobody", "나는",
    ]  # fmt: skip
