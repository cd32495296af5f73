"""The sentences of a corpus as text, decoded from their tokens.

The text of a sentence is kept only if the corpus's tokenizer reads it as the same tokens again, so nothing is lost or
invented. Sentences with unknown tokens have no such text. A tokenizer that lower-cases gives lower-case text.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import regex
from tokenizers import Tokenizer, decoders

from nlp_ssl.corpus.store import Corpus
from nlp_ssl.corpus.tokenizer import load_backend_tokenizer, needs_space
from nlp_ssl.corpus.words import UNSPACED

Ints = npt.NDArray[np.int64]

_MARKS = r",.;:!?…、。，；：！？"
_ADDED_SPACE = regex.compile(rf" (?=[{_MARKS}])|(?<=[{UNSPACED}、。，；：！？]) (?=[{UNSPACED}])")
"""Spaces that a WordPiece decoder puts before punctuation marks and between characters of scripts without spaces."""


@dataclass(frozen=True, kw_only=True)
class Sentences:
    """Sentences of a split, document after document."""

    texts: list[str]
    document: Ints
    """[n] the number of each sentence's document in the split."""
    place: Ints
    """[n] the number of each sentence in its document; sentences that were left out are counted."""
    left_out: int
    """Sentences whose text is not read as the same tokens again."""


def document_sizes(corpus: Corpus, split: str) -> Ints:
    """The number of sentences of each document in a split: int64 [documents]. InputError for a damaged shard."""
    sizes = [np.diff(shard.document_offsets) for shard in corpus.shards(split)]
    return np.concatenate([np.zeros(0, np.int64), *sizes]).astype(np.int64)


def read_sentences(corpus: Corpus, split: str, documents: Sequence[int], most: int) -> Sentences:
    """The sentences of these documents of a split, in the given order; reading stops after `most` sentences.

    InputError for a damaged shard.
    """
    shards = corpus.shards(split)
    last = np.cumsum([len(shard.document_offsets) - 1 for shard in shards])
    ids: list[list[int]] = []
    owner: list[int] = []
    place: list[int] = []
    for document in documents:
        if len(ids) >= most:
            break
        number = int(np.searchsorted(last, document, side="right"))
        shard = shards[number]
        here = document - (int(last[number - 1]) if number else 0)
        first, past = (int(end) for end in shard.document_offsets[here : here + 2])
        past = min(past, first + most - len(ids))
        cuts = shard.sentence_offsets[first : past + 1]
        ids += [part.tolist() for part in np.split(shard.tokens[cuts[0] : cuts[-1]], cuts[1:-1] - cuts[0])]
        owner += [document] * (past - first)
        place += range(past - first)
    texts = decode(corpus.tokenizer_folder, ids)
    kept = [i for i, text in enumerate(texts) if text is not None]
    return Sentences(
        texts=[text for text in texts if text is not None],
        document=np.array(owner, np.int64)[kept],
        place=np.array(place, np.int64)[kept],
        left_out=len(texts) - len(kept),
    )


def decode(folder: Path, ids: Sequence[list[int]]) -> list[str | None]:
    """The text of each list of token ids, or None where the tokenizer in `folder` does not give these ids for it."""
    model = exact_decoder(folder)
    prefix = " " if needs_space(model) else ""
    plain = [text.strip() for text in model.decode_batch(ids, skip_special_tokens=True)]
    tidy = [_ADDED_SPACE.sub("", text) for text in plain] if isinstance(model.decoder, decoders.WordPiece) else plain
    found: list[str | None] = [None] * len(ids)
    for texts in (tidy, plain):
        unread = [i for i, text in enumerate(texts) if text and found[i] is None]
        encoded = model.encode_batch_fast([prefix + texts[i] for i in unread], add_special_tokens=False)
        for i, tokens in zip(unread, encoded, strict=True):
            found[i] = texts[i] if tokens.ids == ids[i] else None
    return found


def exact_decoder(folder: Path) -> Tokenizer:
    """The tokenizer in `folder`, set to decode what is there: the usual clean-up makes "don't" of "do not"."""
    model = load_backend_tokenizer(folder)
    decoder = json.loads(model.to_str())["decoder"] or {}
    if decoder.get("type") == "WordPiece":
        model.decoder = decoders.WordPiece(prefix=decoder["prefix"], cleanup=False)
    return model
