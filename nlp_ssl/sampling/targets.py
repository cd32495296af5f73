"""Targets: what is to be predicted from a batch, by name.

Each class says what its predictions are of:

    TokenTargets     a token at positions of the input
    RowTargets       a class for each row
    SequenceTargets  a sequence that a decoder writes for each row
    WindowTargets    words and the words around them, for static vectors
    BatchTargets     the rows of the batch against each other

All arrays have one entry a row (B), are int64 unless stated, and have NO_LABEL where nothing is predicted.
"""

# ruff: noqa: D102  # overrides are documented in Targets
from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.vocabulary import Vocabulary

NO_LABEL = -100
"""The label where nothing is predicted (PyTorch's and transformers' number)."""

TARGETS_MULTIPLE = 64
"""The number of token targets is padded to a multiple of this, since every new shape costs a compiled kernel."""

Ints = npt.NDArray[np.int64]
Rows = Sequence[tuple[Ints, Any]]
"""Parts of a batch: the numbers of their rows, and their arrays or targets."""


class Targets(ABC):
    """Base of all targets. Fields that are arrays have B rows; a field may be a mapping of such arrays."""

    @abstractmethod
    def count(self) -> int:
        """The number of targets, which the loss is divided by."""

    @abstractmethod
    def without_targets(self) -> Self:
        """The same shapes with nothing to predict, for a process that has no example in a step."""

    @abstractmethod
    def arrays(self, width: int, vocabulary: Vocabulary) -> dict[str, npt.NDArray[Any]]:
        """What a head is given, by name. `width` is that of the rows that positions count in."""

    @abstractmethod
    def joined(self, parts: Rows, rows: int, width: int) -> Self:
        """One object of `rows` rows out of parts of this class; other rows have no target."""

    @abstractmethod
    def check(self, ids: Ints, length: Ints, vocabulary: Vocabulary, who: str) -> None:
        """Raise AssertionError, naming `who`, row and column, where a label cannot be."""

    def take(self, rows: Ints) -> Self:
        """Some of the rows alone."""
        return self._map(lambda array: array[rows])

    def moved(self, source: Ints, beyond: npt.NDArray[np.bool_]) -> Self:
        """After tokens moved: column `source` [B, L'] is at each place; nothing is `beyond` [B, L'] a row's end."""
        return self

    def _map(self, function: Any) -> Self:
        values: dict[str, Any] = {}
        for name, value in vars(self).items():
            if isinstance(value, np.ndarray):
                values[name] = function(value)
            elif isinstance(value, Mapping):
                values[name] = {key: function(array) for key, array in value.items()}
        return replace(self, **values)  # type: ignore[type-var]


@dataclass(frozen=True, kw_only=True)
class TokenTargets(Targets):
    """A token to predict at positions of the input."""

    labels: Ints  # [B, L]
    next_token: bool = False
    """Each label is the token after its position, and the targets of all rows are the whole text."""
    noise: Mapping[str, npt.NDArray[np.float32]] = field(default_factory=dict)
    """Uniform draws [B, L] for the head, by purpose: functions of example and position alone."""

    def count(self) -> int:
        return int(np.count_nonzero(self.labels != NO_LABEL))

    def without_targets(self) -> Self:
        return replace(self, labels=np.full_like(self.labels, NO_LABEL))

    def arrays(self, width: int, vocabulary: Vocabulary) -> dict[str, npt.NDArray[Any]]:
        """`labels` and `positions` in the flattened rows, int64 [T]; each noise, float32 [T]."""
        row, column = np.nonzero(self.labels != NO_LABEL)
        missing = -len(row) % TARGETS_MULTIPLE
        found: dict[str, npt.NDArray[Any]] = {
            "labels": np.pad(self.labels[row, column], (0, missing), constant_values=NO_LABEL),
            "positions": np.pad(row * width + column, (0, missing)),
        }
        return found | {name: np.pad(draws[row, column], (0, missing)) for name, draws in self.noise.items()}

    def joined(self, parts: Rows, rows: int, width: int) -> Self:
        noise = {name: join([(at, p.noise[name]) for at, p in parts], rows, 0, width) for name in self.noise}
        return replace(self, labels=join([(at, p.labels) for at, p in parts], rows, NO_LABEL, width), noise=noise)

    def check(self, ids: Ints, length: Ints, vocabulary: Vocabulary, who: str) -> None:
        assert self.labels.shape == ids.shape, f"{who}: labels are {self.labels.shape}, not {ids.shape}"
        targets = self.labels != NO_LABEL
        refuse(targets & ((self.labels < 0) | (self.labels >= vocabulary.size)), self.labels, f"{who}: not a label")
        beyond = np.arange(ids.shape[1]) >= length[:, None]
        refuse(targets & beyond, self.labels, f"{who}: a target in the padding")

    def moved(self, source: Ints, beyond: npt.NDArray[np.bool_]) -> Self:
        labels = np.take_along_axis(self.labels, source, 1)
        labels[beyond] = NO_LABEL
        noise = {name: np.take_along_axis(draws, source, 1) for name, draws in self.noise.items()}
        return replace(self, labels=labels, noise=noise)


