"""Encoder-decoders that write texts."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

from nlp_ssl.evaluation.checkpoints import load_checkpoint
from nlp_ssl.evaluation.inputs import encode, padded_batch
from nlp_ssl.evaluation.network import Training
from nlp_ssl.evaluation.seq2seq import Seq2Seq, build, decoder_inputs
from nlp_ssl.tasks.kinds.generation import Generation
from nlp_ssl.tasks.splits import LabelledExamples
from tests.evaluation.networks import Run

EIGHT = LabelledExamples(
    [f"w{i}" + " w20" * (i % 3) for i in range(8)],
    None,
    np.array([" ".join(f"w{10 + (3 * i + j) % 8}" for j in range(1 + i % 3)) for i in range(8)], dtype=object),
)


def network_of(run: Run, kind: str, pretrained: bool = True) -> Seq2Seq:
    checkpoint = load_checkpoint(run(kind) / "model", "AutoModelForSeq2SeqLM")
    return Seq2Seq(build(checkpoint, pretrained, 1), checkpoint.tokenizer, Generation(), "fp32")


@pytest.mark.parametrize("kind", ["bart", "t5"])
def test_the_loss_is_that_of_transformers(run: Run, kind: str) -> None:
    network, rows = network_of(run, kind), np.arange(5)
    tokens = encode(load_checkpoint(run(kind) / "model", "AutoModelForSeq2SeqLM"), EIGHT, 64)
    network.model.eval()
    own = network.losses(tokens, EIGHT.labels)(rows) / network.targets(tokens, rows)
    batch, gold = padded_batch(tokens, rows, 0), padded_batch(tokens.targets, rows, -100)["input_ids"]
    pretrained = AutoModelForSeq2SeqLM.from_pretrained(run(kind) / "model").eval()
    theirs = pretrained(**batch, labels=gold).loss
    assert float(own.detach()) == pytest.approx(float(theirs.detach()), abs=1e-5)


def test_the_decoder_reads_the_target_one_token_later() -> None:
    labels = torch.tensor([[7, 8, 3], [9, 3, -100]])
    assert decoder_inputs(labels, 2, 0).tolist() == [[2, 7, 8], [2, 9, 0]]


@pytest.mark.parametrize(
    "kind", ["mbart", pytest.param("bart", marks=pytest.mark.slow), pytest.param("t5", marks=pytest.mark.slow)]
)
def test_eight_pairs_are_learned_by_heart(run: Run, kind: str, tmp_path: Path, monkeypatch) -> None:
    network = network_of(run, kind)
    tokens = encode(load_checkpoint(run(kind) / "model", "AutoModelForSeq2SeqLM"), EIGHT, 64)
    training = Training(learning_rate=5e-3, epochs=150, batch_size=8, seed=1)
    assert max(network.train(tokens, EIGHT.labels, training, lambda examples: None)) == 150
    assert network.predict(tokens)[:, 0].tolist() == EIGHT.targets
    monkeypatch.setattr("nlp_ssl.evaluation.inputs.PREDICTION_BATCH_SIZE", 1)
    assert network.predict(tokens)[:, 0].tolist() == EIGHT.targets

    network.save(tmp_path / "model", 64)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "model")
    read = tokenizer(EIGHT.texts, padding=True, return_tensors="pt", return_token_type_ids=False)
    ids = AutoModelForSeq2SeqLM.from_pretrained(tmp_path / "model").generate(**read)
    assert tokenizer.batch_decode(ids, skip_special_tokens=True) == EIGHT.targets


def test_an_untrained_model_writes_no_more_than_the_longest_target(run: Run) -> None:
    network = network_of(run, "mbart", pretrained=False)
    tokens = encode(load_checkpoint(run("mbart") / "model", "AutoModelForSeq2SeqLM"), EIGHT, 64)
    next(network.train(tokens, EIGHT.labels, Training(learning_rate=1e-9, epochs=1, batch_size=8, seed=1), print))
    assert network.predict(tokens).shape == (8, 1)
    longest = max(len(text.split()) for text in network.predict(tokens)[:, 0])
    assert longest <= 1 + max(len(text.split()) for text in EIGHT.targets)  # the end token may be another one
