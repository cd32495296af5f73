"""`nlp-ssl export RUN --format word2vec --out FILE`: a run's word vectors for other programs.

word2vec has two formats, which gensim's `KeyedVectors.load_word2vec_format` reads. Both begin with a line "words
numbers"; then comes each word, a space, and its vector, as text (.txt, .vec) or as little-endian float32 (.bin).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tyro

from nlp_ssl.atomic_io import writing
from nlp_ssl.console import say
from nlp_ssl.errors import InputError
from nlp_ssl.models.folder import model_folder
from nlp_ssl.options import parse

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

TEXT, BINARY = (".txt", ".vec"), (".bin",)
"""How the files of word2vec's two formats end."""


@dataclass(frozen=True, kw_only=True)
class Export:
    """Write a model for other programs."""

    run: tyro.conf.Positional[Path]
    """Folder of a pretraining run, or of any model in Hugging Face format."""
    format: Literal["word2vec"]
    """word2vec: the vectors of all tokens, special ones aside; of a model with layers, those that it begins with."""
    out: Path
    """The file: .bin is binary; .txt and .vec are text."""


def main(arguments: Sequence[str]) -> int:
    """The command."""
    export(parse(Export, "export", arguments))
    return 0


def export(options: Export) -> None:
    """Write the file. InputError for a run without vectors, or a file that cannot be written."""
    ending = options.out.suffix
    if ending not in TEXT + BINARY:
        raise InputError(f"--out {options.out}: it must end in {', '.join(TEXT + BINARY)}, which says the format")
    if not options.out.parent.is_dir():
        raise InputError(f"--out {options.out}: there is no folder {options.out.parent}")
    words, vectors = word_vectors(model_folder(options.run))
    try:
        with writing(options.out) as beside:
            beside.write_bytes(word2vec(words, vectors, binary=ending in BINARY))
    except OSError as error:
        raise InputError(f"{options.out}: cannot write ({error.strerror})") from None
    say(f"{len(words):,} vectors of {vectors.shape[1]} numbers: {options.out}")


def word_vectors(folder: Path) -> tuple[list[str], npt.NDArray[np.float32]]:
    """The tokens of a model, special ones aside, and their vectors [tokens, H]. InputError where it has none."""
    import numpy as np
    from transformers import AutoModel

    from nlp_ssl.models.loading import load_model, load_tokenizer

    tokenizer = load_tokenizer(folder)
    table = load_model(folder, AutoModel)[0].get_input_embeddings().weight
    ids = np.setdiff1d(np.arange(len(tokenizer)), tokenizer.all_special_ids)
    vectors: npt.NDArray[np.float32] = table.detach().numpy()[ids]
    return tokenizer.convert_ids_to_tokens(ids.tolist()), vectors


def word2vec(words: Sequence[str], vectors: npt.NDArray[np.float32], binary: bool) -> bytes:
    """A file of word2vec. In it a space ends a word, so any inside one (none of a trained tokenizer has) is a "_"."""
    lines = [f"{len(words)} {vectors.shape[1]}\n".encode()]
    for word, vector in zip(words, vectors, strict=True):
        values = vector.astype("<f4").tobytes() if binary else " ".join(map(repr, vector.tolist())).encode()
        lines.append("_".join(word.split()).encode() + b" " + values + b"\n")
    return b"".join(lines)
