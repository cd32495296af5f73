"""Tokenised examples and their batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.checkpoints import Checkpoint
from nlp_ssl.tasks.splits import LabelledExamples

POOL = 50  # batches whose examples are sorted by length together
PREDICTED_AT_ONCE = 64  # examples


@dataclass(frozen=True)
class Tokens:
    """The examples of a split as token ids, one behind the other: example i is `ids[starts[i]:starts[i + 1]]`."""

    ids: npt.NDArray[np.int32]
    types: npt.NDArray[np.int8] | None
    """0 in the first text and 1 in the second, for models that are told."""
    starts: npt.NDArray[np.int64]
    truncated: int
    """How many examples were longer than the model may read."""
    unknown: float
    """The share of tokens that the tokenizer does not know."""
    words: npt.NDArray[np.int64] | None = None
    """In token tasks the place of each word's first sub-token in its example, -1 where it is cut off: [words]."""
    word_starts: npt.NDArray[np.int64] | None = None
    """The words of example i are `words[word_starts[i]:word_starts[i + 1]]`."""

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of each example [n]."""
        return np.diff(self.starts)

    @property
    def units(self) -> int:
        """How many outputs a network gives: one for each word in token tasks, else for each example."""
        return len(self.starts) - 1 if self.words is None else len(self.words)

    @property
    def covered(self) -> npt.NDArray[np.bool_]:
        """Whether the network reads the unit at all [units]."""
        return np.ones(self.units, dtype=bool) if self.words is None else self.words >= 0

    def units_of(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The covered units of some examples."""
        return rows if self.words is None else self.word_places(rows)[0]

    def word_places(self, rows: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], ...]:
        """Of the covered words of some examples: the word, its example's place in `rows`, its place in the example."""
        assert self.words is not None and self.word_starts is not None
        counts = np.diff(self.word_starts)[rows]
        words = np.arange(counts.sum()) + np.repeat(self.word_starts[rows] - np.cumsum(counts) + counts, counts)
        of = np.repeat(np.arange(len(rows)), counts)
        read = self.words[words] >= 0
        return words[read], of[read], self.words[words[read]]

    def fingerprint(self) -> str:
        """A hash of what a network reads."""
        digest = blake2b(digest_size=8)
        for array in (self.ids, self.starts, self.types, self.words):
            digest.update(b"" if array is None else array.tobytes())
        return digest.hexdigest()


def encode(checkpoint: Checkpoint, examples: LabelledExamples, max_length: int) -> Tokens:
    """Tokenise with the run's own tokenizer and template; too long pairs lose the ends of the longer text.

    What looks like a special token in a text is text: an encoder-decoder is to find as many [SEP] in each row.
    """
    tokenizer = checkpoint.tokenizer
    if examples.words is not None and not tokenizer.is_fast:
        raise InputError("this tokenizer has no offsets: use a fast tokenizer for tasks with a label for each word")
    told = getattr(checkpoint.config, "type_vocab_size", 0) > 1
    encoded = tokenizer(
        examples.texts,
        examples.pairs,
        truncation=True,
        max_length=max_length,
        return_attention_mask=False,
        return_token_type_ids=told,
        split_special_tokens=True,
        return_offsets_mapping=examples.words is not None,
    )
    starts = np.zeros(len(examples) + 1, dtype=np.int64)
    np.cumsum([len(ids) for ids in encoded["input_ids"]], out=starts[1:])
    ids = _flat(encoded["input_ids"], np.int32)
    if checkpoint.backward:
        ids = reverse(ids, starts)
    tokens = Tokens(
        ids=ids,
        types=_flat(encoded["token_type_ids"], np.int8) if told else None,
        starts=starts,
        truncated=sum(bool(encoded[int(i)].overflowing) for i in np.flatnonzero(np.diff(starts) == max_length)),
        unknown=float(np.mean(ids == tokenizer.unk_token_id)) if tokenizer.unk_token_id is not None else 0.0,
    )
    if examples.words is None:
        return tokens
    places = [_first_tokens(*pair) for pair in zip(encoded["offset_mapping"], examples.words, strict=True)]
    words = np.concatenate(places)
    word_starts = np.concatenate([[0], np.cumsum(examples.word_counts)])
    if checkpoint.backward:
        last = np.repeat(tokens.lengths - 1, examples.word_counts)
        words = np.where(words < 0, words, last - words)
    return replace(tokens, words=words, word_starts=word_starts)


