"""`nlp-ssl similarity RUN --pairs FILE…`: compare word vectors with human similarity ratings.

Each line of a file has two words and a rating, separated by tabs or commas, as in WordSim-353 and SimLex-999. Lines
that begin with # and a header line are skipped. The score is Spearman's correlation between the ratings and the cosine
similarities, over the pairs whose words are both in the vocabulary. The fraction of other pairs is reported too,
because correlations over different pairs are not comparable.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import tyro

from nlp_ssl.console import show_result, table
from nlp_ssl.errors import InputError
from nlp_ssl.models.folder import model_folder
from nlp_ssl.models.word_vectors import word_vectors
from nlp_ssl.options import parse
from nlp_ssl.tasks.values import number

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True, kw_only=True)
class Similarity:
    """Compare word vectors with human similarity ratings of word pairs, such as WordSim-353."""

    run: tyro.conf.Positional[Path]
    """Folder of a pretraining run, or of any model in Hugging Face format."""
    pairs: tuple[Path, ...]
    """Files of word pairs: two words and a rating in each line, separated by tabs or commas."""


@dataclass(frozen=True)
class Agreement:
    """The agreement of cosine similarities with the ratings of a list of pairs."""

    spearman: float
    """Spearman's rank correlation; nan if fewer than two pairs are in the vocabulary."""
    pairs: int
    """The number of pairs in the list."""
    unknown: float
    """The fraction of pairs with a word that is not in the vocabulary. They are not scored."""


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    options = parse(Similarity, "similarity", arguments)
    read = [(file, read_pairs(file)) for file in options.pairs]
    words, vectors = word_vectors(model_folder(options.run))
    rows = []
    for file, pairs in read:
        found = agreement(pairs, words, vectors)
        rows.append([file.name, f"{found.spearman:.3f}", f"{found.pairs:,}", f"{found.unknown:.1%}"])
    show_result(table(["word pairs", "Spearman", "pairs", "not in the vocabulary"], rows))
    return 0


def read_pairs(file: Path) -> list[tuple[str, str, float]]:
    """Read a file with two words and a rating in each line.

    Raises InputError if the file cannot be read or has no pairs, and for malformed lines, with their numbers.
    """
    if not file.exists():
        raise InputError(f"{file}: no such file")
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: cannot read the file as UTF-8 text ({error})") from None
    pairs = []
    first = True
    for place, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = [cell.strip() for cell in next(csv.reader([line], delimiter="\t" if "\t" in line else ","))]
        rating = number(cells[2]) if len(cells) > 2 else None
        if rating is not None:
            pairs.append((cells[0], cells[1], rating))
        elif not first:
            raise InputError(f"{file}, line {place}: expected two words and a number, got {line!r}")
        first = False
    if not pairs:
        raise InputError(f"{file}: no word pairs in this file")
    return pairs


def agreement(
    pairs: Sequence[tuple[str, str, float]], words: Sequence[str], vectors: npt.NDArray[np.float32]
) -> Agreement:
    """Compare the cosine similarities of `vectors` [words, H] with rated pairs."""
    from nlp_ssl.tasks.metrics import score

    ratings, cosines = judgements(pairs, words, vectors)
    unknown = 1 - len(ratings) / len(pairs)
    if len(ratings) < 2:
        return Agreement(float("nan"), len(pairs), unknown)
    return Agreement(score("spearman", ratings, cosines), len(pairs), unknown)


def judgements(
    pairs: Sequence[tuple[str, str, float]], words: Sequence[str], vectors: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the ratings and the cosine similarities of the pairs in the vocabulary, both float64 [n].

    `vectors` are [words, H]. A word that is not in `words` is looked up in lower case.
    """
    import numpy as np

    indices = {word: i for i, word in enumerate(words)}

    def find(word: str) -> int:
        return indices.get(word, indices.get(word.lower(), -1))

    found = np.array([(find(first), find(second)) for first, second, _ in pairs])  # [N, 2]
    known = (found >= 0).all(axis=1)
    one, other = vectors[found[known].T].astype(np.float64)  # [n, H] each
    norms = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    cosines = (one * other).sum(axis=1) / np.maximum(norms, 1e-12)
    return np.array([rating for _, _, rating in pairs])[known], cosines
