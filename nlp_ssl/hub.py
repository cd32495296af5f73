"""Models and tokenizers on the Hugging Face hub."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nlp_ssl.errors import InputError, first_line

TEXT_FILES = ("*.json", "*.txt", "*.model")
"""The configs and tokenizers of a model."""


def download(name: str, files: Sequence[str]) -> Path:
    """A local copy of the files of a model that match patterns, as a folder.

    "OWNER/NAME@REVISION" names a branch, a tag or a commit of the hub. InputError if there is no such model.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError, RepositoryNotFoundError

    on_hub, _, revision = name.partition("@")
    try:
        return Path(snapshot_download(on_hub, revision=revision or None, allow_patterns=list(files)))
    except HFValidationError:  # a path, which cannot be a name on the hub
        raise InputError(f"{name}: no such folder") from None
    except LocalEntryNotFoundError:
        raise InputError(
            f"{name}: no such folder, and the hub cannot be reached: give the folder of a run or of a model, or check "
            "the network and HF_HUB_OFFLINE"
        ) from None
    except RepositoryNotFoundError:
        raise InputError(
            f"{name}: no such folder, and no such model on the hub; check the name (a private model needs HF_TOKEN)"
        ) from None
    except Exception as error:  # the hub fails in many ways
        reason = first_line(error)[:100]
        raise InputError(f"{name}: no such folder, and no model on the hub that could be loaded ({reason})") from None
