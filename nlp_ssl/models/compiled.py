"""Loops of word vectors, compiled with numba for one CPU thread.

As in word2vec's code, only pairs inside a window are scored, and only rows in use are read and written. The products of
`nlp_ssl.heads.negative_sampling`, which run on every device, score all pairs of a sequence and have dense gradients.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

MATHS = {"reassoc", "contract", "nsz", "arcp"}
"""Sums may be reordered. "nnan" and "ninf" would hide a loss that is not finite."""


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def number_rows(used: Any) -> tuple[Any, Any]:
    """The rows in `used` bool [V], in order, int64 [R], and the number of each row among them, int64 [V]."""
    rows = np.flatnonzero(used)
    number = np.zeros(len(used), np.int64)
    number[rows] = np.arange(len(rows))
    return rows, number


@numba.njit(cache=True, fastmath=MATHS, error_model="numpy")  # type: ignore[untyped-decorator]
def loss_and_gradients(
    ids: Any, windows: Any, negatives: Any, vectors: Any, contexts: Any, each: int, counts_pairs: bool
) -> tuple[float, Any, Any, Any, Any]:
    """The summed loss; rows of `vectors` [R] in use and their gradients [R, H]; the same for `contexts`."""
    (rows, length), words, size = ids.shape, len(vectors), vectors.shape[1]
    left, right = windows
    used, used_contexts = np.zeros(words, np.bool_), np.zeros(words, np.bool_)
    for b in range(rows):
        for i in range(length):
            if left[b, i] + right[b, i] > 0:
                used_contexts[ids[b, i]] = True
                for j in range(i - left[b, i], i + right[b, i] + 1):
                    used[ids[b, j]] = True
        for k in range(negatives.shape[1]):
            used_contexts[negatives[b, k]] = True
    vector_rows, number = number_rows(used)
    context_rows, context_number = number_rows(used_contexts)
    of_vectors = np.zeros((len(vector_rows), size), np.float32)
    of_contexts = np.zeros((len(context_rows), size), np.float32)
    mean, of_input = np.empty((1, size), np.float32), np.empty((1, size), np.float32)
    others = np.empty(each + 1, np.int64)
    loss = 0.0
    for b in range(rows):
        for i in range(length):
            count = left[b, i] + right[b, i]
            if count == 0:
                continue
            others[0] = ids[b, i]
            for n in range(each):
                others[n + 1] = negatives[b, (i * each + n) % negatives.shape[1]]
            mean[:] = 0
            of_input[:] = 0
            for j in range(i - left[b, i], i + right[b, i] + 1):
                if j != i:
                    word = ids[b, j]
                    if counts_pairs:
                        at = number[word]
                        loss += score(others, vectors, word, contexts, of_vectors, at, of_contexts, context_number)
                    else:
                        for h in range(size):
                            mean[0, h] += vectors[word, h]
            if counts_pairs:
                continue
            share = np.float32(1 / count)
            for h in range(size):
                mean[0, h] *= share
            loss += score(others, mean, 0, contexts, of_input, 0, of_contexts, context_number)
            for h in range(size):
                of_input[0, h] *= share
            for j in range(i - left[b, i], i + right[b, i] + 1):
                if j != i:
                    at = number[ids[b, j]]
                    for h in range(size):
                        of_vectors[at, h] += of_input[0, h]
    return loss, vector_rows, of_vectors, context_rows, of_contexts


@numba.njit(cache=True, fastmath=MATHS, error_model="numpy", inline="always")  # type: ignore[untyped-decorator]
def score(
    others: Any, inputs: Any, row: int, contexts: Any, of_inputs: Any, at: int, of_contexts: Any, number: Any
) -> float:
    """The loss of `inputs[row]` [H] with the word `others[0]` and negatives `others[1:]`.

    Adds the gradients to `of_inputs[at]` and to the rows of `of_contexts` with the `number` of each word.
    """
    loss, size = 0.0, inputs.shape[1]
    for n in range(len(others)):
        other = others[n]
        if n > 0 and other == others[0]:
            continue  # a word is not its own negative
        to = number[other]
        product = np.float32(0)
        for h in range(size):
            product += inputs[row, h] * contexts[other, h]
        wrong = -product if n == 0 else product
        part = np.exp(-abs(wrong))
        loss += np.log1p(part) + max(wrong, np.float32(0))
        slope = (np.float32(1) if wrong > 0 else part) / (np.float32(1) + part)
        slope = -slope if n == 0 else slope
        for h in range(size):
            of_inputs[at, h] += slope * contexts[other, h]
            of_contexts[to, h] += slope * inputs[row, h]
    return loss


@numba.njit(cache=True, fastmath=MATHS, error_model="numpy")  # type: ignore[untyped-decorator]
def adagrad(table: Any, squares: Any, rows: Any, gradient: Any, rate: float, epsilon: float) -> None:
    """Update `table` and `squares` [V, H], the sums of squared gradients, at `rows` [R] with `gradient` [R, H]."""
    step, least = np.float32(rate), np.float32(epsilon)
    for r in range(len(rows)):
        row = rows[r]
        for h in range(table.shape[1]):
            squares[row, h] += gradient[r, h] * gradient[r, h]
            table[row, h] -= step * gradient[r, h] / (np.sqrt(squares[row, h]) + least)
