"""How much of a task's texts is in the text that the models were pretrained on (the corpus's train split).

Texts are compared as sequences of words: NFKC, case folded, runs of letters and digits, every Chinese character a
word. So neither punctuation nor the spaces of a tokenizer make a difference; a character that it does not know does.

exact   a text of the example is a whole sentence or a whole document of the corpus
near    not exact, but at least half of the runs of `WINDOW` words of one of its texts are in the corpus; a text of
        fewer words has no such run, and is never counted as near

The corpus is decoded a piece at a time, and words and runs are 64-bit hashes: held in memory is the task, never
the corpus. That a run is taken for another one is a matter of 1e-6 for a million runs in ten million words.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer, decoders

from nlp_ssl.corpus import tokenizer
from nlp_ssl.corpus.store import Corpus, Shard
from nlp_ssl.corpus.words import Hashes, Ints, mix, powers, run_hashes

WINDOW = 8
"""Words in a run."""

NEAR = 0.5
"""The share of a text's runs from which on it is a near duplicate."""

TOKENS_AT_ONCE = 500_000

_IDEOGRAPHS = ((0x3400, 0x4DC0), (0x4E00, 0xA000), (0xF900, 0xFB00), (0x20000, 0x2FA20))


def overlaps(corpus: Corpus, splits: Mapping[str, Sequence[Sequence[str]]]) -> dict[str, dict[str, int]]:
    """For each split of a task the number of examples that are in the corpus: `exact`, `near`, and `of` how many.

    `splits` has one list of texts for each split, or two, of equal length, for pairs of texts.
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
    """Hashes of the words of all texts [words], and where each text's begin [texts + 1]."""
    joined = "\n".join(text.replace("\n", " ") for text in texts)
    joined = unicodedata.normalize("NFKC", joined).casefold()
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    kind = _kinds()[codes]
    before = np.concatenate([[0], kind[:-1]])
    first = np.flatnonzero((kind == 2) | ((kind == 1) & (before != 1)))  # [words] where they begin
    line = np.cumsum(codes == ord("\n"))[first]  # the text of each word
    starts = np.searchsorted(line, np.arange(len(texts) + 1))
    characters = np.where(kind > 0, codes, 0).astype(np.uint64)
    return mix(run_hashes(characters, np.append(first, len(codes)))), starts.astype(np.int64)


@cache
def _kinds() -> npt.NDArray[np.uint8]:
    """Of every code point: 0 no part of a word, 1 a letter or digit, 2 a word by itself."""
    kinds = np.fromiter((chr(code).isalnum() for code in range(0x110000)), np.uint8, 0x110000)
    for low, high in _IDEOGRAPHS:
        kinds[low:high] *= 2
    return kinds


def _whole(words: Hashes, starts: Ints) -> Hashes:
    """The hash of each text as a whole [texts]."""
    return mix(run_hashes(words, starts))


def _runs(words: Hashes) -> Hashes:
    """The hash of the run of `WINDOW` words that begins at each word [words - WINDOW + 1]."""
    n = max(0, len(words) - WINDOW + 1)
    sums = np.zeros(n, np.uint64)
    for place, power in enumerate(powers(WINDOW)):
        sums += words[place : place + n] * power
    return mix(sums)


class _Wanted:
    """Hashes that are looked for."""

    def __init__(self, hashes: Hashes) -> None:
        self._distinct, self._place = np.unique(hashes, return_inverse=True)
        self._found = np.zeros(len(self._distinct), np.bool_)
        self._possible = np.zeros(2**24, np.bool_)  # by the first 24 bits: most hashes are told from these
        self._possible[self._distinct >> np.uint64(40)] = True

    def find(self, hashes: Hashes) -> None:
        """Note those that occur among `hashes`."""
        possible = hashes[self._possible[hashes >> np.uint64(40)]]
        if len(possible):
            place = np.minimum(np.searchsorted(self._distinct, possible), len(self._distinct) - 1)
            self._found[place[self._distinct[place] == possible]] = True

    def found(self) -> npt.NDArray[np.bool_]:
        """Of each of the hashes, whether it has occurred."""
        return self._found[self._place]


def _corpus_words(corpus: Corpus) -> Iterator[tuple[Hashes, Hashes, Hashes]]:
    """The corpus a piece at a time: hashes of its sentences, of its documents, and of its words one after another.

    The words of a piece begin with the last ones of the piece before, so that no run is missed.
    """
    model = _plain(corpus.tokenizer_folder)
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
    """Runs of sentences of about `TOKENS_AT_ONCE` tokens; of documents, only longer ones are cut."""
    ends, documents = shard.sentence_offsets, shard.document_offsets
    first, sentences = 0, len(ends) - 1
    while first < sentences:
        past = max(first + 1, int(np.searchsorted(ends, int(ends[first]) + TOKENS_AT_ONCE, side="right")) - 1)
        border = int(documents[np.searchsorted(documents, past, side="right") - 1])
        past = border if border > first else past
        yield first, past
        first = past


def _plain(folder: Path) -> Tokenizer:
    """The corpus's tokenizer, which decodes what is there: the usual clean-up makes "don't" of "do not"."""
    model = tokenizer.load_tokenizer(folder)
    decoder = json.loads(model.to_str())["decoder"] or {}
    if decoder.get("type") == "WordPiece":
        model.decoder = decoders.WordPiece(prefix=decoder["prefix"], cleanup=False)
    return model
