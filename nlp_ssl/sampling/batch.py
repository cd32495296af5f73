"""The batch: the one contract between text, objectives and heads.

A batch starts *clean*: uncorrupted examples without targets. An objective returns another batch, which is corrupted and
has targets. A mixture applies its objectives one after another. Each example is one row, padded on the right. A batch
has B rows and L columns:

    ids             int64 [B, L]  token ids, `pad` beyond `length`
    length          int64 [B]     tokens in each row, including special tokens
    sentence        int16 [B, L]  number of the token's sentence within its example; -1 for special tokens and padding
    token_type_ids  int64 [B, L]  0 for [CLS] A [SEP], 1 for B [SEP]; all 0 for a single text
    text_tokens     int64 [B]     text tokens in the uncorrupted example
    example_class   int64 [B]     class of each example; for a mixed pair 1 if B is from another document; otherwise 0
    targets         name -> Targets  what the heads predict (nlp_ssl.sampling.targets)
    views           name -> View     further sequences that a head has the body encode; `ids` is the view "main"

Special tokens depend on the body. For an encoder or an encoder-decoder, a *segment* and a *triple* are
`[CLS] tokens [SEP]`. For a decoder they are `[CLS] tokens`, with `[SEP]` only at the end of a document. Static vectors
get no special tokens. A *pair* and a *mixed pair* are `[CLS] A [SEP] B [SEP]`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.sampling.targets import NO_LABEL, Ints, Targets, join_rows, refuse

__all__ = ["NO_LABEL", "Batch", "Ints", "View", "check", "freeze", "stack"]


@dataclass(frozen=True, kw_only=True)
class View:
    """One more sequence for each example: `ids` int64 [B, L'], with `pad` beyond `length` int64 [B].

    `positions` int64 [B, L'] are the tokens' positions in the text; None if they are 0, 1, 2, …
    """

    ids: Ints
    length: Ints
    positions: Ints | None = None

    def take(self, rows: Ints) -> View:
        """The view with these rows only."""
        positions = None if self.positions is None else self.positions[rows]
        return View(ids=self.ids[rows], length=self.length[rows], positions=positions)


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A batch of examples. The module's docstring describes the fields."""

    ids: Ints
    length: Ints
    sentence: npt.NDArray[np.int16]
    token_type_ids: Ints
    text_tokens: Ints
    example_class: Ints
    targets: Mapping[str, Targets] = field(default_factory=dict)
    views: Mapping[str, View] = field(default_factory=dict)

    def take(self, rows: Ints) -> Batch:
        """The batch with these rows only."""
        values: dict[str, Any] = {}
        for name, value in vars(self).items():
            values[name] = {k: v.take(rows) for k, v in value.items()} if isinstance(value, Mapping) else value[rows]
        return Batch(**values)

    def with_target(self, name: str, targets: Targets) -> Batch:
        """The batch with one more named target."""
        return replace(self, targets={**self.targets, name: targets})


def freeze(value: object) -> None:
    """Make all arrays in an object read-only, also those of its attributes and mappings, so that nobody writes to them.

    NumPy raises ValueError where an array is written to all the same.
    """
    if isinstance(value, np.ndarray):
        value.setflags(write=False)
        return
    for part in value.values() if isinstance(value, Mapping) else vars(value).values():
        if isinstance(part, np.ndarray | Mapping | View | Targets):
            freeze(part)


def stack(parts: Sequence[tuple[Ints, Batch]], vocabulary: Vocabulary) -> Batch:
    """Join batches to one, given the row numbers of each. Rows that lack a target have nothing to predict for it."""
    rows = sum(len(at) for at, _ in parts)
    width = max(part.ids.shape[1] for _, part in parts)
    fills = {"ids": vocabulary.pad, "length": 0, "sentence": -1, "token_type_ids": 0}
    fills |= {"text_tokens": 0, "example_class": 0}
    values: dict[str, Any] = {
        name: join_rows([(at, getattr(part, name)) for at, part in parts], rows, fill) for name, fill in fills.items()
    }
    names = dict.fromkeys(name for _, part in parts for name in part.targets)
    values["targets"] = {name: _stacked_targets(name, parts, rows, width) for name in names}
    views = dict.fromkeys(name for _, part in parts for name in part.views)
    values["views"] = {name: _stacked_view(name, parts, rows, vocabulary) for name in views}
    return Batch(**values)


def _stacked_targets(name: str, parts: Sequence[tuple[Ints, Batch]], rows: int, width: int) -> Targets:
    found = [(at, part.targets[name]) for at, part in parts if name in part.targets]
    return found[0][1].joined(found, rows, width)


def _stacked_view(name: str, parts: Sequence[tuple[Ints, Batch]], rows: int, vocabulary: Vocabulary) -> View:
    """A view with a row for each example. Examples without this view get [CLS], because no row may be empty."""
    found = [(at, part.views[name]) for at, part in parts if name in part.views]
    ids = join_rows([(at, view.ids) for at, view in found], rows, vocabulary.pad)
    length = join_rows([(at, view.length) for at, view in found], rows, 1)
    ids[length == 1, 0] = vocabulary.cls
    placed = [(at, view.positions) for at, view in found if view.positions is not None]
    return View(ids=ids, length=length, positions=join_rows(placed, rows, 0) if placed else None)


def check(batch: Batch, vocabulary: Vocabulary, who: str) -> None:
    """Raise AssertionError if a batch breaks the contract. The message names `who`, row and column."""
    views: list[Batch | View] = [batch, *batch.views.values()]
    for rows in views:
        beyond = np.arange(rows.ids.shape[1]) >= rows.length[:, None]
        refuse((rows.ids < 0) | (rows.ids >= vocabulary.size), rows.ids, f"{who}: not a token id")
        refuse(beyond & (rows.ids != vocabulary.pad), rows.ids, f"{who}: written to the padding")
        assert len(rows.ids) == len(batch.ids), f"{who}: a view has {len(rows.ids)} rows, not {len(batch.ids)}"
    for name, targets in batch.targets.items():
        targets.check(batch.ids, batch.length, vocabulary, f"{who}: {name}")