def _first_tokens(offsets: list[tuple[int, int]], words: list[str]) -> npt.NDArray[np.int64]:
    """The place of each word's first sub-token, -1 where there is none; the text has a blank between words.

    `offsets` are the first character of each token and the one behind its last; both are 0 for special tokens.
    """
    begins, ends = np.array(offsets, dtype=np.int64).reshape(-1, 2).T
    real = np.flatnonzero(ends > begins)
    if not len(real):
        return np.full(len(words), -1)
    lengths = np.array([len(word) for word in words])
    first = np.cumsum(lengths + 1) - lengths - 1  # each word's first character
    place = np.searchsorted(ends[real], first, side="right")  # the first token that ends behind it
    token = real[np.minimum(place, len(real) - 1)]
    there = (place < len(real)) & (begins[token] < first + lengths)
    return np.where(there, token, -1)


def reverse(ids: npt.NDArray[np.int32], starts: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    """Each example from its end to its beginning, between its first and last special token."""
    lengths = np.diff(starts)
    place = np.arange(len(ids)) - np.repeat(starts[:-1], lengths)
    length = np.repeat(lengths, lengths)
    inside = (place > 0) & (place < length - 1)
    return ids[np.arange(len(ids)) + np.where(inside, length - 1 - 2 * place, 0)]


def _flat(lists: list[list[int]], dtype: type[Any]) -> npt.NDArray[Any]:
    total = sum(map(len, lists))
    return np.fromiter((i for ids in lists for i in ids), dtype=dtype, count=total)


def batches(lengths: npt.NDArray[np.int64], batch_size: int, seed: int, epoch: int) -> list[npt.NDArray[np.int64]]:
    """The batches of an epoch, as indices: each example once, examples of like length together.

    A pure function of its arguments: shuffle, sort by length within pools of `POOL` batches, shuffle batches.
    """
    rng = np.random.default_rng([seed, epoch])
    shuffled = rng.permutation(len(lengths))
    pools = [shuffled[i : i + POOL * batch_size] for i in range(0, len(shuffled), POOL * batch_size)]
    ordered = np.concatenate([pool[np.argsort(lengths[pool], kind="stable")] for pool in pools])
    cut = [ordered[i : i + batch_size] for i in range(0, len(ordered), batch_size)]
    return [cut[i] for i in rng.permutation(len(cut))]


def collate(tokens: Tokens, rows: npt.NDArray[np.int64], pad: int) -> dict[str, torch.Tensor]:
    """The model's input for some examples, int64[B, L]; without a mask where nothing is padded."""
    lengths = tokens.lengths[rows]
    place = np.arange(lengths.max())
    real = place < lengths[:, None]
    where = np.where(real, tokens.starts[rows][:, None] + place, 0)
    batch = {"input_ids": np.where(real, tokens.ids[where], pad).astype(np.int64)}
    if tokens.types is not None:
        batch["token_type_ids"] = np.where(real, tokens.types[where], 0).astype(np.int64)
    if not real.all():
        batch["attention_mask"] = real.astype(np.int64)
    return {name: torch.from_numpy(array) for name, array in batch.items()}


def for_all(
    device: Any, tokens: Tokens, width: int, work: Callable[[Tokens, npt.NDArray[np.int64]], torch.Tensor]
) -> npt.NDArray[np.float32]:
    """What `work` gives for each covered unit, 0 for others: [units, width]. Batches of like length are distributed."""
    by_length = np.argsort(tokens.lengths, kind="stable")
    cut = [by_length[i : i + PREDICTED_AT_ONCE] for i in range(0, len(by_length), PREDICTED_AT_ONCE)]
    outputs = torch.zeros(tokens.units, width, device=device.device)
    for rows in cut[device.process_index :: device.num_processes]:
        outputs[tokens.units_of(rows)] = work(tokens, rows)
    summed: npt.NDArray[np.float32] = device.reduce(outputs, "sum").cpu().numpy()
    return summed
