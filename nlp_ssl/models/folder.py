"""Locate a saved model."""

from __future__ import annotations

from pathlib import Path

from nlp_ssl.errors import InputError


def model_folder(run: Path) -> Path:
    """The model folder of a run, or `run` itself if it is a model. InputError if there is no model."""
    if not run.is_dir():
        raise InputError(f"{run}: no such folder")
    for folder in (run / "model", run):
        if (folder / "config.json").is_file():
            return folder
    raise InputError(f"{run}: no model/config.json or config.json: an unfinished run has no model")
