"""Stage 5 of a preparation: the encoded files -> shards of a split."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nlp_ssl.corpus.encoding import offsets
from nlp_ssl.corpus.store import read_shard, write_shard
from nlp_ssl.corpus.workers import Workers

SHARD_TOKENS = 2**23  # in one shard, unless a single encoded file has more


def join_shards(folder: Path, files: Sequence[Path], workers: Workers) -> None:
    """Join encoded files to shards of about `SHARD_TOKENS` in `folder`, each by one worker."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(exist_ok=True)  # a worker of a killed command may still write the same file
    shards: list[list[Path]] = []
    tokens = 0
    for file in files:
        if not file.is_file():
            continue
        size = len(read_shard(file).tokens)
        if not shards or tokens + size > SHARD_TOKENS:
            shards.append([])
            tokens = 0
        shards[-1].append(file)
        tokens += size
    workers.run(_write_joined, [(folder / f"{number:05d}.arrow", joined) for number, joined in enumerate(shards)])


def _write_joined(shard: Path, files: Sequence[Path]) -> None:
    shards = [read_shard(file) for file in files]
    lengths = np.concatenate([np.diff(s.sentence_offsets) for s in shards])
    documents = np.concatenate([np.diff(s.document_offsets) for s in shards])
    ids = np.concatenate([s.tokens for s in shards])
    write_shard(shard, ids, offsets(lengths), offsets(documents))
