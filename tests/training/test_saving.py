"""A saved model's folder."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoModelForMaskedLM, AutoModelForSeq2SeqLM, AutoTokenizer, pipeline

from nlp_ssl.evaluation.checkpoints import load_checkpoint
from nlp_ssl.models.hybrid import attention_by_row
from nlp_ssl.objectives.contrastive import Contrastive
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.training.model import PretrainingModel
from nlp_ssl.training.saving import sizes
from tests.networks import config_of, make
from tests.training.runs import pretrain
from tests.worlds import vocabulary


def test_shared_embeddings_are_counted_once() -> None:
    """GPT-2 of 2 layers of 128: 50 tokens and 32 positions of 128 numbers, the table shared with the head."""
    found = sizes(make("clm", "gpt2"))
    layer = 12 * 128 * 128 + 13 * 128  # four projections and a feed-forward layer of 4 x 128, biases and norms
    layers = make("clm", "gpt2").body.config.num_hidden_layers
    assert found == {"embedding_parameters": 82 * 128, "parameters": 82 * 128 + layers * layer + 2 * 128}


def test_frozen_weights_are_no_parameters() -> None:
    model = make("clm", "gpt2")
    before = sizes(model)["parameters"]
    model.body.ln_f.requires_grad_(False)
    assert sizes(model)["parameters"] == before - 2 * 128


def test_averaged_weights_are_no_parameters() -> None:
    byol, simsiam = (
        PretrainingModel(config_of(mixture, size="tiny"), mixture, vocabulary())
        for mixture in (Mixture(objectives={"contrastive": Contrastive(loss=loss)}) for loss in ("byol", "simsiam"))
    )
    assert sizes(byol) == sizes(simsiam)


CLS, SEP = 2, 3  # the corpus has a tokenizer that adds neither; a decoder gets its own template
BERT = ("--model.architecture", "bert")


@pytest.mark.parametrize(
    ("recipe", "more", "single"),
    [
        ("mlm", (), [7, 8]),
        ("mlm", BERT, [7, 8]),
        ("clm", (), [CLS, 7, 8]),
        ("clm", BERT, [CLS, 7, 8]),
        ("text_infilling", (), [7, 8]),
        ("t5", (), [7, 8]),
        ("ul2", (), [7, 8]),
    ],
)
def test_pipelines_and_generate_accept_the_tokenizers_output(recipe, more, single, corpus, tmp_path) -> None:
    assert pretrain(recipe, corpus, tmp_path / "run", "--budget", "2-steps", *more) == 0
    folder = tmp_path / "run" / "model"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    encoded = tokenizer("w7 w8", return_tensors="pt")
    assert encoded["input_ids"].tolist() == [single]
    assert set(encoded) == {"input_ids", "attention_mask"}
    if recipe == "mlm":
        found = pipeline("fill-mask", model=str(folder))(f"w7 {tokenizer.mask_token}")
        assert len(found) == 5 and sum(one["score"] for one in found) < 1
    elif recipe == "clm":
        assert AutoModelForCausalLM.from_pretrained(folder).generate(**encoded, max_new_tokens=3).shape == (1, 6)
        assert pipeline("text-generation", model=str(folder))("w7 w8", max_new_tokens=2)[0]["generated_text"]
    else:
        written = AutoModelForSeq2SeqLM.from_pretrained(folder).generate(**encoded, max_new_tokens=3)
        assert written.shape[0] == 1 and written[0, 0] == CLS
    if recipe not in (
        "t5",
        "ul2",
    ):  # transformers' T5 makes no decoder input of its own, so this pipeline has never read it
        vectors = pipeline("feature-extraction", model=str(folder))("w7 w8")
        assert np.isfinite(np.array(vectors)).all()


def test_texts_to_classify_are_closed_for_a_decoder_too(corpus, tmp_path) -> None:
    assert pretrain("clm", corpus, tmp_path / "run", "--budget", "2-steps") == 0
    tokenizer = load_checkpoint(tmp_path / "run" / "model").tokenizer
    assert tokenizer("w7 w8")["input_ids"] == [CLS, 7, 8, SEP]
    assert tokenizer("w7", "w8")["input_ids"] == [CLS, 7, SEP, 8, SEP]


def test_an_encoder_and_a_decoder_with_the_same_weights(corpus, tmp_path) -> None:
    """Loaded by transformers alone. The texts are longer than the local window of 128 tokens."""
    out = tmp_path / "run"
    assert pretrain("hybrid", corpus, out, "--budget", "9-steps", "--optimizer.learning-rate", "1e-2") == 0
    encoder = AutoModelForMaskedLM.from_pretrained(out / "model").eval()
    decoder = AutoModelForCausalLM.from_pretrained(out / "model", subfolder="decoder").eval()
    assert encoder.config.predicts_next_token and not hasattr(decoder.config, "predicts_next_token")
    ids = torch.randint(5, 50, (2, 200), generator=torch.Generator().manual_seed(0))
    masks = attention_by_row(encoder.config, torch.tensor([True, True]), None, 200)
    with torch.no_grad():
        assert torch.equal(decoder(ids).logits, encoder(ids, attention_mask=masks).logits)
    stored = (load_file(folder / "model.safetensors") for folder in (out / "model", out / "model" / "decoder"))
    assert len({sum(weight.numel() for weight in weights.values()) for weights in stored}) == 1
    tokenizer = AutoTokenizer.from_pretrained(out / "model" / "decoder")
    encoded = tokenizer("w7 w8", return_tensors="pt")
    assert encoded["input_ids"].tolist() == [[CLS, 7, 8]]
    assert decoder.generate(**encoded, max_new_tokens=3).shape == (1, 6)


def test_only_modernbert_makes_both(corpus, tmp_path, capsys) -> None:
    assert pretrain("hybrid", corpus, tmp_path / "run", "--budget", "2-steps", *BERT) == 2
    said = capsys.readouterr().err
    assert "model.architecture is 'bert': hybrid needs 'modernbert', which can also read from one side only" in said
    assert not (tmp_path / "run").exists()
