import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from nlp_ssl.cli import main
from nlp_ssl.heads.rouge_metrics import gap_sentences_written
from nlp_ssl.sampling.batch import Batch
from nlp_ssl.sampling.targets import SequenceTargets
from tests.worlds import vocabulary, write_corpus


def test_written_gap_sentences_by_hand(monkeypatch) -> None:
    monkeypatch.setattr("nlp_ssl.heads.rouge_metrics.WRITTEN_ROWS", 2)
    ids = np.array([[2, 7, 8, 3, 0, 0], [2, 4, 10, 13, 14, 3], [2, 16, 4, 17, 3, 0], [2, 4, 17, 3, 0, 0]])
    none = np.zeros(4, np.int64)
    tokens = [[-100] * 4, [10, 11, 13, 3], [16, 19, 3, -100], [17, 3, -100, -100]]
    batch = Batch(
        ids=ids,
        length=np.array([4, 6, 5, 4]),
        sentence=np.zeros(ids.shape, np.int16),
        token_type_ids=np.zeros_like(ids),
        text_tokens=none,
        example_class=none,
        targets={"gap_sentences": SequenceTargets(tokens=np.array(tokens))},
    )
    asked = {}

    def generate(**options: object) -> torch.Tensor:
        asked.update(options)
        return torch.tensor([[2, 10, 11, 14, 3], [2, 19, 16, 3, 0]])

    model = SimpleNamespace(assemble=lambda head: SimpleNamespace(generate=generate))
    found = gap_sentences_written(
        model, "gap_sentences", batch, {"views": {"main": {"input_ids": torch.from_numpy(ids)}}}, vocabulary()
    )
    # The first row has no target, the last one is one too many. Written: 2 words of 3, and all, in whatever order.
    # Copied: w10 w13 w14, of which two are of w10 w11 w13; w16 w17, of which one is of w16 w19.
    assert found.flatten().tolist() == pytest.approx([2 / 3 + 1, 2, 2 * 2 / 6 + 2 * 1 / 4, 2])
    assert asked["input_ids"].tolist() == ids[1:3].tolist()
    assert asked["attention_mask"].tolist() == [[1] * 6, [1, 1, 1, 1, 1, 0]]
    assert asked["max_new_tokens"] == 4


def test_gap_sentences_known_by_heart_are_written(tmp_path) -> None:
    corpus = write_corpus(tmp_path / "corpus", seed=99, documents=8)  # what is held out is what is learned
    size = ["--model.size", "tiny", "--batch.max-length", "32", "--batch.tokens", "256", "--precision", "fp32"]
    more = ["--budget", "400-steps", "--evaluations", "1", *size]
    assert (
        main(["pretrain", "gap_sentences", "--corpus", str(corpus.folder), "--out", str(tmp_path / "run"), *more]) == 0
    )
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    validation = lines[-1]["validation"]
    assert validation["rouge_1"] > 0.9 > 0.5 > validation["rouge_1_by_copying"]
