"""Locate a saved model."""

from __future__ import annotations

from pathlib import Path

from nlp_ssl.checksums import SEAL, check_seal
from nlp_ssl.errors import InputError

DECODER_FOLDER = "decoder"
"""Subfolder of an encoder that is also a decoder, with the latter."""


def model_folder(run: Path) -> Path:
    """The model folder of a run, or `run` itself if it is a model.

    InputError if there is no model, or a file of it has changed since this project wrote it.
    """
    if not run.is_dir():
        raise InputError(f"{run}: no such folder")
    for folder in (run / "model", run):
        if (folder / "config.json").is_file() or (folder / SEAL).is_file():
            check_seal(folder, "run the command that wrote it again, pretrain with --resume RUN, others in a new --out")
            return folder
    raise InputError(f"{run}: no model/config.json or config.json: an unfinished run has no model")


def as_causal(folder: Path) -> Path:
    """The folder of the decoder, for a model that is an encoder and a decoder; otherwise `folder`."""
    return folder / DECODER_FOLDER if (folder / DECODER_FOLDER / "config.json").is_file() else folder
