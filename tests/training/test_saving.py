"""A saved model's folder."""

import numpy as np
import pytest
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer, pipeline

from nlp_ssl.evaluation.checkpoints import load_checkpoint
from nlp_ssl.training.saving import sizes
from tests.networks import make
from tests.training.runs import pretrain


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
    ],
)
def test_pipelines_and_generate_take_what_the_tokenizer_returns(recipe, more, single, corpus, tmp_path) -> None:
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
    vectors = pipeline("feature-extraction", model=str(folder))("w7 w8")
    assert np.isfinite(np.array(vectors)).all()


def test_texts_to_classify_are_closed_for_a_decoder_too(corpus, tmp_path) -> None:
    assert pretrain("clm", corpus, tmp_path / "run", "--budget", "2-steps") == 0
    tokenizer = load_checkpoint(tmp_path / "run" / "model").tokenizer
    assert tokenizer("w7 w8")["input_ids"] == [CLS, 7, 8, SEP]
    assert tokenizer("w7", "w8")["input_ids"] == [CLS, 7, SEP, 8, SEP]
