"""Load pretrained models: bodies to fine-tune or freeze, and language models to score text with."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
import transformers
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, AutoModelForMaskedLM, AutoTokenizer
from transformers.utils import logging

from nlp_ssl.errors import InputError
from nlp_ssl.models import static, token_classifier  # noqa: F401  (registered with the Auto classes)
from nlp_ssl.models.auto import has_head, model_class


@dataclass(frozen=True)
class Checkpoint:
    """A pretrained model, read once and copied into every network that starts from it."""

    config: Any
    tokenizer: Any
    body: dict[str, torch.Tensor]
    """The weights that were trained; those of a pooler that was not are missing."""
    backward: bool
    """It was trained to read from the end of a text to its beginning."""

    def architecture(self) -> dict[str, Any]:
        """The config without its origin and what `build` sets: where it is equal, untrained networks start equal."""
        set_here = {"classifier_pooling", "id2label", "label2id", "num_labels", "problem_type", "use_cache"}
        origin = {"_name_or_path", "architectures", "dtype", "transformers_version"}
        config = {key: value for key, value in self.config.to_dict().items() if key not in set_here | origin}
        return {**config, "pad_token_id": self.tokenizer.pad_token_id}


def load_checkpoint(folder: Path, auto_class: str = "AutoModelForSequenceClassification") -> Checkpoint:
    """Read a model in Hugging Face format. InputError where its architecture has no class for `auto_class`."""
    with load_errors(folder):
        config = AutoConfig.from_pretrained(folder)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        body, loading = AutoModel.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
    if not has_head(getattr(transformers, auto_class), config):
        what = "token classifier" if "Token" in auto_class else "classifier"
        raise InputError(f"{folder}: transformers has no {what} for the architecture {config.model_type!r}")
    untrained = set(loading["missing_keys"])
    lacking = sorted(name for name in untrained if "pooler" not in name)
    if lacking:
        raise InputError(f"{folder}: the checkpoint lacks weights of its body ({', '.join(lacking[:3])}, …)")
    _fit(tokenizer, config, folder)
    trained = {name: weight for name, weight in body.state_dict().items() if name not in untrained}
    return Checkpoint(config, tokenizer, trained, _reads_backward(folder.parent / "recipe.toml"))


def load_language_model(folder: Path) -> tuple[Any, Any, Literal["masked", "causal"], bool]:
    """A model that predicts tokens, its tokenizer, how it was trained, and whether it reads from the end.

    InputError where it is no model in Hugging Face format, is none that reads one text and predicts its tokens,
    or has been trained without such a head.
    """
    with load_errors(folder):
        config = AutoConfig.from_pretrained(folder)
        tokenizer = AutoTokenizer.from_pretrained(folder)
    if config.is_encoder_decoder:
        raise InputError(f"{folder}: {config.model_type!r} reads one text and writes another: it scores no sentence")
    masked, causal = (has_head(auto, config) for auto in (AutoModelForMaskedLM, AutoModelForCausalLM))
    if not masked and not causal:
        raise InputError(f"{folder}: transformers has no architecture {config.model_type!r} that predicts tokens")
    if masked and causal:  # BERT may be either
        as_decoder = model_class(AutoModelForCausalLM, config).__name__
        masked = as_decoder not in (config.architectures or [])
    with load_errors(folder):
        kind = AutoModelForMaskedLM if masked else AutoModelForCausalLM
        model, loading = kind.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
    if loading["missing_keys"]:
        lacking = ", ".join(sorted(loading["missing_keys"])[:3])
        raise InputError(f"{folder}: the model was not trained to predict tokens, its head for that lacks {lacking}")
    _fit(tokenizer, config, folder)
    backward = _reads_backward(folder.parent / "recipe.toml")
    return model.eval(), tokenizer, "masked" if masked else "causal", backward


def _fit(tokenizer: Any, config: Any, folder: Path) -> None:
    """Give the tokenizer a padding token if it has none. InputError where it does not go with the model."""
    if len(tokenizer) > config.vocab_size:
        raise InputError(f"{folder}: its tokenizer has {len(tokenizer)} tokens, the model {config.vocab_size}")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    if tokenizer.pad_token_id is None:
        raise InputError(f"{folder}: its tokenizer has neither a padding nor an end token")


def _reads_backward(recipe: Path) -> bool:
    """Whether a run's recipe says that its language model predicts the previous token."""
    if not recipe.is_file():
        return False
    try:
        objective = tomllib.loads(recipe.read_text("utf-8")).get("objective", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{recipe}: damaged, so which way the model reads is unknown: {error}") from None
    return bool(objective.get("clm", {}).get("direction") == "backward")


def longest_input(config: Any, wanted: int) -> int:
    """`wanted`, or the number of positions that a model of this config has if that is less."""
    positions = getattr(config, "max_position_embeddings", None) or wanted
    if config.model_type in ("roberta", "xlm-roberta", "camembert"):
        positions -= config.pad_token_id + 1  # their positions start behind the padding's
    return min(wanted, positions)


def config_of(checkpoint: Checkpoint) -> Any:
    """A copy of the checkpoint's config, to be changed."""
    config = type(checkpoint.config).from_dict(checkpoint.config.to_dict())
    config.pad_token_id = checkpoint.tokenizer.pad_token_id
    config.use_cache = False
    return config


def put_body(checkpoint: Checkpoint, body: Any) -> None:
    """Put the pretrained weights into a body."""
    own = body.state_dict()
    body.load_state_dict({k: v for k, v in checkpoint.body.items() if k in own}, strict=False)


@contextmanager
def load_errors(folder: Path) -> Iterator[None]:
    """Turn a failure to load into an InputError."""
    try:
        with quiet():
            yield
    except (OSError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{folder}: not a model with its tokenizer in Hugging Face format: {reason}") from None


@contextmanager
def quiet() -> Iterator[None]:
    """Without the progress bars and the report of `transformers`: what is missing is checked here."""
    before = logging.get_verbosity()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(before)
        logging.enable_progress_bar()
