"""Where a saved model lies."""

from __future__ import annotations

from pathlib import Path

from nlp_ssl.errors import InputError


def model_folder(run: Path) -> Path:
    """Where the model of a run is, or of any folder that is a model itself. InputError where there is none."""
    if not run.is_dir():
        raise InputError(f"{run}: no such run folder")
    for folder in (run / "model", run):
        if (folder / "config.json").is_file():
            return folder
    raise InputError(f"{run}: neither model/config.json nor config.json in it: a run that is not finished has no model")
