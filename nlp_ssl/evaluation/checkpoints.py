"""Load models: for fine-tuning and probing, language models for scoring sentences, and fine-tuned models."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch
import transformers
from transformers import (
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForSeq2SeqLM,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
)

from nlp_ssl import recipe_files
from nlp_ssl.corpus.tokenizer import post_processor
from nlp_ssl.errors import InputError, NoScoreError
from nlp_ssl.models.auto import has_head, model_class
from nlp_ssl.models.loading import load_config, load_model, load_tokenizer

SEQ2SEQ = "AutoModelForSeq2SeqLM"
"""The transformers class of models that write text."""


@dataclass(frozen=True)
class Checkpoint:
    """A pretrained model, loaded once. Its weights are copied into every network that starts from it."""

    config: Any
    tokenizer: Any
    body: dict[str, torch.Tensor]
    """The pretrained weights: of the body, or of the whole model if it writes text. A pooler that was not pretrained is
    missing."""
    backward: bool
    """Whether the model was pretrained on reversed text."""

    @property
    def decoder_ends(self) -> tuple[int, int]:
        """The tokens that the decoder of a model that writes text starts from and ends with."""
        start = getattr(self.config, "decoder_start_token_id", None)
        return self.config.bos_token_id if start is None else start, self.config.eos_token_id

    def architecture(self) -> dict[str, Any]:
        """The config without its origin and the fields that `classifier.build` sets.

        Checkpoints with equal architectures have equal random initialisations.
        """
        set_by_build = {"classifier_pooling", "id2label", "label2id", "num_labels", "problem_type", "use_cache"}
        origin = {"_name_or_path", "architectures", "dtype", "transformers_version", "predicts_next_token"}
        config = {key: value for key, value in self.config.to_dict().items() if key not in set_by_build | origin}
        return {**config, "pad_token_id": self.tokenizer.pad_token_id}


def load_checkpoint(folder: Path, auto_class: str = "AutoModelForSequenceClassification") -> Checkpoint:
    """Load a model in Hugging Face format, with float32 weights.

    Only a model that writes text keeps its head: with another `auto_class`, the weights are those of the body.

    Raises InputError if the folder holds no such model, weights are missing, the tokenizer does not match the model, or
    transformers has no `auto_class` for the architecture.
    """
    config, tokenizer = load_config(folder), load_tokenizer(folder)
    writes = auto_class == SEQ2SEQ
    if writes and not has_head(AutoModelForSeq2SeqLM, config):
        raise InputError(
            f"{folder}: {config.model_type!r} is no encoder-decoder, so it cannot learn to write text; use a model of "
            "bart, t5, pegasus or another objective for encoder-decoders"
        )
    body, missing = load_model(folder, AutoModelForSeq2SeqLM if writes else AutoModel)
    if not has_head(getattr(transformers, auto_class), config):
        what = "token classifier" if "Token" in auto_class else "classifier"
        raise InputError(f"{folder}: transformers has no {what} for the architecture {config.model_type!r}")
    required = sorted(name for name in missing if "pooler" not in name)
    if required:
        raise InputError(f"{folder}: the checkpoint has no weights for {', '.join(required[:3])}, …")
    _check_tokenizer(tokenizer, config, folder)
    _close_texts(tokenizer)
    pretrained = {name: weight for name, weight in body.state_dict().items() if name not in missing}
    found = Checkpoint(config, tokenizer, pretrained, _is_backward(config, folder.parent / "recipe.toml"))
    if writes and not all(isinstance(token, int) for token in found.decoder_ends):
        raise InputError(f"{folder}: its config names no decoder_start_token_id or no eos_token_id")
    return found


def load_language_model(folder: Path) -> tuple[Any, Any, Literal["masked", "causal"], bool]:
    """Load a masked or causal language model.

    Returns the model in evaluation mode, its tokenizer, its kind, and whether it was pretrained on reversed text.
    Raises InputError if the folder holds no such model, the architecture is an encoder-decoder or has no language
    modelling head, or the checkpoint has no weights for that head.
    """
    config, tokenizer = load_config(folder), load_tokenizer(folder)
    if config.is_encoder_decoder:
        raise NoScoreError(
            f"{folder}: cannot score sentences with the encoder-decoder {config.model_type!r}; use an encoder or a "
            "decoder, or score its vectors with probe or retrieval"
        )
    masked, causal = (has_head(auto, config) for auto in (AutoModelForMaskedLM, AutoModelForCausalLM))
    if not masked and not causal:
        raise NoScoreError(
            f"{folder}: a model of type {config.model_type!r} gives a text no likelihood; use one of mlm or clm, or "
            f"score its vectors with {'similarity or ' * (config.model_type == 'static_vectors')}probe or retrieval"
        )
    if masked and causal:  # BERT may be either
        as_decoder = model_class(AutoModelForCausalLM, config).__name__
        masked = as_decoder not in (config.architectures or [])
    model, missing = load_model(folder, AutoModelForMaskedLM if masked else AutoModelForCausalLM)
    if missing:
        raise NoScoreError(
            f"{folder}: the model has no language modelling head (no weights for {min(missing)}): use one of mlm or "
            "clm, or score its vectors with probe or retrieval"
        )
    _check_tokenizer(tokenizer, config, folder)
    backward = _is_backward(config, folder.parent / "recipe.toml")
    return model.eval(), tokenizer, "masked" if masked else "causal", backward


def load_classifier(folder: Path, writes: bool = False) -> tuple[Any, Checkpoint]:
    """Load a classifier of texts or of words, in evaluation mode, and what its input is made with.

    If the model `writes` text, it is an encoder-decoder with its language model head. The checkpoint has no weights of
    its own. Raises InputError if the folder holds no such model, or its weights are not those of a classifier.
    """
    config = load_config(folder)
    if writes:
        return load_model(folder, AutoModelForSeq2SeqLM)[0].eval(), replace(load_checkpoint(folder, SEQ2SEQ), body={})
    made_by = " ".join(config.architectures or [])
    auto = AutoModelForTokenClassification if "ForTokenClass" in made_by else AutoModelForSequenceClassification
    problem = f"{folder}: this model has no classifier; train one with `nlp-ssl finetune`"
    if "Classification" not in made_by or not has_head(auto, config):
        raise InputError(problem)
    model, missing = load_model(folder, auto)
    if missing:
        raise InputError(problem)
    tokenizer = load_tokenizer(folder)
    _check_tokenizer(tokenizer, config, folder)
    _close_texts(tokenizer)
    model.config.pad_token_id = tokenizer.pad_token_id
    return model.eval(), Checkpoint(config, tokenizer, {}, _is_backward(config, folder.parent / "recipe.toml"))


def _check_tokenizer(tokenizer: Any, config: Any, folder: Path) -> None:
    """Give the tokenizer a padding token if it has none. Raises InputError if it does not match the model."""
    ids = max(tokenizer.get_vocab().values(), default=-1) + 1  # there may be ids without a token
    if ids > config.vocab_size:
        raise InputError(f"{folder}: the tokenizer has {ids} ids, but the model's vocabulary has {config.vocab_size}")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    if tokenizer.pad_token_id is None:
        raise InputError(f"{folder}: the tokenizer has neither a padding token nor an end token")


def _close_texts(tokenizer: Any) -> None:
    """Let a decoder's tokenizer end each text with [SEP]: texts to classify are complete, unlike those to continue."""
    if not tokenizer.is_fast or None in (tokenizer.cls_token, tokenizer.sep_token):
        return
    if tokenizer("")["input_ids"] == [tokenizer.cls_token_id]:
        backend = tokenizer.backend_tokenizer
        backend.post_processor = post_processor(backend, tokenizer.cls_token, tokenizer.sep_token)


def _is_backward(config: Any, recipe: Path) -> bool:
    """Whether a model predicts the previous token, by its config, or by its run's recipe for an earlier version's."""
    if getattr(config, "reading_direction", None) is not None:
        return bool(config.reading_direction == "backward")
    if not recipe.is_file():
        return False
    clm = recipe_files.read_stored(recipe).get("objective", {})
    clm = clm.get("clm", {}) if isinstance(clm, dict) else {}
    return isinstance(clm, dict) and clm.get("direction") == "backward"


def config_of(checkpoint: Checkpoint) -> Any:
    """A copy of the checkpoint's config that may be modified."""
    config = type(checkpoint.config).from_dict(checkpoint.config.to_dict())
    config.pad_token_id = checkpoint.tokenizer.pad_token_id
    config.use_cache = False
    return config


def put_body(checkpoint: Checkpoint, body: Any) -> None:
    """Copy the pretrained weights into a model of the same architecture, in place."""
    names = body.state_dict()
    body.load_state_dict({k: v for k, v in checkpoint.body.items() if k in names}, strict=False)
