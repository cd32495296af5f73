"""The two parallel stages of a preparation: raw text -> documents in parts, and parts -> tokens.

A stage's function runs in a worker process on one unit of work and leaves its results in a folder, a small JSON file
with the counts last and by renaming: its presence means that the unit is done. Nothing goes back to the parent process,
whose memory would grow with the text. Nothing here needs torch or transformers, so a worker is light.
"""

from __future__ import annotations

import json
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

from nlp_ssl.atomic_io import write_text
from nlp_ssl.corpus import emoji, tokenizer
from nlp_ssl.corpus.documents import clean, document_hash
from nlp_ssl.corpus.reading import read_span
from nlp_ssl.corpus.sentences import Splitter, splitter
from nlp_ssl.corpus.sources import Span
from nlp_ssl.corpus.store import write_shard

SPLITS = ("train", "validation")
_INDEX = np.dtype([("end", np.int64), ("hash", np.uint64)])  # of a part: offset in bytes, `document_hash`
_BATCH = 1024  # sentences that are encoded in one call


def read_unit(spans: Sequence[Span], text_column: str, part_bytes: int, done: Path) -> None:
    """Read, clean and hash the documents of a unit, into parts `STEM-000.txt` beside `done` = `STEM.json`.

    A part is closed when it has `part_bytes` of text or more.

    What is written to `done`: `parts` [[documents, bytes] each], `empty`, `characters`, `emoji`, counts.
    """
    parts: list[list[int]] = []
    empty = 0
    characters = Counter[str]()
    pictures = Counter[str]()
    texts: list[str] = []
    size = 0

    def flush() -> None:
        write_part(part_file(done, len(parts)), texts)
        parts.append([len(texts), size])
        joined = "\n".join(texts)
        counts = np.bincount(np.frombuffer(joined.encode("utf-32-le"), np.uint32))
        characters.update({chr(point): int(counts[point]) for point in np.flatnonzero(counts)})
        pictures.update(emoji.count(joined))

    for span in spans:
        for raw in read_span(span, text_column):
            text = clean(raw, span.source.width)
            if not text:
                empty += 1
                continue
            texts.append(text)
            size += len(text) if text.isascii() else len(text.encode())
            if size >= part_bytes:
                flush()
                texts, size = [], 0
    if texts:
        flush()
    facts = {"parts": parts, "empty": empty, "characters": dict(characters), "emoji": dict(pictures)}
    write_json(done, facts)


def part_file(done: Path, part: int) -> Path:
    """Where a part of the unit lies whose counts are in `done`."""
    return done.with_name(f"{done.stem}-{part:03d}.txt")


def write_part(file: Path, texts: Sequence[str]) -> None:
    """Write clean documents: their UTF-8 bytes one after the other to `file`, and an index beside it."""
    encoded = [text.encode() for text in texts]
    index = np.empty(len(texts), dtype=_INDEX)
    index["end"] = np.cumsum([len(text) for text in encoded])
    index["hash"] = [document_hash(text) for text in encoded]
    file.write_bytes(b"".join(encoded))
    np.save(file.with_suffix(".npy"), index)


def hashes_of(file: Path) -> npt.NDArray[np.uint64]:
    """The hashes of the documents of a part."""
    hashes: npt.NDArray[np.uint64] = np.load(file.with_suffix(".npy"))["hash"]
    return hashes


def texts_of(file: Path, chosen: npt.NDArray[np.integer[Any]]) -> Iterator[str]:
    """The documents of a part that have the given places."""
    ends = np.load(file.with_suffix(".npy"))["end"]
    starts = np.concatenate(([0], ends[:-1]))
    with file.open("rb") as source:
        for start, end in zip(starts[chosen].tolist(), ends[chosen].tolist(), strict=True):
            source.seek(start)
            yield source.read(end - start).decode()


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """How documents become token ids."""

    tokenizer: Path
    sentences: str
    language: str
    unknown: int
    wide: bool  # whether ids need more than 16 bits
    validation_below: int  # documents whose hash is below go to validation

    def rules(self) -> tuple[Splitter, Tokenizer, str]:
        """The sentence splitter, the tokenizer, and what is put before each sentence."""
        return _rules(self)


