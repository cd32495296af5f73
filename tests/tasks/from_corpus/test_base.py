"""Tasks made from a corpus: which side of a contrast is in which split."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from nlp_ssl import registry
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.errors import InputError
from nlp_ssl.tasks.from_corpus import odd_word
from nlp_ssl.tasks.from_corpus.base import Contrast, enough_text, unseen
from nlp_ssl.tasks.from_corpus.bigram_shift import BigramShift
from nlp_ssl.tasks.from_corpus.next_sentence import NextSentence
from nlp_ssl.tasks.from_corpus.odd_word import OddWord
from nlp_ssl.tasks.from_corpus.text import divided_text
from tests.worlds import replace_split, write_corpus

TASKS = {"bigram_shift", "half_order", "next_sentence", "odd_word"}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120 held-out documents of 12 sentences of 8 words."""
    folder = write_corpus(tmp_path_factory.mktemp("made") / "corpus").folder
    draw = np.random.default_rng(5)
    replace_split(folder, "validation", draw.integers(5, 30, (120, 12, 8)).tolist())
    return folder


@pytest.fixture(autouse=True)
def small_vocabulary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(odd_word, "MOST_FREQUENT", 1.0)  # all of the few words are frequent


def test_the_registry_has_them_all() -> None:
    assert set(registry.names("corpus_tasks")) >= TASKS


@pytest.mark.parametrize("name", sorted(TASKS))
def test_scored_classes_have_the_same_words_and_texts_occur_once(name: str, corpus: Path) -> None:
    rows = registry.find("corpus_tasks", name)().rows(corpus, 600)
    assert len(rows["dev"]) == 600 and len(rows["train"]) == 300
    task = registry.find("corpus_tasks", name).declaration(600)
    for column in [names[0] for names in task.columns]:
        words = {label: Counter() for label in task.labels}
        for row in rows["dev"] + rows["train"]:
            words[row["label"]].update(row[column].split())
        first, second = words.values()
        assert first == second
    texts = {split: {row[names[0]] for row in rows[split] for names in task.columns} for split in rows}
    assert not texts["train"] & texts["dev"]
    assert {row["label"] for row in rows["train"]} == set(task.labels)


def test_both_sides_are_scored_and_for_training(corpus: Path) -> None:
    rows = BigramShift().rows(corpus, 600)
    bags = {split: Counter(" ".join(sorted(row["text"].split())) for row in rows[split]) for split in rows}
    assert set(bags["dev"].values()) == set(bags["train"].values()) == {2}


@pytest.mark.parametrize("name", sorted(TASKS))
def test_examples_of_a_contrast_have_its_number(name: str, corpus: Path) -> None:
    task = registry.find("corpus_tasks", name)
    rows = task().rows(corpus, 600)
    bags: dict[int, dict[str, Counter]] = {}
    for row in rows["dev"]:
        bag = bags.setdefault(row["contrast"], {label: Counter() for label in task.labels})[row["label"]]
        bag.update(" ".join(row[column] for column in task.columns).split())
    assert len(bags) == (150 if name in ("odd_word", "next_sentence") else 300)
    assert all(bag[task.labels[0]] == bag[task.labels[1]] for bag in bags.values())
    assert not {row["contrast"] for row in rows["train"]} & set(bags)


def test_examples_are_the_same_each_time_and_fewer_are_the_first_ones(corpus: Path) -> None:
    assert OddWord().rows(corpus, 600) == OddWord().rows(corpus, 600)
    text = divided_text(corpus, 10**6, 10**6)
    few, many = (BigramShift()._rows(text["dev"], n, set()) for n in (100, 200))
    assert many[:100] == few


@pytest.mark.parametrize(
    ("found", "share", "remedy"),
    [
        (44, 0.07, "prepare the text with --validation 0.48"),
        (100, 0.0625, "prepare the text with --validation 0.19"),
        (38, 0.07, "prepare about 2 times as much text with --validation 0.5"),
        (8, 0.5, "prepare about 38 times as much text with --validation 0.5"),
        (0, 0.05, "prepare more text"),
        (0, 0.0, "prepare more text"),
    ],
)
def test_how_much_text_would_give_200_examples(found: int, share: float, remedy: str) -> None:
    """Half as much again as in proportion."""
    assert enough_text(found, 200, share) == remedy


def test_too_little_text_is_one_sentence(corpus: Path, tmp_path: Path) -> None:
    folder = write_corpus(tmp_path / "small").folder
    replace_split(folder, "validation", [[[5, 6, 7, 8, 9, 10]] * 3, [[11, 12]]])
    with pytest.raises(InputError, match=r"small: its held-out text gives 0 dev examples for next_sentence.*200"):
        NextSentence().rows(folder, 1000)
    assert Corpus.open(folder).counts["validation"].documents == 2


def test_contrasts_with_a_text_that_was_seen_are_left_out() -> None:
    contrasts = [Contrast((("a",),), (("b",),)), Contrast((("c",),), (("a",),)), Contrast((("d",),), (("e",),))]
    seen = {"e"}
    assert list(unseen(iter(contrasts), seen)) == contrasts[:1]
    assert seen == {"a", "b", "e"}
