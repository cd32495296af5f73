from pathlib import Path

import numpy as np
import pytest

from nlp_ssl.corpus import joining
from nlp_ssl.corpus.joining import join_shards
from nlp_ssl.corpus.store import read_shard, write_shard
from nlp_ssl.corpus.workers import Workers, start_workers


def saved(file: Path, tokens: list[int], sentences: list[int], documents: list[int]) -> Path:
    write_shard(file, np.array(tokens, np.uint16), np.array(sentences, np.int32), np.array(documents, np.int32))
    return file


def test_files_become_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = saved(tmp_path / "1", [1, 2, 3], [0, 1, 3], [0, 2])
    two = saved(tmp_path / "2", [4], [0, 1], [0, 1])
    three = saved(tmp_path / "3", [5, 6], [0, 2], [0, 1])
    monkeypatch.setattr(joining, "SHARD_TOKENS", 4)
    join_shards(tmp_path / "train", [one, tmp_path / "none", two, three], Workers(None))
    shards = [read_shard(file) for file in sorted((tmp_path / "train").iterdir())]
    assert [s.tokens.tolist() for s in shards] == [[1, 2, 3, 4], [5, 6]]
    assert shards[0].sentence_offsets.tolist() == [0, 1, 3, 4]
    assert shards[0].document_offsets.tolist() == [0, 2, 3]


@pytest.mark.slow
def test_several_workers_write_the_same_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [saved(tmp_path / f"{n}", [n, n + 1], [0, 1, 2], [0, 2]) for n in range(12)]
    monkeypatch.setattr(joining, "SHARD_TOKENS", 4)
    with start_workers(2) as workers:
        join_shards(tmp_path / "several", files, workers)
    join_shards(tmp_path / "alone", files, Workers(None))
    several, alone = ({f.name: f.read_bytes() for f in (tmp_path / name).iterdir()} for name in ("several", "alone"))
    assert several == alone and len(alone) == 6
