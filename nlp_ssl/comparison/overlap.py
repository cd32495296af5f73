"""Overlap of a task's texts with the train split of the pretraining corpus.

Texts are compared as sequences of words after NFKC and case folding. A word is a run of letters and digits, or one
Chinese character. Punctuation and the tokenizer's spaces therefore make no difference; characters that the tokenizer
does not know do.

exact   a text of the example equals a sentence or a document of the corpus
near    not exact, but at least half of the n-grams of `WINDOW` words of one of its texts occur in the corpus; shorter
        texts have no such n-gram and never count as near

Memory holds the task, but only a piece of the corpus at a time. Words and n-grams are 64-bit hashes. For a million
n-grams in ten million words, the probability of any collision is about 1e-6.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.store import Corpus, Shard
from nlp_ssl.corpus.text import exact_decoder
from nlp_ssl.corpus.words import Hashes, Ints, mix, powers, run_hashes

WINDOW = 8
"""Words in an n-gram."""

NEAR = 0.5
"""Share of a text's n-grams in the corpus from which on it counts as near."""

TOKENS_AT_ONCE = 500_000

_IDEOGRAPHS = ((0x3400, 0x4DC0), (0x4E00, 0xA000), (0xF900, 0xFB00), (0x20000, 0x2FA20))


def overlaps(corpus: Corpus, splits: Mapping[str, Sequence[Sequence[str]]]) -> dict[str, dict[str, int]]:
    """Count the examples of each split that occur in the corpus: `exact` and `near`, `of` the number of examples.

    `splits` has a list of texts for each split; for pairs, two lists of equal length.
    """
    texts = [text for columns in splits.values() for column in columns for text in column]
    words, starts = words_of(texts)
    length = np.diff(starts)  # [texts] words
    window = _runs(words)  # [words - 7]
    begins = np.arange(len(window))
    owner = np.searchsorted(starts, begins, side="right") - 1
    inside = begins + WINDOW <= starts[owner + 1]
    whole = _Wanted(_whole(words, starts)[length > 0])
    runs = _Wanted(window[inside])
    for sentences, documents, stream in _corpus_words(corpus):
        whole.find(sentences)
        whole.find(documents)
        runs.find(_runs(stream))

    exact = np.zeros(len(texts), np.bool_)
    exact[length > 0] = whole.found()
    of_text = np.bincount(owner[inside], minlength=len(texts))
    seen = np.bincount(owner[inside], weights=runs.found(), minlength=len(texts))
    near = (of_text > 0) & (seen >= NEAR * of_text)

    result, first = {}, 0
    for split, columns in splits.items():
        n, width = len(columns[0]), sum(map(bool, columns))
        here = slice(first, first + n * width)
        is_exact, is_near = (flag[here].reshape(width, n).any(0) for flag in (exact, near))
        result[split] = {"exact": int(is_exact.sum()), "near": int((is_near & ~is_exact).sum()), "of": n}
        first += n * width
    return result


def words_of(texts: Sequence[str]) -> tuple[Hashes, Ints]:
    """Hashes of the words of all texts [words], and the index of each text's first word [texts + 1]."""
    joined = "\n".join(text.replace("\n", " ") for text in texts)
    joined = unicodedata.normalize("NFKC", joined).casefold()
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    kind = _kinds()[codes]
    before = np.concatenate([[0], kind[:-1]])
    first = np.flatnonzero((kind == 2) | ((kind == 1) & (before != 1)))  # [words] first character
    line = np.cumsum(codes == ord("\n"))[first]  # the text of each word
    starts = np.searchsorted(line, np.arange(len(texts) + 1))
    characters = np.where(kind > 0, codes, 0).astype(np.uint64)
    return mix(run_hashes(characters, np.append(first, len(codes)))), starts.astype(np.int64)


@cache
def _kinds() -> npt.NDArray[np.uint8]:
    """For every code point: 0 if outside words, 1 for a letter or digit, 2 for a word of one character."""
    kinds = np.fromiter((chr(code).isalnum() for code in range(0x110000)), np.uint8, 0x110000)
    for low, high in _IDEOGRAPHS:
        kinds[low:high] *= 2
    return kinds


def _whole(words: Hashes, starts: Ints) -> Hashes:
    """The hash of each whole text [texts]."""
    return mix(run_hashes(words, starts))


def _runs(words: Hashes) -> Hashes:
    """The hash of the n-gram of `WINDOW` words that begins at each word [words - WINDOW + 1]."""
    n = max(0, len(words) - WINDOW + 1)
    sums = np.zeros(n, np.uint64)
    for place, power in enumerate(powers(WINDOW)):
        sums += words[place : place + n] * power
    return mix(sums)


class _Wanted:
    """Hashes to find in the corpus."""

    def __init__(self, hashes: Hashes) -> None:
        self._distinct, self._place = np.unique(hashes, return_inverse=True)
        self._found = np.zeros(len(self._distinct), np.bool_)
        self._possible = np.zeros(2**24, np.bool_)  # by the first 24 bits, which exclude most hashes
        self._possible[self._distinct >> np.uint64(40)] = True

    def find(self, hashes: Hashes) -> None:
        """Mark those that occur in `hashes`."""
        possible = hashes[self._possible[hashes >> np.uint64(40)]]
        if len(possible):
            place = np.minimum(np.searchsorted(self._distinct, possible), len(self._distinct) - 1)
            self._found[place[self._distinct[place] == possible]] = True

    def found(self) -> npt.NDArray[np.bool_]:
        """Whether each of the hashes was found. bool, in the given order."""
        return self._found[self._place]


def _corpus_words(corpus: Corpus) -> Iterator[tuple[Hashes, Hashes, Hashes]]:
    """The corpus in pieces: hashes of its sentences, of its documents, and of its words in order.

    The words of a piece start with the last words of the previous piece, so no n-gram is missed.
    """
    model = exact_decoder(corpus.tokenizer_folder)
    tail = np.empty(0, np.uint64)
    for shard in corpus.shards("train"):
        for first, past in _pieces(shard):
            cuts = shard.sentence_offsets[first : past + 1]
            tokens = shard.tokens[cuts[0] : cuts[-1]]
            ids = [sentence.tolist() for sentence in np.split(tokens, cuts[1:-1] - cuts[0])]
            words, starts = words_of(model.decode_batch(ids, skip_special_tokens=False))
            borders = np.unique(np.clip(shard.document_offsets, first, past)) - first
            stream = np.concatenate([tail, words])
            yield _whole(words, starts), _whole(words, starts[borders]), stream
            tail = stream[-(WINDOW - 1) :]


def _pieces(shard: Shard) -> Iterator[tuple[int, int]]:
    """Runs of sentences of about `TOKENS_AT_ONCE` tokens. Only documents longer than this are cut."""
    ends, documents = shard.sentence_offsets, shard.document_offsets
    first, sentences = 0, len(ends) - 1
    while first < sentences:
        past = max(first + 1, int(np.searchsorted(ends, int(ends[first]) + TOKENS_AT_ONCE, side="right")) - 1)
        border = int(documents[np.searchsorted(documents, past, side="right") - 1])
        past = border if border > first else past
        yield first, past
        first = past