@dataclass(frozen=True, kw_only=True)
class RowTargets(Targets):
    """A class to predict for each row."""

    labels: Ints  # [B]

    def count(self) -> int:
        return int(np.count_nonzero(self.labels != NO_LABEL))

    def without_targets(self) -> Self:
        return replace(self, labels=np.full_like(self.labels, NO_LABEL))

    def arrays(self, width: int, vocabulary: Vocabulary) -> dict[str, npt.NDArray[Any]]:
        """`labels` int64 [B]."""
        return {"labels": self.labels}

    def joined(self, parts: Rows, rows: int, width: int) -> Self:
        return replace(self, labels=join([(at, p.labels) for at, p in parts], rows, NO_LABEL))

    def check(self, ids: Ints, length: Ints, vocabulary: Vocabulary, who: str) -> None:
        assert self.labels.shape == (len(ids),), f"{who}: {len(self.labels)} labels for {len(ids)} rows"


@dataclass(frozen=True, kw_only=True)
class SequenceTargets(Targets):
    """A sequence that a decoder writes for each row, behind [CLS]."""

    tokens: Ints  # [B, T]
    from_source: bool = False
    """It can be copied from the input in part, as a text can from its corruption."""

    def count(self) -> int:
        return int(np.count_nonzero(self.tokens != NO_LABEL))

    def without_targets(self) -> Self:
        return replace(self, tokens=np.full_like(self.tokens, NO_LABEL))

    def decoder_input_ids(self, vocabulary: Vocabulary) -> Ints:
        """What the decoder reads [B, T]: [CLS], then the sequence up to its last token."""
        ids = np.full_like(self.tokens, vocabulary.pad)
        ids[:, 0] = vocabulary.cls
        np.copyto(ids[:, 1:], self.tokens[:, :-1], where=self.tokens[:, :-1] != NO_LABEL)
        return ids

    def arrays(self, width: int, vocabulary: Vocabulary) -> dict[str, npt.NDArray[Any]]:
        """`labels` and `positions` in the decoder's flattened rows, int64 [T]."""
        row, column = np.nonzero(self.tokens != NO_LABEL)
        missing = -len(row) % TARGETS_MULTIPLE
        return {
            "labels": np.pad(self.tokens[row, column], (0, missing), constant_values=NO_LABEL),
            "positions": np.pad(row * width + column, (0, missing)),
        }

    def joined(self, parts: Rows, rows: int, width: int) -> Self:
        return replace(self, tokens=join([(at, p.tokens) for at, p in parts], rows, NO_LABEL))

    def check(self, ids: Ints, length: Ints, vocabulary: Vocabulary, who: str) -> None:
        tokens = self.tokens
        assert len(tokens) == len(ids), f"{who}: {len(tokens)} sequences for {len(ids)} rows"
        there = tokens != NO_LABEL
        refuse(there & ((tokens < 0) | (tokens >= vocabulary.size)), tokens, f"{who}: not a token")
        refuse(np.maximum.accumulate(~there, axis=1) & there, tokens, f"{who}: a token behind the end")


