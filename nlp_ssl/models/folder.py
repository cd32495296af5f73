"""Locate a saved model, and tell it from others."""

from __future__ import annotations

import json
import os
from hashlib import blake2b
from pathlib import Path

from nlp_ssl import hub
from nlp_ssl.checksums import SEAL, check_seal, checksums
from nlp_ssl.errors import InputError

DECODER_FOLDER = "decoder"
"""Subfolder of an encoder that is also a decoder, with the latter."""
HEADS_FOLDER = "heads"
"""Subfolder of a saved model with its extra heads, each saved as a model with the same body."""
WEIGHTS = (".safetensors", ".bin")
"""File suffixes of weights, the preferred one first."""


def model_folder(run: Path) -> Path:
    """The model folder of a run, or `run` itself if it is a model.

    InputError if there is no model, or a file of it has changed since this project wrote it.
    """
    if not run.is_dir():
        is_file = os.path.isfile(run)  # noqa: PTH113  # not an error for what can be no path
        raise InputError(f"{run} is a file: give the folder that holds it" if is_file else f"{run}: no such folder")
    for folder in (run / "model", run):
        if (folder / "config.json").is_file() or (folder / SEAL).is_file():
            check_seal(folder, "run the command that wrote it again, pretrain with --resume RUN, others in a new --out")
            return folder
    raise InputError(f"{run}: no model/config.json or config.json: an unfinished run has no model")


def as_causal(folder: Path) -> Path:
    """The folder of the decoder, for a model that is an encoder and a decoder; otherwise `folder`."""
    return folder / DECODER_FOLDER if (folder / DECODER_FOLDER / "config.json").is_file() else folder


def find_model(name: str) -> Path:
    """The model folder of a run, a model's folder, or the local copy of a model on the hub, which is downloaded.

    "OWNER/NAME@REVISION" names a branch, a tag or a commit of the hub. InputError if there is no such model.
    """
    if os.path.exists(name):  # noqa: PTH110  # not an error for what can be no path
        return model_folder(Path(name))
    for suffix in WEIGHTS:
        folder = hub.download(name, [*hub.TEXT_FILES, f"*{suffix}"])
        if any(folder.glob(f"*{suffix}")):
            break
    return model_folder(folder)


def model_checksum(folder: Path) -> str:
    """BLAKE2b of the configs and weights in a model's folder, with those of its extra heads."""
    files = [file for place in (folder, *folder.glob(f"{HEADS_FOLDER}/*")) for file in place.iterdir()]
    read = [file for file in files if file.name == "config.json" or file.suffix in WEIGHTS]
    return blake2b(json.dumps(checksums(folder, read)).encode(), digest_size=16).hexdigest()
