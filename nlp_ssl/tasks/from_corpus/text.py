"""The text that tasks are made from: sentences of the corpus's validation documents, which no model was trained on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import blake2b
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nlp_ssl.console import say
from nlp_ssl.corpus.segments import Segments, segment
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.corpus.text import Ints, Sentences, document_sizes, read_sentences

Draws = npt.NDArray[np.uint64]

SPLIT = "validation"
TRAIN_SHARE = 1 / 3
"""At least this share of the held-out sentences is for training, in whole documents."""


@dataclass(frozen=True)
class HeldOutText:
    """Sentences of some held-out documents."""

    sentences: Sentences
    fingerprint: str
    """The corpus's."""

    @property
    def texts(self) -> list[str]:
        """The sentences."""
        return self.sentences.texts

    @cached_property
    def segments(self) -> list[Segments]:
        """The segments of each sentence."""
        return segment(self.texts)

    @cached_property
    def counts(self) -> Counter[str]:
        """How often each segment occurs, except where it begins a sentence."""
        return Counter(piece for pieces in self.segments for piece in pieces[1:])

    def draws(self, purpose: str, keys: Sequence[str] | None = None) -> Draws:
        """A random number for each key, uint64 [n]; the keys are the sentences by default.

        Depends on the corpus, the purpose and the key alone, not on order or number.
        """
        prefix = f"{self.fingerprint}\0{purpose}\0".encode()
        keys = self.texts if keys is None else keys
        digests = [blake2b(prefix + key.encode("utf-8", "surrogatepass"), digest_size=8).digest() for key in keys]
        return np.frombuffer(b"".join(digests), np.uint64)


def held_out_text(corpus: Corpus, most: int) -> HeldOutText:
    """Up to `most` sentences of the validation documents, whole documents in a fixed random order.

    The last document may be cut. InputError for a damaged shard.
    """
    order = _random_order(corpus, len(document_sizes(corpus, SPLIT)))
    return _read(corpus, order, most)


def _read(corpus: Corpus, documents: Ints, most: int) -> HeldOutText:
    sentences = read_sentences(corpus, SPLIT, documents.tolist(), most)
    if sentences.left_out:
        total = sentences.left_out + len(sentences.texts)
        say(
            f"{corpus.folder}: left out {sentences.left_out:,} of {total:,} held-out sentences, which their tokens do "
            "not give exactly"
        )
    return HeldOutText(sentences, corpus.fingerprint)


def divided_text(folder: Path, train: int, dev: int) -> dict[str, HeldOutText]:
    """Up to `train` and `dev` sentences of different validation documents: "train" and "dev".

    A corpus with a single held-out document has none for "train". InputError for an unusable corpus.
    """
    corpus = Corpus.open(folder)
    return _divided(folder.resolve(), corpus.fingerprint, train, dev)


@lru_cache(maxsize=2)
def _divided(folder: Path, fingerprint: str, train: int, dev: int) -> dict[str, HeldOutText]:
    corpus = Corpus.open(folder)
    sizes = document_sizes(corpus, SPLIT)
    parts = divide(sizes, _random_order(corpus, len(sizes)))
    most = {"train": train, "dev": dev}
    return {name: _read(corpus, part, most[name]) for name, part in parts.items()}


def divide(sizes: Ints, order: Ints) -> dict[str, Ints]:
    """Divide documents of `sizes` sentences [documents] into "train" and "dev", in the given order [documents].

    Train gets documents until it has `TRAIN_SHARE` of all sentences. A document with over half of them is for dev.
    """
    small = sizes[order] * 2 <= sizes.sum()
    order = np.concatenate([order[small], order[~small]])
    before = np.cumsum(sizes[order]) - sizes[order]
    in_train = (before < TRAIN_SHARE * sizes.sum()) & np.sort(small)[::-1]
    in_train[-1:] = False
    return {"train": order[in_train], "dev": order[~in_train]}


def _random_order(corpus: Corpus, n: int) -> Ints:
    digests = [blake2b(f"{corpus.fingerprint}\0document {i}".encode(), digest_size=8).digest() for i in range(n)]
    return np.argsort(np.frombuffer(b"".join(digests), np.uint64), kind="stable")
