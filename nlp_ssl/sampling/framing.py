"""Framing: examples -> a clean batch of token ids with special tokens, which objectives corrupt."""

from __future__ import annotations

import numpy as np

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.sampling.batch import Batch, Ints
from nlp_ssl.sampling.examples import Body, ExampleType, TokenStream
from nlp_ssl.sampling.noise import Noise

TRIES = 4
"""Draws of a sentence from another document. If all fail, the first sentence of the next document is used."""


def frame(
    text: TokenStream,
    vocabulary: Vocabulary,
    kind: ExampleType,
    body: Body,
    start: Ints,
    length: Ints,
    width: int,
    noise: Noise,
) -> Batch:
    """The clean batch of examples that start at `start` [B] and have `length` [B] tokens, padded to `width`.

    `noise` draws where a pair is divided, uniformly from its sentence boundaries, and the second part of a mixed pair.
    """
    if kind in ("pair", "mixed_pair"):
        return _frame_pairs(text, vocabulary, kind, start, length, width, noise)
    rows = len(start)
    lead = int(body != "static")  # [CLS]
    ids = np.empty((rows, width), np.int64)
    ids[:, :lead] = vocabulary.cls
    ids[:, lead:] = text.gather(start, width - lead)
    position = np.arange(width)
    end = lead + length
    sentence = np.zeros((rows, width), np.int16)
    row, offset = text.sentences(start, length)  # [N] sentences that begin inside an example
    sentence[row, offset + lead] = 1
    np.cumsum(sentence, axis=1, dtype=np.int16, out=sentence)
    beyond = position >= end[:, None]
    ids[beyond] = vocabulary.pad
    sentence[beyond] = -1
    sentence[:, :lead] = -1
    closed = np.arange(rows)
    if body == "decoder":
        closed = np.flatnonzero(text.ends_document(start, length))
    elif body == "static":
        closed = closed[:0]
    total = end.copy()
    total[closed] += 1
    ids[closed, end[closed]] = vocabulary.sep
    none = np.zeros(rows, np.int64)
    return Batch(
        ids=ids,
        length=total,
        sentence=sentence,
        token_type_ids=np.zeros_like(ids),
        text_tokens=length,
        example_class=none,
    )


def _frame_pairs(
    text: TokenStream, vocabulary: Vocabulary, kind: ExampleType, start: Ints, length: Ints, width: int, noise: Noise
) -> Batch:
    rows = np.arange(len(start))
    whole = text.to_sentence_end(start, length) if kind == "mixed_pair" else length
    row, offset = text.sentences(start, whole)
    borders = np.bincount(row, minlength=len(rows))  # sentences - 1
    split = offset[np.cumsum(borders) - borders + noise.integers("split", borders)]  # [B] tokens in A
    first, first_length = start, split
    second, second_length = start + split, whole - split
    foreign = np.zeros_like(start)
    if kind == "mixed_pair":
        foreign = noise.halves("foreign")
        other = np.flatnonzero(foreign)
        drawn = _in_another_document(text, start[other], noise.take(other))
        wanted = np.maximum(length - split, 1)[other]
        second, second_length = second.copy(), second_length.copy()
        second[other], second_length[other] = text.from_sentence(drawn, wanted)
        first, first_length, second, second_length = _truncate(
            first, first_length, second, second_length, length, noise
        )
    middle = 1 + first_length[:, None]  # [B, 1] position of the first [SEP]
    last = middle + 1 + second_length[:, None]
    position = np.arange(width)
    in_second = (position > middle) & (position <= last)
    tokens = text.gather(second, width)  # [B, L]
    ids = np.take_along_axis(tokens, np.maximum(position - middle - 1, 0), 1)
    np.copyto(ids[:, 1:], text.gather(first, width - 1), where=position[1:] < middle)
    sentence = np.zeros((len(rows), width), np.int16)
    for run, run_length, at in ((first, first_length, np.ones_like(middle)), (second, second_length, middle + 1)):
        row, offset = text.sentences(run, run_length)
        sentence[row, at[row, 0] + offset] = 1
    sentence[rows, middle[:, 0] + 1] = 1
    np.cumsum(sentence, axis=1, dtype=np.int16, out=sentence)
    special = (position == 0) | (position == middle) | (position >= last)
    sentence[special] = -1
    ids[:, 0] = vocabulary.cls
    ids[position > last] = vocabulary.pad
    ids[rows, middle[:, 0]] = ids[rows, last[:, 0]] = vocabulary.sep
    return Batch(
        ids=ids,
        length=last[:, 0] + 1,
        sentence=sentence,
        token_type_ids=in_second.astype(np.int64),
        text_tokens=first_length + second_length,
        example_class=foreign,
    )


def _in_another_document(text: TokenStream, start: Ints, noise: Noise) -> Ints:
    """The number of a random sentence for each row, from any document but the one at `start` [B]. int64 [B]."""
    own = text.document_of(start)
    documents, sentences = int(text.document_bases[-1]), int(text.sentence_bases[-1])
    chosen = text.first_sentence((own + 1) % documents)
    left = np.arange(len(start))
    for draw in range(TRIES):
        drawn = noise.take(left).integers(f"other {draw}", np.full(len(left), sentences))
        elsewhere = text.document_with(drawn) != own[left]
        chosen[left[elsewhere]] = drawn[elsewhere]
        left = left[~elsewhere]
    return chosen


def _truncate(
    first: Ints, first_length: Ints, second: Ints, second_length: Ints, length: Ints, noise: Noise
) -> tuple[Ints, Ints, Ints, Ints]:
    """Truncate pairs to `length` [B] tokens as BERT does: at the front or back of the longer part, at random."""
    kept = np.minimum(first_length + second_length, length)
    half = (kept + 1) // 2
    keep_first = np.where(first_length <= kept // 2, first_length, half)
    keep_first = np.where(second_length <= kept // 2, kept - second_length, keep_first)
    keep_second = kept - keep_first
    for name, run, run_length, keep in (
        ("a", first, first_length, keep_first),
        ("b", second, second_length, keep_second),
    ):
        cut = run_length - keep  # [B]
        coins = noise.uniform(f"truncate {name}", int(cut.max(initial=0))) < 0.5
        front = np.count_nonzero(coins & (np.arange(coins.shape[1]) < cut[:, None]), axis=1)
        if name == "a":
            first = run + front
        else:
            second = run + front
    return first, keep_first, second, keep_second
