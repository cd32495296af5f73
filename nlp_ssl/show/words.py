"""An example as text: the original text, the model's input, and the targets."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.reserved import sentinel
from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.objectives.mixture import Loss, Mixture
from nlp_ssl.sampling.batch import Batch
from nlp_ssl.sampling.targets import (
    NO_LABEL,
    BatchTargets,
    RowTargets,
    SequenceTargets,
    Targets,
    TokenTargets,
    WindowTargets,
)

OPEN, CLOSE = "\x02", "\x03"
"""Placeholders for the marks around targets, which depend on the output."""

Notes = dict[int, str]
"""Words to show in marks after a token, by the token's position."""


def describe_row(clean: Batch, batch: Batch, row: int, mixture: Mixture, vocabulary: Vocabulary) -> dict[str, str]:
    """An example as text: "text", "input", further views by name, and the target of each loss under "LOSS:"."""
    length, original = int(batch.length[row]), clean.ids[row, : clean.length[row]]
    out = {"text": words(original, vocabulary, special=False)}
    notes: Notes = {}
    answers: dict[str, str] = {}
    for name, loss in mixture.losses.items():
        answers[name], more = _describe(batch.targets[name], batch, row, loss, vocabulary)
        notes |= more
    out["input"] = words(batch.ids[row, :length], vocabulary, notes)
    for name, view in batch.views.items():
        out[name] = words(view.ids[row, : view.length[row]], vocabulary)
    return out | {f"{name}:": answer for name, answer in answers.items() if answer}


def _describe(targets: Targets, batch: Batch, row: int, loss: Loss, vocabulary: Vocabulary) -> tuple[str, Notes]:
    """The targets of an example, as a sentence and as notes in its input."""
    if isinstance(targets, SequenceTargets):
        tokens = targets.tokens[row]
        return OPEN + words(tokens[tokens != NO_LABEL], vocabulary) + CLOSE, {}
    if isinstance(targets, RowTargets):
        label = int(targets.labels[row])
        return "" if label == NO_LABEL else OPEN + loss.classes(vocabulary)[label] + CLOSE, {}
    if isinstance(targets, WindowTargets):
        places = np.flatnonzero(targets.labels[row] != NO_LABEL)
        notes = {int(i): words(_context(targets, batch.ids[row], row, int(i)), vocabulary) for i in places}
        sampled = words(targets.negatives[row, :5], vocabulary)
        shown = f"the words around each are shown in {OPEN}{CLOSE} after it"
        return f"{_count(len(places), 'target')}; {shown}. Negative samples: {sampled}, …", notes
    if isinstance(targets, TokenTargets):
        labels = targets.labels[row, : batch.length[row]]
        places = np.flatnonzero(labels != NO_LABEL)
        if not len(places):
            return "", {}
        if targets.next_token:
            return OPEN + words(labels[places], vocabulary) + CLOSE, {}
        if targets.originals and "masked" in batch.views and (labels == batch.ids[row, : len(labels)])[places].all():
            return f"{_count(len(places), 'target')}; a generator replaces those masked above, only in training", {}
        classes = loss.classes(vocabulary) if targets.classes else None
        notes = {int(i): classes[labels[i]] if classes else words(labels[i : i + 1], vocabulary) for i in places}
        return f"{_count(len(places), 'target')}; each is shown in {OPEN}{CLOSE} after its input token", notes
    if isinstance(targets, BatchTargets):
        return loss.objective.asks if targets.valid[row] else "", {}
    return "", {}


def _count(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def _context(targets: WindowTargets, ids: npt.NDArray[np.int64], row: int, place: int) -> npt.NDArray[np.int64]:
    """The token ids in the window around a word."""
    left, right = int(targets.left[row, place]), int(targets.right[row, place])
    return np.concatenate([ids[place - left : place], ids[place + 1 : place + 1 + right]])


def words(
    ids: npt.NDArray[np.int64], vocabulary: Vocabulary, notes: Mapping[int, str] | None = None, special: bool = True
) -> str:
    """Tokens as text, with pieces of words joined. `notes` are shown in marks after the tokens at their positions."""
    names = {vocabulary.cls: "[CLS]", vocabulary.sep: "[SEP]", vocabulary.mask: "[MASK]", vocabulary.unk: "[UNK]"}
    names |= {token: sentinel(number) for number, token in enumerate(vocabulary.sentinels)}
    names |= {token: mode for mode, token in vocabulary.modes.items()}
    pieces = []
    for position, token in enumerate(ids.tolist()):
        if token in (vocabulary.cls, vocabulary.sep) and not special:
            continue
        begins = token in names or vocabulary.word_starts[token] or (notes is not None and position in notes)
        pieces.append((" " if begins else "") + names.get(token, vocabulary.surfaces[token]))
        if notes is not None and position in notes:
            pieces.append(f"{OPEN}{notes[position]}{CLOSE}")
    return "".join(pieces).strip()
