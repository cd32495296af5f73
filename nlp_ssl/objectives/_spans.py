"""Shared code of the objectives whose decoder writes only what is missing: span corruption, prefix LM, UL2."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.objectives._denoising import cut_width, moved, spans_replaced
from nlp_ssl.sampling.batch import NO_LABEL, Batch
from nlp_ssl.sampling.noise import Noise
from nlp_ssl.sampling.targets import SequenceTargets

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def text_lengths(batch: Batch) -> Ints:
    """The number of text tokens of each row, int64 [B]."""
    tokens: Ints = np.count_nonzero(batch.sentence >= 0, axis=1)
    return tokens


def draw_spans(tokens: Ints, ratio: Floats, mean_length: Floats, most: int, noise: Noise) -> tuple[Ints, Ints]:
    """Draw spans of text: first token and length, both [B, S], from left to right; unused spans have length 0.

    Of `tokens` [B] tokens, a share `ratio` [B] is in spans of `mean_length` [B] on average, at most `most` spans. Both
    numbers are rounded at random, so that short rows have the right rate on average, too. All lengths and all
    positions are equally likely; two spans never touch (Raffel et al. 2020, section 3.1.4).
    """
    coins = noise.uniform("rounding", 2).astype(np.float64)
    removed = np.floor(ratio * tokens + coins[:, 0]).astype(np.int64)
    spans = np.maximum(np.floor(removed / mean_length + coins[:, 1]).astype(np.int64), 1)
    spans = np.minimum(np.minimum(spans, removed), np.minimum(tokens - removed + 1, most))
    length = _composition(removed, spans, noise, "length")
    gap = _composition(tokens - removed + 2, spans + 1, noise, "gap")[:, : length.shape[1]]
    gap[:, 0] -= 1  # a text may begin, or end, with a span
    begin = np.cumsum(gap, axis=1) + np.cumsum(length, axis=1) - length
    return np.where(length > 0, begin, 0), length


def _composition(total: Ints, parts: Ints, noise: Noise, stream: str) -> Ints:
    """Divide `total` [B] into `parts` [B] positive numbers; all ways are equally likely. int64 [B, P], 0 beyond."""
    rows, most = len(total), max(1, int(parts.max(initial=0)))
    draw = noise.bits(stream, max(1, int(total.max(initial=0)) - 1))  # one for each place where a cut may be
    draw[np.arange(draw.shape[1]) >= total[:, None] - 1] = np.iinfo(np.uint64).max
    cut = np.zeros(draw.shape, np.int64)
    if most > 1:
        first = np.argpartition(draw, most - 2, axis=1)[:, : most - 1]
        first = np.take_along_axis(first, np.argsort(np.take_along_axis(draw, first, 1), axis=1), 1)
        np.put_along_axis(cut, first, (np.arange(most - 1) < parts[:, None] - 1).astype(np.int64), 1)
    part = np.zeros((rows, draw.shape[1] + 1), np.int64)  # of each unit
    np.cumsum(cut, axis=1, out=part[:, 1:])
    there = np.arange(part.shape[1]) < total[:, None]
    number = np.arange(rows)[:, None] * most + part
    return np.bincount(number[there], minlength=rows * most).reshape(rows, most)


def draw_suffix(tokens: Ints, noise: Noise) -> tuple[Ints, Ints]:
    """One span that begins anywhere but at the first token and reaches to the end: first token and length, [B, 1]."""
    prefix = np.where(tokens > 1, 1 + noise.integers("prefix", np.maximum(tokens - 1, 1)), tokens)
    return prefix[:, None], (tokens - prefix)[:, None]


def to_decoder(batch: Batch, begin: Ints, length: Ints, mark: Ints, vocabulary: Vocabulary) -> Batch:
    """Move spans of text from the input to the target "seq2seq_lm", which is each span behind its mark, then [SEP].

    `begin` and `length` [B, S] are in text tokens. The input has the mark in place of the span. `mark` [B, S] is a
    token or `NO_LABEL` for none.
    """
    rows = len(batch.ids)
    row, column = np.nonzero(batch.sentence >= 0)  # [N] text tokens
    tokens = np.bincount(row, minlength=rows)
    before = (np.cumsum(tokens) - tokens)[:, None]  # [B, 1]: text tokens in preceding rows
    used = length > 0
    mark = np.where(used, mark, NO_LABEL)
    marked = mark != NO_LABEL

    place = np.cumsum(length + marked, axis=1) - length  # [B, S]: where each span begins in the target
    total = (length + marked).sum(axis=1)
    target = np.full((rows, cut_width(total + 1)), NO_LABEL, np.int64)
    of, span = np.nonzero(marked)
    target[of, place[of, span] - 1] = mark[of, span]
    of, span = np.nonzero(used)
    long = length[of, span]
    whose = np.repeat(np.arange(len(of)), long)  # [R]: the span of each removed token
    nth = np.arange(len(whose)) - np.repeat(np.cumsum(long) - long, long)
    source = column[(before + begin)[of, span][whose] + nth]
    target[of[whose], place[of, span][whose] + nth] = batch.ids[of[whose], source]
    target[np.arange(rows), total] = vocabulary.sep

    last = len(column) - 1
    left = np.where(used, column[np.minimum(before + begin, last)], 0)
    right = np.where(used, column[np.minimum(before + begin + length - 1, last)] + 1, 0)
    out = spans_replaced(batch, left, right, mark, vocabulary)
    return out.with_target("seq2seq_lm", SequenceTargets(tokens=target))


def with_lead(batch: Batch, token: Ints, vocabulary: Vocabulary) -> Batch:
    """Insert a token [B] behind [CLS]; rows become one token longer."""
    width = max(batch.ids.shape[1], int(batch.length.max(initial=0)) + 1)
    source = np.broadcast_to(np.maximum(np.arange(width) - 1, 0), (len(batch.ids), width))
    longer = moved(batch, source, batch.length + 1, vocabulary)
    longer.ids[:, 1] = token
    return longer
