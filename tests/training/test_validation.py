"""Validation metrics."""

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from nlp_ssl.corpus.store import Corpus, fingerprint_of
from nlp_ssl.objectives import all_objectives
from nlp_ssl.training.validation import bits_per_byte
from tests.training.runs import metrics, pretrain

OBJECTIVES = all_objectives()


def test_metrics_of_every_objective(corpus, tmp_path) -> None:
    for objective in OBJECTIVES:
        assert pretrain(objective, corpus, tmp_path / objective, "--budget", "2-steps") == 0
    found = {o: metrics(tmp_path / o, "end")[0]["validation"] for o in OBJECTIVES}
    assert found["mlm"]["loss"] == pytest.approx(math.log(50), rel=0.1)
    # The corpus says 4 bytes a token; each row has one more target for [SEP] only where a document ends.
    nats, bits = found["clm"]["loss"], found["clm"]["bits_per_byte"]
    tokens = validation_tokens(corpus)
    assert bits == pytest.approx(nats * found["clm"]["validation_targets"] / tokens / math.log(2) / 4, rel=1e-6)
    assert 0.5 <= found["sop"]["majority"] < 0.75
    assert 0 < found["sentence_permutation"]["orders_by_chance"] < 0.5  # two or more sentences, most unlike
    assert 0 <= found["sentence_permutation"]["orders_recovered"] <= 1


def test_bits_per_byte_charge_unknown_text_byte_by_byte() -> None:
    assert bits_per_byte(6 * math.log(2), 12, 0) == 0.5
    assert bits_per_byte(6 * math.log(2), 12, 3) == 2.5  # 6 bits and 3 * 8 bits for 12 bytes


def test_the_loss_of_unknown_targets_is_charged_their_bytes(corpus: Path, tmp_path: Path) -> None:
    """The same corpus, whose manifest says what an unknown token stands for: w0 is made the unknown token."""
    shutil.copytree(corpus, tmp_path / "corpus")
    file = tmp_path / "corpus" / "manifest.json"
    manifest = json.loads(file.read_text())
    tokens = np.concatenate([shard.tokens for shard in Corpus.open(corpus).shards("validation")])
    word = int(tokens[0])
    unknown = int((tokens == word).sum())
    manifest["special_ids"]["unk"] = word
    manifest["splits"]["validation"] |= {"unknown": unknown, "unknown_bytes": 2 * unknown}
    manifest["fingerprint"] = fingerprint_of(tmp_path / "corpus", manifest["special_ids"])
    file.write_text(json.dumps(manifest))
    found = {}
    for name, folder in (("before", corpus), ("charged", tmp_path / "corpus")):
        assert pretrain("clm", folder, tmp_path / name, "--budget", "2-steps") == 0
        found[name] = metrics(tmp_path / name, "end")[0]["validation"]
    more = found["charged"]["bits_per_byte"] - found["before"]["bits_per_byte"]
    assert more == pytest.approx(8 * 2 * unknown / (4 * len(tokens)), rel=1e-6)
    assert found["charged"]["loss"] == found["before"]["loss"]


def validation_tokens(corpus: Path) -> int:
    return json.loads((corpus / "manifest.json").read_text())["splits"]["validation"]["tokens"]
