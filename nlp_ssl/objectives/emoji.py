"""Emoji prediction: predict the emoji of a text after removing them.

Paper: Felbo et al., DeepMoji, EMNLP 2017, section 3. A text with several distinct emoji is one example for each of
them, regardless of how often they occur. All emoji are removed from the input.

Differences:

* Emoji are whole sequences: a couple with a heart is not a heart. Skin tones and the variation selector do not make
  another class.
* The classes are the most frequent emoji of the corpus, unless a list is given. Rare emoji are dropped.
* Any language is used. The paper's code keeps only mostly English texts and shortens repeated letters.
* Retweets, and texts with only links, mentions and symbols, are dropped as in the paper's code.
* The paper upsamples rare classes; here `balanced` is off by default.

In: a clean batch whose `example_class` is the emoji's class. Out: `ids` without emoji; target
"sequence_classification" [B].
Requirements: emoji of at least two classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import regex

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import require
from nlp_ssl.objectives._denoising import moved
from nlp_ssl.objectives.base import Objective
from nlp_ssl.sampling.batch import Batch
from nlp_ssl.sampling.examples import Body, ExampleIndex, TokenStream, find_examples
from nlp_ssl.sampling.noise import Noise
from nlp_ssl.sampling.targets import RowTargets

VARIANT = regex.compile(r"[\p{EMod}\uFE0F]")
"""Skin tones and the variation selector for emoji presentation."""

JOINTS = set("@:/.-_?=&#%~+")
"""Characters that join the pieces of a link or a mention."""


@dataclass(frozen=True, kw_only=True)
class EmojiPrediction(Objective):
    """Predict the emoji of a text (DeepMoji)."""

    most_frequent: int = 64
    """Number of classes: the corpus's most frequent emoji."""
    emoji: tuple[str, ...] = ()
    """The classes, instead of the most frequent emoji."""
    min_count: int = 10
    """Minimum count of an emoji in the corpus to be a class."""
    balanced: bool = False
    """Upsample the texts of rarer classes to the frequency of the most frequent class."""

    name: ClassVar = "emoji"
    example_type: ClassVar = "segment"
    body: ClassVar = "encoder"
    before_masking: ClassVar = True
    heads: ClassVar = {"sequence_classification": "sequence_classification"}
    pooling: ClassVar = "mean"
    paper: ClassVar = "Felbo et al., DeepMoji, EMNLP 2017, section 3"
    needs: ClassVar = "emoji of two classes or more (prepare keeps the most frequent ones as tokens)"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.most_frequent >= 2, "most_frequent", self.most_frequent, "it must be at least 2")
        require(len(self.emoji) != 1, "emoji", self.emoji, "it must be two or more, or none for the most frequent")
        require(self.min_count >= 1, "min_count", self.min_count, "it must be at least 1")

    def classes(self, vocabulary: Vocabulary) -> tuple[str, ...]:
        """The emoji, in descending order of frequency."""
        return tuple(self._tokens(vocabulary))

    def examples(self, text: TokenStream, vocabulary: Vocabulary, body: Body, max_length: int) -> ExampleIndex:
        """One example for each text and each distinct emoji in it."""
        texts = find_examples(text, self.example_type, body, max_length)
        class_of = np.full(vocabulary.size, -1, np.int64)
        for number, tokens in enumerate(self._tokens(vocabulary).values()):
            class_of[tokens] = number
        row, label = [], []
        for base, shard in zip(text.bases, text.shards, strict=False):
            found = np.flatnonzero(class_of[shard.tokens] >= 0)
            row.append(np.searchsorted(texts.start, base + found, side="right") - 1)
            label.append(class_of[shard.tokens[found]])
        of_text = _has_words(text, texts, vocabulary) & ~_is_retweet(text, texts, vocabulary)
        pairs = np.unique(np.stack([np.concatenate(row), np.concatenate(label)]), axis=1)
        chosen, labels = pairs[:, of_text[pairs[0]]]
        if len(np.unique(labels)) < 2:
            return texts.take(chosen[:0])
        if self.balanced:
            again = _balanced(labels)
            chosen, labels = chosen[again], labels[again]
        return texts.take(chosen, labels)

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Remove all emoji and label each sequence with its class."""
        is_emoji = np.zeros(vocabulary.size, np.bool_)
        is_emoji[list(vocabulary.emoji.values())] = True
        out = is_emoji[batch.ids]
        kept = moved(batch, np.argsort(out, axis=1, kind="stable"), batch.length - out.sum(axis=1), vocabulary)
        return kept.with_target("sequence_classification", RowTargets(labels=batch.example_class))

    def _tokens(self, vocabulary: Vocabulary) -> dict[str, list[int]]:
        """The token ids of each class, in descending order of the class's frequency."""
        wanted = {VARIANT.sub("", emoji) for emoji in self.emoji}
        found: dict[str, list[int]] = {}
        for emoji, token in vocabulary.emoji.items():
            found.setdefault(VARIANT.sub("", emoji), []).append(token)
        count = {emoji: int(vocabulary.counts[tokens].sum()) for emoji, tokens in found.items()}
        frequent = [emoji for emoji in found if count[emoji] >= self.min_count and (not wanted or emoji in wanted)]
        frequent.sort(key=lambda emoji: (-count[emoji], emoji))
        return {emoji: found[emoji] for emoji in frequent[: len(wanted) or self.most_frequent]}


def _has_words(text: TokenStream, texts: ExampleIndex, vocabulary: Vocabulary) -> npt.NDArray[np.bool_]:
    """Whether each text has a word outside links and mentions. bool [N]."""
    begins = np.array([s.lower() in ("http", "https", "www", "@") for s in vocabulary.surfaces])
    joins = np.array([bool(JOINTS & set(s)) for s in vocabulary.surfaces])
    is_word = np.array([any(map(str.isalnum, s)) for s in vocabulary.surfaces])
    is_word[list(vocabulary.emoji.values())] = False
    words = np.zeros(len(texts), np.int64)
    for base, shard in zip(text.bases, text.shards, strict=False):
        tokens = shard.tokens
        # A link or a mention continues over joining characters, the token after them, and word pieces.
        linked = joins[tokens] | ~vocabulary.word_starts[tokens]
        linked[1:] |= joins[tokens[:-1]]
        first = ~linked | begins[tokens]  # first token of each run
        first[:1] = True
        in_link = begins[tokens[first]][np.cumsum(first) - 1]
        row = np.searchsorted(texts.start, base + np.flatnonzero(is_word[tokens] & ~in_link), side="right") - 1
        words += np.bincount(row, minlength=len(texts))
    return words > 0


def _is_retweet(text: TokenStream, texts: ExampleIndex, vocabulary: Vocabulary) -> npt.NDArray[np.bool_]:
    """Whether each text begins with "RT". bool [N]."""
    is_rt = np.array([s.lower() == "rt" for s in vocabulary.surfaces])
    return is_rt[text.gather(texts.start, 1)[:, 0]]


def _balanced(labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Indices of examples, repeated so that all classes are as frequent as the most frequent one."""
    counts = np.bincount(labels)
    order = np.argsort(labels, kind="stable")
    start = np.cumsum(counts) - counts
    nth = np.arange(counts.max())
    rounds = [order[begin + nth % count] for begin, count in zip(start, counts, strict=True) if count]
    return np.sort(np.concatenate(rounds))
