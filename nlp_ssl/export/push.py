"""`nlp-ssl push MODEL OWNER/NAME`: upload a model and its card to the Hugging Face hub.

Only files whose names belong to a model are uploaded. Checkpoints, optimizer states and other files are left out,
wherever they lie.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import tyro

from nlp_ssl import __version__
from nlp_ssl.checksums import SEAL
from nlp_ssl.console import say, show_result, speaks, warn
from nlp_ssl.errors import InputError, cut
from nlp_ssl.models.folder import DECODER_FOLDER, model_folder
from nlp_ssl.options import parse

CARD = "README.md"
CONFIGS = "*config*.json"
FOLDERS = (".", DECODER_FOLDER, "heads/*", "[0-9]_*")
"""The folders of a model: its own, an encoder's decoder, extra heads, and modules of sentence-transformers."""
FILES = (
    *(CARD, SEAL, CONFIGS, "model*.safetensors", "model*.safetensors.index.json", "modules.json"),
    *("tokenizer*.json", "tokenizer*.model", "special_tokens_map.json", "added_tokens.json", "vocab.*", "merges.txt"),
)
"""The files of a model, in each of its folders."""

_ABSOLUTE = re.compile(r"(?<![\w./:-])(?:/[\w.@+-]+){2,}")


@dataclass(frozen=True, kw_only=True)
class Push:
    """Upload a model and its card to the Hugging Face hub. The token is HF_TOKEN, or that of `hf auth login`."""

    model: tyro.conf.Positional[Path]
    """Folder of a pretraining run, or of any model in Hugging Face format, such as an export."""
    repository: tyro.conf.Positional[str]
    """OWNER/NAME on the hub. It is created if it does not exist."""
    public: bool = False
    """Let everyone see the repository."""


def main(arguments: Sequence[str]) -> int:
    """The command."""
    push(parse(Push, "push", arguments))
    return 0


def push(options: Push) -> None:
    """Upload the model. InputError for a folder or repository that is none, without a token, and if the hub refuses."""
    folder = model_folder(options.model)
    found = {file for place in FOLDERS for name in FILES for file in folder.glob(f"{place}/{name}") if file.is_file()}
    files = sorted(file.relative_to(folder).as_posix() for file in found)
    if CARD not in files:
        warn(f"{folder} has no {CARD}: the repository gets no model card")
    _check_paths(folder, files)
    if speaks():
        show_result(upload(folder, files, options.repository, options.public))


def _check_paths(folder: Path, files: Sequence[str]) -> None:
    """InputError if the card or a config names a file or folder of this machine."""
    for name in files:
        if name == CARD or fnmatch(name, CONFIGS):
            text = (folder / name).read_text(encoding="utf-8", errors="replace")
            for found in _ABSOLUTE.findall(text):
                if Path(found).exists():
                    raise InputError(f"{folder / name} names {cut(found)}, a path of this machine: remove it")


def upload(folder: Path, files: Sequence[str], repository: str, public: bool) -> str:
    """Upload `files` of `folder` as one commit; returns the address of the repository."""
    from huggingface_hub import HfApi, get_token

    if repository.count("/") != 1:
        raise InputError(f"{cut(repository)}: a repository is OWNER/NAME")
    if get_token() is None:
        raise InputError("no token of the Hugging Face hub: set HF_TOKEN, or log in with `hf auth login`")
    api = HfApi()
    say(f"uploading {len(files)} files of {folder}")
    try:
        address = str(api.create_repo(repository, private=not public, exist_ok=True))
        if not public and not api.repo_info(repository).private:
            raise InputError(f"{repository} is public: give --public, or choose another repository")
        api.upload_folder(
            repo_id=repository,
            folder_path=folder,
            allow_patterns=[glob.escape(name) for name in files],
            commit_message=f"Upload by nlp_ssl {__version__}",
        )
    except InputError:
        raise
    except Exception as error:  # no network, no permission, no such owner: many types
        reason = cut(error, 160) or type(error).__name__
        if {"ConnectionError", "TransportError"} & {kind.__name__ for kind in type(error).__mro__}:
            reason = "the hub cannot be reached; check the network and HF_HUB_OFFLINE, then run the command again"
        raise InputError(f"{repository}: not uploaded: {reason}") from None
    return address
