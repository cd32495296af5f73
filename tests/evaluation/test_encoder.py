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
from nlp_ssl.models.static import StaticVectorsConfig, StaticVectorsModel
from nlp_ssl.tasks.kinds.classification import Classification
from nlp_ssl.tasks.splits import LabelledExamples
from tests.evaluation.conftest import tokenizer

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


def test_static_vectors_leave_out_special_tokens(tmp_path: Path) -> None:
    ends = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
    config = StaticVectorsConfig(vocab_size=len(tokenizer()), hidden_size=8, **ends)
    body = StaticVectorsModel(config)
    body.save_pretrained(tmp_path)
    tokenizer().save_pretrained(tmp_path)
    checkpoint = load_checkpoint(tmp_path)
    texts = LabelledExamples(["w4", "w4 w5"], None, None)
    found = Encoder(checkpoint, True, 0, "fp32").vectors(encode(checkpoint, texts, 64), lambda _: None)
    words = body.vectors.weight.detach().numpy()[[9, 10]]  # w4 and w5
    np.testing.assert_allclose(found, [words[0], words.mean(0)], rtol=1e-6)


def test_a_random_initialisation_is_its_seed(run: Run) -> None:
    checkpoint = load_checkpoint(run("mlm") / "model")
    tokens = encode(checkpoint, THREE, 64)
    one, again, two = (Encoder(checkpoint, False, seed, "fp32").vectors(tokens, lambda _: None) for seed in (1, 1, 2))
    assert np.array_equal(one, again) and not np.allclose(one, two, atol=0.1)
