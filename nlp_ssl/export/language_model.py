"""The folder of a language model in Hugging Face format, for programs that score text with it.

lm-evaluation-harness begins a text with the tokenizer's `bos_token`, where `nlp-ssl minimal-pairs` begins it with
[CLS] if there is no other start: the folder's tokenizer has this start.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Literal

from nlp_ssl.checksums import seal
from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.checkpoints import load_language_model
from nlp_ssl.models.causality import sees_later_tokens
from nlp_ssl.models.folder import as_causal
from nlp_ssl.models.loading import quiet


def write(folder: Path, beside: Path, out: Path) -> str:
    """A masked or causal language model. Its backend in the BabyLM evaluation pipeline is in the returned words."""
    kind = _write(folder, folder, beside)
    return f"the BabyLM evaluation pipeline reads this model with the backend {kind!r}"


def write_decoder(folder: Path, beside: Path, out: Path) -> str:
    """A causal language model; of a model that is an encoder and a decoder, the decoder. InputError for others."""
    kind = _write(as_causal(folder), folder, beside)
    if kind != "causal":
        raise InputError(
            f"{folder}: a masked language model, and lm-evaluation-harness scores decoders only; "
            "use minimal-pairs, or --for babylm"
        )
    return "decoder"


def _write(folder: Path, card: Path, beside: Path) -> Literal["causal", "mlm", "mntp"]:
    """Write the model in `folder` with the model card in `card`."""
    model, tokenizer, kind, backward = load_language_model(folder)
    if backward:
        raise InputError(f"{folder}: it predicts text backward, which other programs cannot; use minimal-pairs")
    if kind == "causal" and sees_later_tokens(model.base_model, str(folder)):
        raise InputError(f"{folder}: its states depend on later tokens, so its probabilities are not causal")
    if tokenizer.bos_token is None:
        tokenizer.bos_token = tokenizer.cls_token
    if tokenizer.eos_token is None:
        tokenizer.eos_token = tokenizer.sep_token
    with quiet():
        model.save_pretrained(beside)
    tokenizer.save_pretrained(beside)
    if (card / "README.md").is_file():
        shutil.copyfile(card / "README.md", beside / "README.md")
    seal(beside)
    if kind == "causal":
        return "causal"
    return "mntp" if getattr(model.config, "predicts_next_token", False) else "mlm"
