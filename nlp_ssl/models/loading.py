"""Load configs, tokenizers and models that transformers or this project has written.

A folder or a name on the hub is data: code that it carries is never run. Whatever is wrong with it is one InputError.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoTokenizer
from transformers.utils import logging

from nlp_ssl.corpus.special_text import separate_special_tokens
from nlp_ssl.errors import InputError, cut
from nlp_ssl.models import static  # noqa: F401  (registered with the Auto classes)
from nlp_ssl.models.classifiers import add_classifiers
from nlp_ssl.models.finite import require_finite

LONGEST_REASON = 160  # characters of a library's message


def load_config(folder: Path) -> Any:
    """The transformers config of a model, whose architecture then has classifiers.

    InputError if there is none, or it is damaged.
    """
    with as_input_error(folder):
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        add_classifiers(config)
        return config


def load_tokenizer(folder: Path) -> Any:
    """The transformers tokenizer of a model. InputError if there is none, or it is damaged.

    Called with `split_special_tokens=True`, it reads text that spells a special token as text.
    """
    with as_input_error(folder):
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        if tokenizer.is_fast:
            separate_special_tokens(tokenizer.backend_tokenizer)
        return tokenizer


def load_model(folder: Path, auto_class: Any) -> tuple[Any, set[str]]:
    """A model in float32, made by a class such as `AutoModel`, and the names of the weights that the folder lacks.

    InputError if the folder holds no such model, it is damaged, or its weights are not finite.
    """
    with as_input_error(folder):
        model, report = auto_class.from_pretrained(
            folder, dtype=torch.float32, output_loading_info=True, trust_remote_code=False
        )
    require_finite(model, str(folder), "choose another model")
    return model, set(report["missing_keys"])


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the progress bars and loading reports of transformers. Callers check what is missing."""
    before, shown = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(before)
        if shown:
            logging.enable_progress_bar()


@contextmanager
def as_input_error(folder: Path) -> Iterator[None]:
    """Turn whatever transformers raises about a folder into one InputError."""
    try:
        with quiet():
            yield
    except Exception as error:  # damaged files make four libraries raise a dozen types
        reason = cut(error, LONGEST_REASON) or type(error).__name__
        raise InputError(f"{folder}: not a model and tokenizer in Hugging Face format: {reason}") from None