@lru_cache(maxsize=1)
def _rules(encoding: Encoding) -> tuple[Splitter, Tokenizer, str]:
    model = tokenizer.load(encoding.tokenizer)
    prefix = " " if tokenizer.needs_space(model) else ""
    return splitter(encoding.sentences, encoding.language), model, prefix


def encode_part(part: Path, dropped: npt.NDArray[np.bool_], encoding: Encoding, done: Path) -> None:
    """Cut the documents of a part that are not `dropped` into sentences and tokens: one shard for each split.

    The shards lie beside `done`. What is written to `done`: per split, the counts of documents, sentences,
    tokens, bytes, words, unknown tokens, and documents that have no token (`empty`).
    """
    split_sentences, model, prefix = encoding.rules()
    hashes = hashes_of(part)
    of_split = {
        "train": hashes >= np.uint64(encoding.validation_below),
        "validation": hashes < np.uint64(encoding.validation_below),
    }
    facts: dict[str, dict[str, int]] = {}
    for split in SPLITS:
        chosen = np.flatnonzero(of_split[split] & ~dropped)
        sentences: list[str] = []
        owners: list[int] = []
        for document, cut in enumerate(split_sentences(list(texts_of(part, chosen)))):
            found = [s for raw in cut if (s := raw.strip())]
            sentences += found
            owners += [document] * len(found)
        tokens, lengths = _encode(model, prefix, sentences, np.uint32 if encoding.wide else np.uint16)
        written = lengths > 0
        owner = np.array(owners, dtype=np.int64)[written]
        document_sentences = np.bincount(owner, minlength=len(chosen))
        document_sentences = document_sentences[document_sentences > 0]
        documents = len(document_sentences)
        kept = [s for s, w in zip(sentences, written.tolist(), strict=True) if w]
        facts[split] = {
            "documents": documents,
            "sentences": len(kept),
            "tokens": len(tokens),
            "bytes": sum(len(s) if s.isascii() else len(s.encode()) for s in kept) + len(kept) - documents,
            "words": sum(len(s.split()) for s in kept),
            "unknown": int((tokens == encoding.unknown).sum()),
            "empty": len(chosen) - documents,
        }
        if documents:
            write_shard(split_file(done, split), tokens, offsets(lengths[written]), offsets(document_sentences))
    write_json(done, facts)


def split_file(done: Path, split: str) -> Path:
    """Where the shard of a split lies whose counts are in `done`."""
    return done.with_name(f"{done.stem}.{split}.arrow")


def offsets(lengths: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.int32]:
    """Lengths -> where each thing starts, and where the last one ends: int32[len(lengths) + 1]."""
    ends = np.zeros(len(lengths) + 1, dtype=np.int32)
    np.cumsum(lengths, out=ends[1:])
    return ends


def _encode(
    model: Tokenizer, prefix: str, sentences: Sequence[str], dtype: type[np.uint16] | type[np.uint32]
) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """The tokens of sentences one after the other, and the number of tokens of each."""
    tokens: list[npt.NDArray[Any]] = [np.empty(0, dtype=dtype)]
    lengths: list[int] = []
    for start in range(0, len(sentences), _BATCH):
        some = sentences[start : start + _BATCH]
        encoded = model.encode_batch_fast([prefix + s for s in some] if prefix else some, add_special_tokens=False)
        ids = [e.ids for e in encoded]
        lengths += map(len, ids)
        tokens.append(np.fromiter(chain.from_iterable(ids), dtype=dtype))
    return np.concatenate(tokens), np.array(lengths, dtype=np.int64)


def write_json(file: Path, content: object) -> None:
    """Write a JSON file whole or not at all."""
    write_text(file, json.dumps(content, ensure_ascii=False, indent=2) + "\n")
