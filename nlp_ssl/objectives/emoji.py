"""Emoji prediction: which emoji was a text written with?

Paper: Felbo et al., DeepMoji, EMNLP 2017, section 3. A text with several types of emoji is an example for each
of them, however often they occur in it; all emoji are taken out of what the model reads.

Departures. Emoji are whole sequences (a couple with a heart is no heart); skin tones and the request for a colourful
form do not make another class. The classes are the corpus's own most frequent ones unless a list is given, those that
are too rare being left out and said. A text is as much as fits into a row, in any language: the code keeps texts that
are mostly English alone, and squeezes letters that are repeated. Retweets, and texts in which nothing but
links, mentions and signs is left, are left out as in the code; of other texts with a link only the link could tell.
The paper balances the training classes by upsampling: `balanced`, off by default.

In: a clean batch whose `label` is the class of each example. Out: `ids` without emoji,
`labels["sequence_classification"]` [B].
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
"""Skin tones, and the request for the colourful form."""

JOINTS = set("@:/.-_?=&#%~+")
"""Characters that hold the pieces of a link or a mention together."""


@dataclass(frozen=True, kw_only=True)
class EmojiPrediction(Objective):
    """Predict the emoji that a text was written with (DeepMoji)."""

    most_frequent: int = 64
    """So many of the corpus's most frequent emoji are the classes."""
    emoji: tuple[str, ...] = ()
    """The classes, in place of the most frequent ones."""
    min_count: int = 10
    """Emoji that occur less often in the corpus are no classes."""
    balanced: bool = False
    """Repeat the texts of rarer classes until all are as frequent as the most frequent one."""

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
        """The emoji, the most frequent one first."""
        return tuple(self._tokens(vocabulary))

    def examples(self, text: TokenStream, vocabulary: Vocabulary, body: Body, max_length: int) -> ExampleIndex:
        """One for each text and each type of emoji in it."""
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
        """Take out all emoji and label each row with its class."""
        is_emoji = np.zeros(vocabulary.size, np.bool_)
        is_emoji[list(vocabulary.emoji.values())] = True
        out = is_emoji[batch.ids]
        kept = moved(batch, np.argsort(out, axis=1, kind="stable"), batch.length - out.sum(axis=1), vocabulary)
        return kept.with_target("sequence_classification", RowTargets(labels=batch.example_class))

    def _tokens(self, vocabulary: Vocabulary) -> dict[str, list[int]]:
        """The tokens of each class, the most frequent class first."""
        wanted = {VARIANT.sub("", emoji) for emoji in self.emoji}
        found: dict[str, list[int]] = {}
        for emoji, token in vocabulary.emoji.items():
            found.setdefault(VARIANT.sub("", emoji), []).append(token)
        count = {emoji: int(vocabulary.counts[tokens].sum()) for emoji, tokens in found.items()}
        frequent = [emoji for emoji in found if count[emoji] >= self.min_count and (not wanted or emoji in wanted)]
        frequent.sort(key=lambda emoji: (-count[emoji], emoji))
        return {emoji: found[emoji] for emoji in frequent[: len(wanted) or self.most_frequent]}


def _has_words(text: TokenStream, texts: ExampleIndex, vocabulary: Vocabulary) -> npt.NDArray[np.bool_]:
    """Whether a word is left in each text once links and mentions are taken out. bool [N]."""
    begins = np.array([s.lower() in ("http", "https", "www", "@") for s in vocabulary.surfaces])
    joins = np.array([bool(JOINTS & set(s)) for s in vocabulary.surfaces])
    is_word = np.array([any(map(str.isalnum, s)) for s in vocabulary.surfaces])
    is_word[list(vocabulary.emoji.values())] = False
    words = np.zeros(len(texts), np.int64)
    for base, shard in zip(text.bases, text.shards, strict=False):
        tokens = shard.tokens
        # A link or a mention goes on over signs that join, what follows them, and pieces of a word.
        linked = joins[tokens] | ~vocabulary.word_starts[tokens]
        linked[1:] |= joins[tokens[:-1]]
        first = ~linked | begins[tokens]  # of a run of tokens that belong together
        first[:1] = True
        in_link = begins[tokens[first]][np.cumsum(first) - 1]
        row = np.searchsorted(texts.start, base + np.flatnonzero(is_word[tokens] & ~in_link), side="right") - 1
        words += np.bincount(row, minlength=len(texts))
    return words > 0


def _is_retweet(text: TokenStream, texts: ExampleIndex, vocabulary: Vocabulary) -> npt.NDArray[np.bool_]:
    """Whether each text begins with RT. bool [N]."""
    is_rt = np.array([s.lower() == "rt" for s in vocabulary.surfaces])
    return is_rt[text.gather(texts.start, 1)[:, 0]]


def _balanced(labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Which examples to take, again and again, for all classes to be as frequent as the most frequent one."""
    counts = np.bincount(labels)
    order = np.argsort(labels, kind="stable")
    start = np.cumsum(counts) - counts
    nth = np.arange(counts.max())
    rounds = [order[begin + nth % count] for begin, count in zip(start, counts, strict=True) if count]
    return np.sort(np.concatenate(rounds))
