"""Stage 5 of a preparation: the encoded files -> shards of a split."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nlp_ssl.corpus.encoding import offsets
from nlp_ssl.corpus.store import read_shard, write_shard

SHARD_TOKENS = 2**23  # in one shard, unless a single encoded file has more


def join_shards(folder: Path, files: Sequence[Path]) -> None:
    """Join encoded files to shards of about `SHARD_TOKENS` in `folder`."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    waiting: list[Path] = []
    tokens = shard = 0
    for file in files:
        if not file.is_file():
            continue
        size = len(read_shard(file).tokens)
        if waiting and tokens + size > SHARD_TOKENS:
            _write_joined(folder / f"{shard:05d}.arrow", waiting)
            waiting, tokens, shard = [], 0, shard + 1
        waiting.append(file)
        tokens += size
    if waiting:
        _write_joined(folder / f"{shard:05d}.arrow", waiting)


def _write_joined(shard: Path, files: Sequence[Path]) -> None:
    shards = [read_shard(file) for file in files]
    lengths = np.concatenate([np.diff(s.sentence_offsets) for s in shards])
    documents = np.concatenate([np.diff(s.document_offsets) for s in shards])
    ids = np.concatenate([s.tokens for s in shards])
    write_shard(shard, ids, offsets(lengths), offsets(documents))
