from dataclasses import replace

import numpy as np
import pytest

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.objectives.emoji import EmojiPrediction
from nlp_ssl.sampling.examples import TokenStream
from nlp_ssl.sampling.framing import frame
from nlp_ssl.sampling.noise import Noise
from tests.worlds import shard, vocabulary

SURFACES = {10: "RT", 11: "https", 12: ":", 13: "/", 14: "t", 15: ".", 16: "co", 17: "@", 18: "user", 19: "!"}
EMOJI = {"❤": 40, "❤\ufe0f": 41, "😂": 42, "👍🏽": 43, "👩\u200d❤\ufe0f\u200d👨": 44, "🍕": 45}
COUNTS = {40: 30, 41: 30, 42: 50, 43: 20, 44: 15, 45: 3}


def world() -> Vocabulary:
    made = vocabulary()
    surfaces = tuple(SURFACES.get(i, surface) for i, surface in enumerate(made.surfaces))
    counts = np.array([COUNTS.get(i, 0) for i in range(50)])
    starts = np.ones(50, np.bool_)
    return replace(made, surfaces=surfaces, counts=counts, emoji=EMOJI, word_starts=starts)


def test_classes_are_the_most_frequent_without_variants() -> None:
    """A couple with a heart is not a heart. Skin tone and form make no separate class. Rare emoji are no class."""
    couple = "👩\u200d❤\u200d👨"
    assert EmojiPrediction().classes(world()) == ("❤", "😂", "👍", couple)
    assert EmojiPrediction(most_frequent=2).classes(world()) == ("❤", "😂")
    assert EmojiPrediction(emoji=("👍🏿", "🍕", "😂", "🦄")).classes(world()) == ("😂", "👍")
    assert EmojiPrediction(min_count=1).classes(world())[-1] == "🍕"


def documents() -> list[list[list[int]]]:
    return [
        [[20, 40, 21, 42, 41]],  # two types, one of them twice
        [[22, 23]],  # none
        [[10, 17, 18, 24, 42]],  # a retweet
        [[11, 12, 13, 13, 14, 15, 16, 13, 25, 42, 19]],  # a link alone
        [[17, 18, 42]],  # a mention alone
        [[17, 18, 26, 42], [27, 44]],  # two sentences of one text
    ]


def test_by_hand() -> None:
    text, words, objective = TokenStream([shard(documents())]), world(), EmojiPrediction()
    found = objective.examples(text, words, "encoder", 16)
    assert found.start.tolist() == [0, 0, 26, 26]
    assert found.example_class.tolist() == [0, 1, 1, 3]
    assert found.skipped == 4
    noise = Noise(0, 0, np.arange(4))
    clean = frame(text, words, "segment", "encoder", found.start, found.length.astype(np.int64), 8, noise)
    out = objective.corrupt(replace(clean, example_class=found.example_class), words, noise)
    assert out.ids.tolist() == [[2, 20, 21, 3, 0, 0, 0, 0]] * 2 + [[2, 17, 18, 26, 27, 3, 0, 0]] * 2
    assert out.sentence.tolist()[2] == [-1, 0, 0, 0, 1, -1, -1, -1]
    assert out.targets["sequence_classification"].labels.tolist() == [0, 1, 1, 3]
    assert (out.length.tolist(), out.text_tokens.tolist()) == ([4, 4, 6, 6], [5, 5, 6, 6])


def test_balanced_classes_are_equally_frequent() -> None:
    text = TokenStream([shard([[[20 + i, 40]] for i in range(5)] + [[[20 + i, 42]] for i in range(2)])])
    found = EmojiPrediction(balanced=True).examples(text, world(), "encoder", 16)
    assert np.bincount(found.example_class).tolist() == [5, 5]
    assert len(set(found.start.tolist())) == 7


def test_one_class_cannot_serve() -> None:
    text = TokenStream([shard([[[20, 40]], [[21, 41]]])])
    assert len(EmojiPrediction().examples(text, world(), "encoder", 16)) == 0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"most_frequent": 1}, "most_frequent is 1: it must be at least 2"),
        ({"emoji": ("❤",)}, "emoji is .*: it must be two or more"),
    ],
)
def test_wrong_fields(fields, message) -> None:
    with pytest.raises(ValueError, match=message):
        EmojiPrediction(**fields)
