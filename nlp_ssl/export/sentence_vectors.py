"""A folder for sentence-transformers: the mean of a text's hidden states, as `nlp_ssl.evaluation.encoder` has it.

The files of the library are written here, so that only their readers need it:

modules.json             the modules in their order
config.json, …           the body in transformers format, with its tokenizer
sentence_bert_config.json  the maximum length
1_Pooling/config.json    the mean over all tokens except padding
0_StaticEmbedding/       instead of all these for static vectors: the vectors and the tokenizer

Static vectors are averaged over the tokens of the text alone, since the library adds no special tokens to them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from tokenizers import Tokenizer
from transformers import AutoModel, T5EncoderModel

from nlp_ssl.checksums import seal
from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.checkpoints import Checkpoint, config_of, load_checkpoint, put_body
from nlp_ssl.models.architectures import longest_input
from nlp_ssl.models.loading import quiet

UNLIMITED = 2**31
"""`model_max_length` of tokenizers without a limit is above this."""


def write(folder: Path, beside: Path, out: Path) -> str:
    """The body of a model, its pooling and its tokenizer. InputError for models that the library cannot run."""
    checkpoint = load_checkpoint(folder, "AutoModel")
    kind = checkpoint.config.model_type
    if checkpoint.backward:
        raise InputError(
            f"{folder}: it reads text backward, which sentence-transformers cannot; use probe or retrieval"
        )
    if checkpoint.config.is_encoder_decoder and kind != "t5":
        raise InputError(
            f"{folder}: of the encoder-decoders, sentence-transformers runs only t5, this is {kind!r}; "
            "use probe or retrieval"
        )
    beside.mkdir()
    if kind == "static_vectors":
        _write_static(checkpoint, beside)
    else:
        _write_network(checkpoint, beside)
    if (folder / "README.md").is_file():
        card = (folder / "README.md").read_text(encoding="utf-8")
        card = card.replace("library_name: transformers", "library_name: sentence-transformers", 1)
        (beside / "README.md").write_text(card, encoding="utf-8")
    seal(beside)
    return f"text vectors of {checkpoint.config.hidden_size} dimensions"


def _write_network(checkpoint: Checkpoint, folder: Path) -> None:
    config, tokenizer = config_of(checkpoint), checkpoint.tokenizer
    body: Any = T5EncoderModel(config) if config.model_type == "t5" else AutoModel.from_config(config)
    put_body(checkpoint, body)
    if getattr(body, "pooler", None) is not None:
        body.pooler = None  # the mean does not use it, and it may not be pretrained
    with quiet():
        body.save_pretrained(folder)
    longest = longest_input(config, tokenizer.model_max_length)
    tokenizer.padding_side = "right"
    tokenizer.init_kwargs |= {"split_special_tokens": True, "padding_side": "right"}  # [MASK] in a text is text
    tokenizer.split_special_tokens = True
    tokenizer.save_pretrained(folder)
    _write(folder / "sentence_bert_config.json", {"max_seq_length": None if longest > UNLIMITED else longest})
    (folder / "1_Pooling").mkdir()
    pooling = {"word_embedding_dimension": config.hidden_size, "pooling_mode_mean_tokens": True}
    _write(folder / "1_Pooling" / "config.json", {**pooling, "pooling_mode_cls_token": False})
    _write_modules(folder, {"": "Transformer", "1_Pooling": "Pooling"})


def _write_static(checkpoint: Checkpoint, folder: Path) -> None:
    backend = json.loads(checkpoint.tokenizer.backend_tokenizer.to_str())
    backend["added_tokens"] = [token for token in backend["added_tokens"] if not token["special"]]  # as above
    place = folder / "0_StaticEmbedding"
    place.mkdir()
    Tokenizer.from_str(json.dumps(backend)).save(str(place / "tokenizer.json"))
    save_file({"embedding.weight": checkpoint.body["vectors.weight"]}, place / "model.safetensors")
    _write_modules(folder, {place.name: "StaticEmbedding"})


def _write_modules(folder: Path, modules: dict[str, str]) -> None:
    """`modules`: the class of each module, by the folder of its files."""
    listed = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{name}"}
        for i, (path, name) in enumerate(modules.items())
    ]
    _write(folder / "modules.json", listed)
    _write(folder / "config_sentence_transformers.json", {"similarity_fn_name": "cosine"})


def _write(file: Path, value: object) -> None:
    file.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
