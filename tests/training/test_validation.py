"""Validation metrics."""

import json
import math
from pathlib import Path

import pytest

from nlp_ssl.objectives import all_objectives
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


def validation_tokens(corpus: Path) -> int:
    return json.loads((corpus / "manifest.json").read_text())["splits"]["validation"]["tokens"]
