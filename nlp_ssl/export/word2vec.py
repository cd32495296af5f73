"""Word vectors in word2vec format, which `KeyedVectors.load_word2vec_format` of gensim reads.

The first line is "<words> <dimensions>". Each word is followed by a space and its vector, as text (.txt, .vec) or
little-endian float32 (.bin).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nlp_ssl.models.word_vectors import word_vectors

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def write(folder: Path, beside: Path, out: Path) -> str:
    """The input embeddings of all tokens except special tokens. `out` has the suffix that decides the format."""
    words, vectors = word_vectors(folder)
    beside.write_bytes(word2vec(words, vectors, binary=out.suffix == ".bin"))
    return f"{len(words):,} vectors of {vectors.shape[1]} dimensions"


def word2vec(words: Sequence[str], vectors: npt.NDArray[np.float32], binary: bool) -> bytes:
    """The content of a word2vec file. Spaces inside a word become "_", as a space ends a word in this format."""
    lines = [f"{len(words)} {vectors.shape[1]}\n".encode()]
    for word, vector in zip(words, vectors, strict=True):
        values = vector.astype("<f4").tobytes() if binary else " ".join(map(repr, vector.tolist())).encode()
        lines.append("_".join(word.split()).encode() + b" " + values + b"\n")
    return b"".join(lines)
