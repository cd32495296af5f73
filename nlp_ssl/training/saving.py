"""Save a trained model in transformers' format."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import torch

from nlp_ssl.atomic_io import writing
from nlp_ssl.checksums import seal
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.corpus.tokenizer import post_processor
from nlp_ssl.models.architectures import positions
from nlp_ssl.models.finite import require_finite
from nlp_ssl.models.folder import DECODER_FOLDER, HEADS_FOLDER
from nlp_ssl.models.hybrid import as_decoder
from nlp_ssl.models.loading import load_tokenizer
from nlp_ssl.recipe import Recipe
from nlp_ssl.sampling.examples import Body
from nlp_ssl.training.card import model_card
from nlp_ssl.training.model import PretrainingModel


def sizes(model: PretrainingModel) -> dict[str, int]:
    """The number of trainable parameters, and of those in embeddings."""
    tables = [module.weight for module in model.modules() if isinstance(module, torch.nn.Embedding)]
    embeddings = {id(table): table.numel() for table in tables if table.requires_grad}
    return {
        "parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "embedding_parameters": sum(embeddings.values()),
    }


def save_model(
    folder: Path,
    options: Recipe,
    corpus: Corpus,
    model: PretrainingModel,
    end: dict[str, Any],
    start: dict[str, Any] | None = None,
) -> None:
    """Write model, tokenizer and model card to a folder that transformers can load. InputError for NaN weights."""
    require_finite(model, str(folder), "not saved; use a lower --optimizer.learning-rate in a new --out")
    with writing(folder) as beside:
        assembled = model.assemble()
        if options.mixture.body == "decoder" and options.mixture.reads_backward:
            assembled.config.reading_direction = "backward"
        assembled.save_pretrained(beside)
        for head in model.extra_heads():
            model.assemble(head).save_pretrained(beside / HEADS_FOLDER / head)
        if options.mixture.also_decoder:
            as_decoder(assembled).save_pretrained(beside / DECODER_FOLDER)
        _tokenizer(options, corpus, model, options.mixture.body).save_pretrained(beside)
        if options.mixture.also_decoder:
            _tokenizer(options, corpus, model, "decoder").save_pretrained(beside / DECODER_FOLDER)
        (beside / "README.md").write_text(model_card(options, corpus, end, start), encoding="utf-8")
        seal(beside)


def _tokenizer(options: Recipe, corpus: Corpus, model: PretrainingModel, body: Body) -> Any:
    """The corpus's tokenizer as a kind of body needs it: pipelines and `generate` pass on whatever it returns.

    A decoder's adds no closing [SEP], which would tell the model that the text to continue is complete.
    """
    tokenizer = load_tokenizer(corpus.tokenizer_folder)
    tokenizer.model_max_length = positions(model.body.config) or options.batch.max_length
    if body in ("decoder", "seq2seq") or "token_type_ids" not in inspect.signature(model.body.forward).parameters:
        tokenizer.model_input_names = ["input_ids", "attention_mask"]
    if body == "decoder":
        backend = tokenizer.backend_tokenizer
        backend.post_processor = post_processor(backend, tokenizer.cls_token, tokenizer.sep_token, closed=False)
    return tokenizer
