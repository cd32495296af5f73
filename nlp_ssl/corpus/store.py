"""A prepared corpus on disk, and as flat arrays.

A corpus is a folder:

    manifest.json        written last: its presence means that the corpus is complete
    tokenizer/           the tokenizer in Hugging Face format, and `word_starts.npy`
    train/00000.arrow    shards: one column, `sentences: list<list<uint16 or uint32>>`,
    validation/…         a document is a list of sentences, a sentence is a list of token ids

Each shard is one Arrow record batch in IPC stream format (`datasets.Dataset.from_file` reads it too).
It is memory-mapped and viewed as three flat arrays without a copy. Boundaries of sentences and documents are in the
offsets, so they are never inferred from token ids.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from nlp_ssl.atomic_io import writing
from nlp_ssl.checksums import changed
from nlp_ssl.errors import InputError, cut
from nlp_ssl.json_files import read_object

CORPUS_FORMAT = 1
"""Version of the corpus format; a corpus of another version is refused."""

SPLITS = ("train", "validation")

REMEDY = "delete the folder and prepare the corpus again"


@dataclass(frozen=True)
class Shard:
    """The documents of one shard, as flat views of its memory-mapped file.

    Sentence `s` has the tokens `tokens[sentence_offsets[s]:sentence_offsets[s + 1]]`; document `d` has the
    sentences `document_offsets[d]` to `document_offsets[d + 1]`. No sentence and no document is empty.
    """

    tokens: npt.NDArray[np.uint16] | npt.NDArray[np.uint32]  # [tokens]
    sentence_offsets: npt.NDArray[np.int32]  # [sentences + 1], the first is 0
    document_offsets: npt.NDArray[np.int32]  # [documents + 1], the first is 0


@dataclass(frozen=True)
class SplitCounts:
    """The size of a split; `bytes` are the UTF-8 bytes of its sentences, joined by single spaces."""

    documents: int
    sentences: int
    tokens: int
    bytes: int
    unknown: int = 0  # tokens
    unknown_bytes: int = 0  # UTF-8 bytes that the unknown tokens stand for


@dataclass(frozen=True)
class Corpus:
    """A prepared corpus, opened for reading."""

    folder: Path
    fingerprint: str
    counts: Mapping[str, SplitCounts]
    vocab_size: int
    manifest: Mapping[str, Any]

    @classmethod
    def open(cls, folder: Path | str) -> Corpus:
        """Open a corpus. InputError where there is none, or it is unfinished, damaged or of another version."""
        folder = Path(folder)
        path = folder / "manifest.json"
        if lost_manifest(folder):
            raise InputError(f"{path} is missing: {REMEDY}")
        if not path.exists():
            hint = "its preparation did not finish: run the same `nlp-ssl prepare` again"
            if not (folder / "work").is_dir():
                hint = "make one with `nlp-ssl prepare TEXT... --out FOLDER`"
            raise InputError(f"{folder}: no prepared corpus here ({hint})")
        manifest = read_object(path, REMEDY)
        try:
            version = manifest["format"]
            if version == CORPUS_FORMAT:
                counts = {name: SplitCounts(**split) for name, split in manifest["splits"].items()}
                corpus = cls(folder, manifest["fingerprint"], counts, manifest["vocab_size"], manifest)
                corpus._verify()
                return corpus
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{path}: damaged ({str(error)[:80]!r}); {REMEDY}") from None
        raise InputError(f"{path}: corpus format {version}, this version reads {CORPUS_FORMAT}; {REMEDY}")

    def _verify(self) -> None:
        """Raise InputError if a file differs from what `nlp-ssl prepare` wrote."""
        wrong = changed(self.folder, self.manifest.get("checksums", {}))
        if not wrong and fingerprint_of(self.folder, self.manifest["special_ids"]) == self.fingerprint:
            return
        what = ", ".join(wrong) or "its files"
        raise InputError(f"{self.folder}: damaged or changed since `nlp-ssl prepare` wrote {what}; {REMEDY}")

    @property
    def tokenizer_folder(self) -> Path:
        """The folder of the tokenizer, for `AutoTokenizer.from_pretrained`."""
        return self.folder / "tokenizer"

    @property
    def word_starts(self) -> npt.NDArray[np.bool_]:
        """bool[vocab_size]: whether a token begins a word. InputError where the file is missing or damaged."""
        file = self.tokenizer_folder / "word_starts.npy"
        try:
            starts: npt.NDArray[np.bool_] = np.load(file)
        except (OSError, ValueError) as error:
            raise InputError(f"{file}: damaged ({error}); {REMEDY}") from None
        return starts

    def shards(self, split: str) -> tuple[Shard, ...]:
        """The shards of "train" or "validation", in order. InputError where one is damaged or missing."""
        files = sorted((self.folder / split).glob("*.arrow"))
        shards = tuple(read_shard(file) for file in files)
        found = sum(len(shard.tokens) for shard in shards)
        if found != self.counts[split].tokens:
            raise InputError(
                f"{self.folder / split}: {found:,} tokens in {len(files)} shards, the manifest says "
                f"{self.counts[split].tokens:,}; {REMEDY}"
            )
        return shards


def lost_manifest(folder: Path) -> bool:
    """Whether a folder holds all of a corpus but its manifest, which an unfinished preparation does not."""
    there = {name for name in ("manifest.json", "work", "tokenizer", "train") if (folder / name).exists()}
    return there == {"tokenizer", "train"}


def fingerprint_of(folder: Path, special_ids: Mapping[str, int]) -> str:
    """BLAKE2b of a corpus: its format, special ids, tokenizer.json, and the arrays of every shard in order.

    InputError where a shard is damaged, or the tokenizer is missing.
    """
    digest = blake2b(f"nlp_ssl corpus {CORPUS_FORMAT} {json.dumps(special_ids)}".encode(), digest_size=16)
    tokenizer = folder / "tokenizer" / "tokenizer.json"
    if not tokenizer.is_file():
        raise InputError(f"{tokenizer} is missing; {REMEDY}")
    digest.update(tokenizer.read_bytes())
    for split in SPLITS:
        digest.update(split.encode())
        for file in sorted((folder / split).glob("*.arrow")):
            shard = read_shard(file)
            for array in (shard.tokens, shard.sentence_offsets, shard.document_offsets):
                digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def read_shard(file: Path) -> Shard:
    """Memory-map the file of a shard. InputError where it is damaged."""
    try:
        with pa.memory_map(str(file)) as source, pa.ipc.open_stream(source) as reader:
            batch = reader.read_next_batch()
        documents = batch.column(0)
        sentences = documents.values
        return Shard(
            tokens=_numpy(sentences.values),
            sentence_offsets=_numpy(sentences.offsets),
            document_offsets=_numpy(documents.offsets),
        )
    except Exception as error:  # Arrow and NumPy raise many types
        raise InputError(f"{file}: damaged shard ({cut(error)}); {REMEDY}") from None


def write_shard(
    file: Path,
    tokens: npt.NDArray[np.uint16] | npt.NDArray[np.uint32],
    sentence_offsets: npt.NDArray[np.int32],
    document_offsets: npt.NDArray[np.int32],
) -> None:
    """Write one shard (arrays as in `Shard`) as a single record batch."""
    sentences = pa.ListArray.from_arrays(_arrow(sentence_offsets), _arrow(tokens))
    documents = pa.ListArray.from_arrays(_arrow(document_offsets), sentences)
    batch = pa.record_batch([documents], names=["sentences"])
    with (
        writing(file, durable=False) as beside,
        pa.OSFile(str(beside), "wb") as sink,
        pa.ipc.new_stream(sink, batch.schema) as writer,
    ):
        writer.write_batch(batch)


def _numpy(values: pa.Array) -> npt.NDArray[Any]:
    """A view of an Arrow array of integers; Arrow's `to_numpy` would import pandas."""
    if not len(values):
        return np.empty(0, dtype=values.type.to_pandas_dtype())
    view = np.frombuffer(values.buffers()[1], dtype=values.type.to_pandas_dtype())
    return view[values.offset : values.offset + len(values)]


def _arrow(values: npt.NDArray[np.integer[Any]]) -> pa.Array:
    """An Arrow array over the memory of a NumPy one; `pa.array` would copy it, and import pandas."""
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [None, pa.py_buffer(values)])
