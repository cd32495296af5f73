"""The batch: the one contract between text, objectives and heads.

A batch begins *clean*: examples framed for a body, with nothing to predict. An objective turns it into another
batch that is corrupted and has targets; a mixture applies one objective after another. Every array has one row
an example (B rows), padded on the right to the batch's width (L columns):

    ids             int64 [B, L]  token ids, `pad` beyond `length`
    length          int64 [B]     tokens in each row, special ones included
    sentence        int16 [B, L]  which sentence of its example a token belongs to, -1 for special tokens and padding
    token_type_ids  int64 [B, L]  0 for [CLS] A [SEP], 1 for B [SEP]; 0 everywhere in rows of one text
    text_tokens     int64 [B]     tokens of text that the example was made from, whatever becomes of them
    example_class   int64 [B]     the class of each example; of a mixed pair: 1 where B is from another document; else 0
    targets         name -> Targets  what is to be predicted (nlp_ssl.sampling.targets)
    views           name -> View     further rows that a head has the body read; the arrays above are the view "main"

Framed for an encoder or an encoder-decoder, a *segment* and a *triple* are `[CLS] tokens [SEP]`; for a decoder
`[CLS] tokens`, and `[SEP]` where the document ends, so that its end is learned; for static vectors the tokens alone.
A *pair* and a *mixed pair* are `[CLS] A [SEP] B [SEP]`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.sampling.targets import NO_LABEL, Ints, Targets, join, refuse

__all__ = ["NO_LABEL", "Batch", "Ints", "View", "check", "stack"]


@dataclass(frozen=True, kw_only=True)
class View:
    """Rows that a body reads, one an example: `ids` int64 [B, L'], `pad` beyond `length` int64 [B]."""

    ids: Ints
    length: Ints

    def take(self, rows: Ints) -> View:
        """Some of the rows alone."""
        return View(ids=self.ids[rows], length=self.length[rows])


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Rows of examples; see the module's docstring for every field."""

    ids: Ints
    length: Ints
    sentence: npt.NDArray[np.int16]
    token_type_ids: Ints
    text_tokens: Ints
    example_class: Ints
    targets: Mapping[str, Targets] = field(default_factory=dict)
    views: Mapping[str, View] = field(default_factory=dict)

    def take(self, rows: Ints) -> Batch:
        """Some of the rows alone."""
        values: dict[str, Any] = {}
        for name, value in vars(self).items():
            values[name] = {k: v.take(rows) for k, v in value.items()} if isinstance(value, Mapping) else value[rows]
        return Batch(**values)

    def with_target(self, name: str, targets: Targets) -> Batch:
        """The batch with one more named target."""
        return replace(self, targets={**self.targets, name: targets})


def stack(parts: Sequence[tuple[Ints, Batch]], vocabulary: Vocabulary) -> Batch:
    """One batch out of parts, each with the numbers of its rows; rows without a target have nothing to predict."""
    rows = sum(len(at) for at, _ in parts)
    width = max(part.ids.shape[1] for _, part in parts)
    fills = {"ids": vocabulary.pad, "length": 0, "sentence": -1, "token_type_ids": 0}
    fills |= {"text_tokens": 0, "example_class": 0}
    values: dict[str, Any] = {
        name: join([(at, getattr(part, name)) for at, part in parts], rows, fill) for name, fill in fills.items()
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
    """A view of all rows; those of other objectives are [CLS] alone, so that no row is empty."""
    found = [(at, part.views[name]) for at, part in parts if name in part.views]
    ids = join([(at, view.ids) for at, view in found], rows, vocabulary.pad)
    length = join([(at, view.length) for at, view in found], rows, 1)
    ids[length == 1, 0] = vocabulary.cls
    return View(ids=ids, length=length)


def check(batch: Batch, vocabulary: Vocabulary, who: str) -> None:
    """Raise AssertionError, naming `who`, row and column, where a batch breaks the contract."""
    views: list[Batch | View] = [batch, *batch.views.values()]
    for rows in views:
        beyond = np.arange(rows.ids.shape[1]) >= rows.length[:, None]
        refuse((rows.ids < 0) | (rows.ids >= vocabulary.size), rows.ids, f"{who}: not a token id")
        refuse(beyond & (rows.ids != vocabulary.pad), rows.ids, f"{who}: written to the padding")
        assert len(rows.ids) == len(batch.ids), f"{who}: a view has {len(rows.ids)} rows, not {len(batch.ids)}"
    for name, targets in batch.targets.items():
        targets.check(batch.ids, batch.length, vocabulary, f"{who}: {name}")
