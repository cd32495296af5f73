"""`nlp-ssl export RUN --format word2vec --out FILE`: write word vectors in word2vec format.

`KeyedVectors.load_word2vec_format` of gensim reads both variants. The first line is "<words> <dimensions>". Each word
is followed by a space and its vector, as text (.txt, .vec) or little-endian float32 (.bin).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tyro

from nlp_ssl.atomic_io import remove_leftovers, writing
from nlp_ssl.console import say
from nlp_ssl.errors import InputError
from nlp_ssl.models.folder import model_folder
from nlp_ssl.options import parse

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

TEXT, BINARY = (".txt", ".vec"), (".bin",)
"""File suffixes of the text and the binary format."""


@dataclass(frozen=True, kw_only=True)
class Export:
    """Write a model's word vectors for other programs, such as gensim."""

    run: tyro.conf.Positional[Path]
    """Folder of a pretraining run or of any model in Hugging Face format."""
    format: Literal["word2vec"]
    """Output format. word2vec: the input embeddings of all tokens except special tokens."""
    out: Path
    """Output file: .bin for binary, .txt or .vec for text."""


def main(arguments: Sequence[str]) -> int:
    """The command."""
    export(parse(Export, "export", arguments))
    return 0


def export(options: Export) -> None:
    """Write the file. InputError if the run has no model or the file cannot be written."""
    ending = options.out.suffix
    if ending not in TEXT + BINARY:
        raise InputError(f"--out {options.out}: the suffix must be one of {', '.join(TEXT + BINARY)}")
    if not options.out.parent.is_dir():
        raise InputError(f"--out {options.out}: no such folder: {options.out.parent}")
    words, vectors = word_vectors(model_folder(options.run))
    remove_leftovers(options.out)
    try:
        with writing(options.out) as beside:
            beside.write_bytes(word2vec(words, vectors, binary=ending in BINARY))
    except OSError as error:
        raise InputError(f"{options.out}: cannot write ({error.strerror})") from None
    say(f"{len(words):,} vectors of {vectors.shape[1]} dimensions: {options.out}")


def word_vectors(folder: Path) -> tuple[list[str], npt.NDArray[np.float32]]:
    """The tokens of a model, without special tokens, and their input embeddings, float32 [tokens, H].

    InputError if the folder has no model with a tokenizer.
    """
    import numpy as np
    from transformers import AutoModel

    from nlp_ssl.models.loading import load_model, load_tokenizer

    tokenizer = load_tokenizer(folder)
    table = load_model(folder, AutoModel)[0].get_input_embeddings().weight
    ids = np.setdiff1d(list(tokenizer.get_vocab().values()), tokenizer.all_special_ids)
    if len(ids) and ids[-1] >= len(table):
        raise InputError(f"{folder}: the tokenizer has the id {ids[-1]:,}, but the model has {len(table):,} embeddings")
    vectors: npt.NDArray[np.float32] = table.detach().numpy()[ids]
    return tokenizer.convert_ids_to_tokens(ids.tolist()), vectors


def word2vec(words: Sequence[str], vectors: npt.NDArray[np.float32], binary: bool) -> bytes:
    """The content of a word2vec file. Spaces inside a word become "_", as a space ends a word in this format."""
    lines = [f"{len(words)} {vectors.shape[1]}\n".encode()]
    for word, vector in zip(words, vectors, strict=True):
        values = vector.astype("<f4").tobytes() if binary else " ".join(map(repr, vector.tolist())).encode()
        lines.append("_".join(word.split()).encode() + b" " + values + b"\n")
    return b"".join(lines)
