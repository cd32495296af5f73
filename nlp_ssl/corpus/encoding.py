"""Stage 4 of a preparation: clean documents -> sentences -> tokens.

`encode_documents` runs in a worker process on one file of documents, with no need for torch or transformers. It writes
a small JSON file with its counts last: its presence means that the file is done.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from nlp_ssl.console import progress
from nlp_ssl.corpus.assignment import part_ranges
from nlp_ssl.corpus.document_files import DocumentFile, finish, finished, read_index, read_ranges
from nlp_ssl.corpus.sentences import LONGEST_SPLIT, load_splitter, split_texts
from nlp_ssl.corpus.special_text import spellings
from nlp_ssl.corpus.splitters.base import Splitter
from nlp_ssl.corpus.store import SPLITS, write_shard
from nlp_ssl.corpus.tokenizer import load_backend_tokenizer, needs_space
from nlp_ssl.corpus.workers import Workers
from nlp_ssl.json_files import read_object

_BATCH = 1024  # sentences that are encoded in one call


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """How documents become token ids."""

    tokenizer: Path
    sentences: str
    language: str
    unknown: int  # id of the unknown token
    wide: bool  # whether ids need more than 16 bits

    def tools(self) -> tuple[Splitter, Tokenizer, str, re.Pattern[str]]:
        """Sentence splitter, tokenizer, what is put before each sentence, and what finds spelled special tokens."""
        return _tools(self)


@lru_cache(maxsize=1)
def _tools(encoding: Encoding) -> tuple[Splitter, Tokenizer, str, re.Pattern[str]]:
    model = load_backend_tokenizer(encoding.tokenizer, composed=True)
    prefix = " " if needs_space(model) else ""
    return load_splitter(encoding.sentences, encoding.language), model, prefix, spellings(model)


def encode_files(
    encoding: Encoding, files: Sequence[DocumentFile], fates: npt.NDArray[np.uint8], work: Path, workers: Workers
) -> dict[str, Counter[str]]:
    """Encode all files that are not done yet; returns the counts of each split.

    `fates` is uint8[documents], over all files (see `assignment`).
    """
    todo = [file for file in files if finished(encoded_path(work, file)) is None]
    left = sum(file.bytes for file in todo) / 1e6
    total = sum(file.bytes for file in files) / 1e6
    with progress("encode", total, "MB", done=total - left) as bar:
        workers.run(
            encode_documents,
            [(file.path, file.of(fates), encoding, encoded_path(work, file)) for file in todo],
            lambda number: bar.advance(todo[number].bytes / 1e6),
        )
    counts = {split: Counter[str]() for split in SPLITS}
    for file in files:
        for split, facts in read_object(encoded_path(work, file), "run the command again")["facts"].items():
            counts[split].update(facts)
    return counts


def encoded_path(work: Path, file: DocumentFile) -> Path:
    """Where the counts of an encoded file lie, with its shards beside them."""
    return work / "pieces" / f"{file.path.stem}.json"


def shard_path(done: Path, split: str) -> Path:
    """Where the shard of a split lies whose counts are in `done`."""
    return done.with_name(f"{done.stem}.{split}.arrow")


def encode_documents(path: Path, fates: npt.NDArray[np.uint8], encoding: Encoding, done: Path) -> None:
    """Split the documents of a file into sentences and tokens; `fates` (uint8[documents]) says which go where.

    Writes a shard for each split that has documents, and to `done` the counts of each split: documents (a divided one
    counts for each of its pieces), sentences, tokens, bytes, words, unknown tokens and the bytes that they stand for,
    special tokens that the text spells, and documents without any token (`empty`).
    """
    ranges = part_ranges(read_index(path), fates)
    facts = {split: _encode_split(path, ranges[split], encoding, shard_path(done, split)) for split in SPLITS}
    finish(done, facts, [shard for split in SPLITS if (shard := shard_path(done, split)).is_file()])


def _encode_split(path: Path, chosen: npt.NDArray[np.int64], encoding: Encoding, shard: Path) -> dict[str, int]:
    splitter, model, prefix, special = encoding.tools()
    sentences: list[str] = []
    owners: list[int] = []
    for document, split in enumerate(split_texts(splitter, list(read_ranges(path, chosen)))):
        found = [s for raw in split if (s := raw.strip())]
        sentences += found
        owners += [document] * len(found)
    tokens, lengths = _encode(model, prefix, sentences, np.uint32 if encoding.wide else np.uint16)
    ends = np.cumsum(lengths)
    with_unknown = np.unique(np.searchsorted(ends, np.flatnonzero(tokens == encoding.unknown), side="right"))
    written = lengths > 0
    owner = np.array(owners, dtype=np.int64)[written]
    document_sentences = np.bincount(owner, minlength=len(chosen))
    document_sentences = document_sentences[document_sentences > 0]
    documents = len(document_sentences)
    kept = [s for s, w in zip(sentences, written.tolist(), strict=True) if w]
    if documents:
        write_shard(shard, tokens, offsets(lengths[written]), offsets(document_sentences))
    return {
        "documents": documents,
        "sentences": len(kept),
        "tokens": len(tokens),
        "bytes": sum(len(s) if s.isascii() else len(s.encode()) for s in kept) + len(kept) - documents,
        "words": sum(len(s.split()) for s in kept),
        "unknown": int((tokens == encoding.unknown).sum()),
        "unknown_bytes": _unknown_bytes(model, [sentences[i] for i in with_unknown.tolist()], encoding.unknown),
        "special": len(special.findall("\n".join(kept))),
        "empty": len(chosen) - documents,
    }


def _encode(
    model: Tokenizer, prefix: str, sentences: Sequence[str], dtype: type[np.uint16] | type[np.uint32]
) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """The tokens of all sentences [tokens], and the number of tokens of each [sentences]."""
    tokens: list[npt.NDArray[Any]] = [np.empty(0, dtype=dtype)]
    lengths: list[int] = []
    for some in _batches(sentences):
        encoded = model.encode_batch_fast([prefix + s for s in some] if prefix else some, add_special_tokens=False)
        ids = [e.ids for e in encoded]
        lengths += map(len, ids)
        tokens.append(np.fromiter(chain.from_iterable(ids), dtype=dtype))
    return np.concatenate(tokens), np.array(lengths, dtype=np.int64)


def _batches(sentences: Sequence[str]) -> Iterator[Sequence[str]]:
    """At most `_BATCH` sentences at once, and single ones where they are very long."""
    for start in range(0, len(sentences), _BATCH):
        some = sentences[start : start + _BATCH]
        yield from [some] if sum(map(len, some)) <= LONGEST_SPLIT else ([sentence] for sentence in some)


def _unknown_bytes(model: Tokenizer, sentences: Sequence[str], unknown: int) -> int:
    """The UTF-8 bytes of the text that unknown tokens stand for."""
    found = 0
    for some in _batches(sentences):
        for text, encoded in zip(some, model.encode_batch(some, add_special_tokens=False), strict=True):
            places = (place for id, place in zip(encoded.ids, encoded.offsets, strict=True) if id == unknown)
            found += sum(len(text[first:past].encode()) for first, past in places)
    return found


def offsets(lengths: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.int32]:
    """Lengths -> where each item starts, and where the last one ends: int32[len(lengths) + 1]."""
    ends = np.zeros(len(lengths) + 1, dtype=np.int32)
    np.cumsum(lengths, out=ends[1:])
    return ends