@dataclass(frozen=True, kw_only=True)
class WindowTargets(Targets):
    """Words, the windows around them, and negative samples."""

    labels: Ints  # [B, L] the word itself, wherever there are words around it
    left: Ints  # [B, L] how many words to the left are its context
    right: Ints  # [B, L]
    negatives: Ints  # [B, K] words drawn by frequency
    counts_pairs: bool = False
    """A target is a pair of words (skip-gram); otherwise a word (CBOW)."""

    def windows(self) -> tuple[Ints, Ints]:
        """The windows to the left and right [B, L], 0 where there is no target."""
        target = self.labels != NO_LABEL
        return self.left * target, self.right * target

    def count(self) -> int:
        if self.counts_pairs:
            left, right = self.windows()
            return int(left.sum() + right.sum())
        return int(np.count_nonzero(self.labels != NO_LABEL))

    def without_targets(self) -> Self:
        return replace(self, labels=np.full_like(self.labels, NO_LABEL))

    def arrays(self, width: int, vocabulary: Vocabulary) -> dict[str, npt.NDArray[Any]]:
        """`windows` int64 [2, B, L], `negatives` int64 [B, K]."""
        return {"windows": np.stack(self.windows()), "negatives": self.negatives}

    def joined(self, parts: Rows, rows: int, width: int) -> Self:
        fills = {"labels": (NO_LABEL, width), "left": (0, width), "right": (0, width), "negatives": (0, 0)}
        arrays: dict[str, Any] = {
            name: join([(at, getattr(p, name)) for at, p in parts], rows, fill, least)
            for name, (fill, least) in fills.items()
        }
        return replace(self, **arrays)

    def check(self, ids: Ints, length: Ints, vocabulary: Vocabulary, who: str) -> None:
        position = np.arange(ids.shape[1])
        refuse((self.left < 0) | (self.left > position), self.left, f"{who}: a window to the left out of its row")
        ends = np.maximum(length[:, None] - 1 - position, 0)
        refuse((self.right < 0) | (self.right > ends), self.right, f"{who}: a window to the right out of its row")
        wrong = (self.negatives < 0) | (self.negatives >= vocabulary.size)
        refuse(wrong, self.negatives, f"{who}: not a word to sample")


@dataclass(frozen=True, kw_only=True)
class BatchTargets(Targets):
    """Rows that are told from each other; the loss is of the batch as a whole."""

    valid: npt.NDArray[np.bool_]  # [B] whether a row takes part
    group: Ints  # [B] rows of one group, such as a document, are no negatives of each other

    def count(self) -> int:
        return int(np.count_nonzero(self.valid))

    def without_targets(self) -> Self:
        return replace(self, valid=np.zeros_like(self.valid))

    def arrays(self, width: int, vocabulary: Vocabulary) -> dict[str, npt.NDArray[Any]]:
        """`valid` bool [B], `group` int64 [B]."""
        return {"valid": self.valid, "group": self.group}

    def joined(self, parts: Rows, rows: int, width: int) -> Self:
        valid = join([(at, p.valid) for at, p in parts], rows, False)
        return replace(self, valid=valid, group=join([(at, p.group) for at, p in parts], rows, 0))

    def check(self, ids: Ints, length: Ints, vocabulary: Vocabulary, who: str) -> None:
        assert self.valid.shape == self.group.shape == (len(ids),), f"{who}: not an entry for each of {len(ids)} rows"


def join(parts: Rows, rows: int, fill: Any, width: int = 0) -> npt.NDArray[Any]:
    """One array of `rows` rows, at least `width` wide, out of arrays and the numbers of their rows."""
    first = parts[0][1]
    shape = (rows,) if first.ndim == 1 else (rows, max(width, *(array.shape[1] for _, array in parts)))
    out = np.full(shape, fill, first.dtype)
    for at, array in parts:
        out[(at, ...) if array.ndim == 1 else (at, slice(array.shape[1]))] = array
    return out


def refuse(wrong: npt.NDArray[np.bool_], values: npt.NDArray[Any], what: str) -> None:
    """Raise AssertionError with the first value that is wrong, and its row and column."""
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise AssertionError(f"{what}: {values[row, column]} at row {row}, column {column}")
