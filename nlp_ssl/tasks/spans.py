"""Extract spans from tags such as B-NP, I-NP and O, exactly as in seqeval's default mode.

Tags are encoded as integers, so that metrics need no tag names: 0 is O, other tags are prefix + 5 * type.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int64]

_PREFIXES = {"O": 0, "B": 1, "I": 2, "E": 3, "S": 4}
_B, _I, _E, _S = 1, 2, 3, 4


def is_span_tag(name: str) -> bool:
    """Whether a tag is O, or has the prefix B-, I-, E- or S-."""
    return name == "O" or (name[:2] in ("B-", "I-", "E-", "S-") and len(name) > 2)


def span_codes(names: Sequence[str]) -> Codes:
    """The code of each tag, int64 [tags]. Tags that do not mark spans have their id as code."""
    if not all(map(is_span_tag, names)):
        return np.arange(len(names))
    types = {kind: i for i, kind in enumerate(sorted({name[2:] for name in names if name != "O"}))}
    return np.array([0 if name == "O" else _PREFIXES[name[0]] + 5 * types[name[2:]] for name in names])


def spans(codes: Codes) -> tuple[Codes, Codes, Codes, Codes]:
    """Extract the spans from tag codes [n, W], which are negative after the end of a sentence.

    Returns four arrays [spans]: the sentence, first word, last word and type of each span.
    """
    padded = np.zeros((codes.shape[0], codes.shape[1] + 2), dtype=np.int64)  # O on both sides
    padded[:, 1:-1] = np.maximum(codes, 0)
    prefix = padded % 5
    kind = np.where(prefix > 0, padded // 5, -1)
    before, now, other = prefix[:, :-1], prefix[:, 1:], kind[:, :-1] != kind[:, 1:]
    starts = np.isin(now, (_B, _S)) | (np.isin(now, (_I, _E)) & np.isin(before, (0, _E, _S))) | ((now > 0) & other)
    ends = np.isin(before, (_E, _S)) | (np.isin(before, (_B, _I)) & np.isin(now, (0, _B, _S))) | ((before > 0) & other)
    row, first = np.nonzero(starts)
    _, end = np.nonzero(ends)  # starts and ends alternate, so the k-th end belongs to the k-th start
    return row, first, end - 1, kind[row, first + 1]


def span_counts(gold: Codes, predicted: Codes) -> tuple[Codes, Codes, Codes]:
    """Count the correct, gold and predicted spans of each sentence: three int64 arrays [n]."""
    n = len(gold)
    found = [np.stack(spans(codes), axis=1) for codes in (gold, predicted)]
    _, group = np.unique(np.concatenate(found), axis=0, return_inverse=True)
    golds, predictions = np.split(group.reshape(-1), [len(found[0])])
    right = found[1][np.isin(predictions, golds), 0]
    return tuple(np.bincount(rows, minlength=n) for rows in (right, found[0][:, 0], found[1][:, 0]))  # type: ignore[return-value]
