"""`nlp-ssl similarity RUN --pairs FILE…`: how well the likeness of word vectors agrees with people's.

Each file has a pair of words and a score a line, separated by tabs or commas, as WordSim-353 and SimLex-999 come;
lines that begin with # and a first line with names of columns are passed over. The figure is Spearman's correlation
between the scores and the cosines of the words' vectors, over the pairs whose words are both in the vocabulary; the
share of those that are not is said beside it, since figures over different pairs do not compare.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import tyro

from nlp_ssl.console import table
from nlp_ssl.errors import InputError
from nlp_ssl.models.export import word_vectors
from nlp_ssl.models.folder import model_folder
from nlp_ssl.options import parse

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True, kw_only=True)
class Similarity:
    """Compare the likeness of word vectors with people's judgement."""

    run: tyro.conf.Positional[Path]
    """Folder of a pretraining run, or of any model in Hugging Face format."""
    pairs: tuple[Path, ...]
    """Files of word pairs: two words and a score a line, separated by tabs or commas."""


@dataclass(frozen=True)
class Agreement:
    """How the likeness of vectors agrees with a list of pairs."""

    spearman: float
    """The correlation of ranks; nan where fewer than two pairs are known."""
    pairs: int
    unknown: float
    """The share of the pairs with a word that is not in the vocabulary; they are left out."""


def main(arguments: Sequence[str]) -> int:
    """The command."""
    options = parse(Similarity, "similarity", arguments)
    read = [(file, read_pairs(file)) for file in options.pairs]
    words, vectors = word_vectors(model_folder(options.run))
    rows = []
    for file, pairs in read:
        found = agreement(pairs, words, vectors)
        rows.append([file.name, f"{found.spearman:.3f}", f"{found.pairs:,}", f"{found.unknown:.1%}"])
    print(table(["word pairs", "Spearman", "pairs", "left out, unknown"], rows))
    return 0


def read_pairs(file: Path) -> list[tuple[str, str, float]]:
    """Two words and a score a line. InputError, with the line, where it is something else."""
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: cannot read it as UTF-8 text ({error})") from None
    pairs = []
    first = True
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = [cell.strip() for cell in next(csv.reader([line], delimiter="\t" if "\t" in line else ","))]
        try:
            judgement = float(cells[2])
            if not math.isfinite(judgement):
                raise ValueError
            pairs.append((cells[0], cells[1], judgement))
        except (IndexError, ValueError):
            if not first:
                raise InputError(f"{file}, line {number}: not two words and a score: {line!r}") from None
        first = False
    if not pairs:
        raise InputError(f"{file}: it has no pairs of words with a score")
    return pairs


def agreement(
    pairs: Sequence[tuple[str, str, float]], words: Sequence[str], vectors: npt.NDArray[np.float32]
) -> Agreement:
    """Compare `vectors` [words, H] with scored pairs."""
    from nlp_ssl.tasks.metrics import score

    judged, cosines = judgements(pairs, words, vectors)
    unknown = 1 - len(judged) / len(pairs)
    if len(judged) < 2:
        return Agreement(float("nan"), len(pairs), unknown)
    return Agreement(score("spearman", judged, cosines), len(pairs), unknown)


def judgements(
    pairs: Sequence[tuple[str, str, float]], words: Sequence[str], vectors: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Of the pairs whose words have `vectors` [words, H]: what people judged [n], and the vectors' cosines [n].

    A word is looked up as it is, else in lower case.
    """
    import numpy as np

    number = {word: i for i, word in enumerate(words)}

    def find(word: str) -> int:
        return number.get(word, number.get(word.lower(), -1))

    numbers = np.array([(find(first), find(second)) for first, second, _ in pairs])  # [N, 2]
    known = (numbers >= 0).all(axis=1)
    one, other = vectors[numbers[known].T].astype(np.float64)  # [N, H] each
    norms = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    cosines = (one * other).sum(axis=1) / np.maximum(norms, 1e-12)
    return np.array([judgement for _, _, judgement in pairs])[known], cosines
