"""Frozen vectors."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel

from nlp_ssl.evaluation.checkpoints import load_checkpoint
from nlp_ssl.evaluation.encoder import Encoder
from nlp_ssl.evaluation.inputs import encode
from nlp_ssl.tasks.kinds.classification import Classification
from nlp_ssl.tasks.splits import LabelledExamples

Run = Callable[[str], Path]
KINDS = ["mlm", "sop", "clm", "bart", "mbart", "t5"]
THREE = LabelledExamples(["w1 w2 w3 fine", "w4", "w5 w6"], None, None)
PAIRS = LabelledExamples(["w1 w2 w3 fine", "w4"], ["w5", "w6 w7"], None)
LABELS = Classification(["bad", "good"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_frozen_vector_is_the_mean_over_the_tokens(run: Run, kind: str) -> None:
    checkpoint = load_checkpoint(run(kind) / "model")
    tokens, seen = encode(checkpoint, THREE, 64), []
    vectors = Encoder(checkpoint, True, 0, "fp32").vectors(tokens, seen.append)
    assert vectors.shape == (3, 32) and seen == [3]
    body = AutoModel.from_pretrained(run(kind) / "model").eval()
    body = body.encoder if kind in ("bart", "mbart", "t5") else body
    for i in range(3):
        ids = torch.from_numpy(tokens.ids[tokens.starts[i] : tokens.starts[i + 1]].astype(np.int64))
        with torch.no_grad():
            expected = body(input_ids=ids[None]).last_hidden_state[0].mean(0)
        np.testing.assert_allclose(vectors[i], expected, atol=1e-5)


def test_a_random_initialisation_is_its_seed(run: Run) -> None:
    checkpoint = load_checkpoint(run("mlm") / "model")
    tokens = encode(checkpoint, THREE, 64)
    one, again, two = (Encoder(checkpoint, False, seed, "fp32").vectors(tokens, lambda _: None) for seed in (1, 1, 2))
    assert np.array_equal(one, again) and not np.allclose(one, two, atol=0.1)
