"""Tokenise examples and collate them into batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from nlp_ssl.console import say, warn
from nlp_ssl.corpus.unknown import limit_unknown
from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.checkpoints import Checkpoint
from nlp_ssl.tasks.splits import LabelledExamples

POOL = 50  # batches in a pool that is sorted by length
PREDICTION_BATCH_SIZE = 64
MAX_SHARED = 0.1  # a larger fraction of texts that also occur in train is worth a warning


@dataclass(frozen=True)
class Tokens:
    """The token ids of a split, concatenated. Example i is `ids[starts[i]:starts[i + 1]]`.

    A *unit* is an example, or a word in token tasks. A unit is *covered* if its tokens are not truncated away.
    """

    ids: npt.NDArray[np.int32]
    types: npt.NDArray[np.int8] | None
    """token_type_ids: 0 in the first text, 1 in the second. None if the model has no token types."""
    starts: npt.NDArray[np.int64]
    truncated: int
    """The number of examples that were truncated to the maximum length."""
    unknown: float
    """The fraction of the text's tokens that are unknown."""
    words: npt.NDArray[np.int64] | None = None
    """In token tasks, the position of each word's first sub-token in its example [words]; -1 if it is truncated."""
    word_starts: npt.NDArray[np.int64] | None = None
    """The words of example i are `words[word_starts[i]:word_starts[i + 1]]`."""
    targets: Tokens | None = None
    """The tokens of the texts to write, each with an end token and without a start token."""

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """The number of tokens of each example [n]."""
        return np.diff(self.starts)

    @property
    def units(self) -> int:
        """The number of units: of words in token tasks, of examples otherwise."""
        return len(self.starts) - 1 if self.words is None else len(self.words)

    @property
    def covered(self) -> npt.NDArray[np.bool_]:
        """Whether each unit is covered, bool [units]."""
        return np.ones(self.units, dtype=bool) if self.words is None else self.words >= 0

    def units_of(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The covered units of the examples `rows`."""
        return rows if self.words is None else self.word_places(rows)[0]

    def word_places(self, rows: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], ...]:
        """Locate the covered words of the examples `rows`, in token tasks.

        Returns three arrays [covered words]: the index of the word, the index of its example in `rows`, and the
        position of its first sub-token in the example.
        """
        assert self.words is not None and self.word_starts is not None
        counts = np.diff(self.word_starts)[rows]
        words = np.arange(counts.sum()) + np.repeat(self.word_starts[rows] - np.cumsum(counts) + counts, counts)
        example = np.repeat(np.arange(len(rows)), counts)
        covered = self.words[words] >= 0
        return words[covered], example[covered], self.words[words[covered]]

    def fingerprint(self) -> str:
        """A hash of the model's input."""
        digest = blake2b(digest_size=8)
        for array in (self.ids, self.starts, self.types, self.words):
            digest.update(b"" if array is None else array.tobytes())
        digest.update(b"" if self.targets is None else self.targets.fingerprint().encode())
        return digest.hexdigest()


def encode(checkpoint: Checkpoint, examples: LabelledExamples, max_length: int) -> Tokens:
    """Tokenise examples with the checkpoint's tokenizer and truncate them to `max_length` tokens.

    Pairs are truncated at the end of the longer text. Special tokens that occur in a text are split like any other
    string, because encoder-decoders need the same number of [SEP] tokens in every example. A text without any token is
    read as one padding token. Raises InputError for token tasks if the tokenizer gives no offsets.
    """
    tokenizer = checkpoint.tokenizer
    if examples.words is not None and not tokenizer.is_fast:
        raise InputError("the tokenizer gives no offsets; use a fast tokenizer for tasks with a label for each word")
    has_types = has_token_types(checkpoint.config)
    encoded = tokenizer(
        examples.texts,
        examples.pairs,
        truncation=True,
        max_length=max_length,
        return_attention_mask=False,
        return_token_type_ids=has_types,
        return_special_tokens_mask=True,
        split_special_tokens=True,
        return_offsets_mapping=examples.words is not None,
    )
    padding = {"input_ids": tokenizer.pad_token_id, "token_type_ids": 0, "special_tokens_mask": 1}
    for name, value in (padding | {"offset_mapping": (0, 0)}).items():
        if name in encoded:
            encoded[name] = [items or [value] for items in encoded[name]]
    starts = _starts(encoded["input_ids"])
    ids = _flat(encoded["input_ids"], np.int32)
    of_text = _flat(encoded["special_tokens_mask"], np.int8) == 0
    unknown = int((of_text & (ids == tokenizer.unk_token_id)).sum())
    if checkpoint.backward:
        ids = reverse(ids, starts)
    tokens = Tokens(
        ids=ids,
        types=_flat(encoded["token_type_ids"], np.int8) if has_types else None,
        starts=starts,
        truncated=sum(bool(encoded[int(i)].overflowing) for i in np.flatnonzero(np.diff(starts) == max_length)),
        unknown=unknown / max(int(of_text.sum()), 1),
        targets=None if examples.targets is None else _encode_targets(checkpoint, examples.targets, max_length),
    )
    if examples.words is None:
        return tokens
    words = np.concatenate(
        [_first_tokens(*pair) for pair in zip(encoded["offset_mapping"], examples.words, strict=True)]
    )
    word_starts = np.concatenate([[0], np.cumsum(examples.word_counts)])
    if checkpoint.backward:
        last = np.repeat(tokens.lengths - 1, examples.word_counts)
        words = np.where(words < 0, words, last - words)
    return replace(tokens, words=words, word_starts=word_starts)


def has_token_types(config: Any) -> bool:
    """Whether a model tells the texts of a pair apart by token_type_ids."""
    return bool(getattr(config, "type_vocab_size", 0) > 1)


def _encode_targets(checkpoint: Checkpoint, texts: list[str], max_length: int) -> Tokens:
    """Tokenise texts to write, without a start token, and truncate them to `max_length` tokens with the end token."""
    tokenizer, (start, end) = checkpoint.tokenizer, checkpoint.decoder_ends
    encoded = tokenizer(
        text_target=texts,
        return_attention_mask=False,
        return_token_type_ids=False,
        split_special_tokens=True,
        verbose=False,
    )["input_ids"]
    texts_only = [ids[ids[:1] == [start] : len(ids) - (ids[-1:] == [end])] for ids in encoded]
    lists = [[*ids[: max_length - 1], end] for ids in texts_only]
    ids = _flat(lists, np.int32)
    unknown = float((ids == tokenizer.unk_token_id).sum()) / max(len(ids) - len(texts), 1)
    return Tokens(ids, None, _starts(lists), sum(len(ids) >= max_length for ids in texts_only), unknown)


def _starts(lists: list[list[int]]) -> npt.NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum([len(ids) for ids in lists], dtype=np.int64)])


def _first_tokens(offsets: list[tuple[int, int]], words: list[str]) -> npt.NDArray[np.int64]:
    """The position of each word's first sub-token [words], -1 if there is none. The text is the words joined by spaces.

    `offsets` are the first character of each token and the end of its last; both are 0 for special tokens.
    """
    begins, ends = np.array(offsets, dtype=np.int64).reshape(-1, 2).T
    real = np.flatnonzero(ends > begins)
    if not len(real):
        return np.full(len(words), -1)
    lengths = np.array([len(word) for word in words])
    first = np.cumsum(lengths + 1) - lengths - 1  # the first character of each word
    index = np.searchsorted(ends[real], first, side="right")  # the first token that ends after it
    token = real[np.minimum(index, len(real) - 1)]
    found = (index < len(real)) & (begins[token] < first + lengths)
    return np.where(found, token, -1)


def reverse(ids: npt.NDArray[np.int32], starts: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    """Reverse the tokens of each example, except its first and last special token."""
    lengths = np.diff(starts)
    position = np.arange(len(ids)) - np.repeat(starts[:-1], lengths)
    length = np.repeat(lengths, lengths)
    inside = (position > 0) & (position < length - 1)
    return ids[np.arange(len(ids)) + np.where(inside, length - 1 - 2 * position, 0)]


def _flat(lists: list[list[int]], dtype: type[Any]) -> npt.NDArray[Any]:
    total = sum(map(len, lists))
    return np.fromiter((i for ids in lists for i in ids), dtype=dtype, count=total)


def report_inputs(
    tokens: dict[str, Tokens], train: LabelledExamples, predicted: dict[str, LabelledExamples], max_length: int
) -> None:
    """Report truncated and unknown tokens of "train" and the predicted splits, and texts they share with train.

    InputError if too many tokens are unknown.
    """
    for split in ("train", *predicted):
        report_tokens(tokens[split], split, max_length)
    if (written := tokens["train"].targets) is not None:
        report_tokens(written, "train, texts to write", max_length)
    train_texts = set(train.texts)
    for split, examples in predicted.items():
        shared = sum(text in train_texts for text in examples.texts) / len(examples)
        if shared > MAX_SHARED:
            first = "first " if examples.pairs else ""
            warn(f"{split}: {shared:.0%} of the {first}texts also occur in train; scores may reflect memorisation")


def report_tokens(tokens: Tokens, where: str, max_length: int) -> None:
    """Report truncated and unknown tokens. InputError if too many are unknown."""
    if tokens.truncated:
        say(f"{where}: truncated {tokens.truncated:,} of {len(tokens.lengths):,} inputs to {max_length} tokens")
    if cut := int((~tokens.covered).sum()):
        say(f"{where}: {cut:,} of {tokens.units:,} words are truncated and get the most frequent tag")
    check_unknown(tokens.unknown, where)


def check_unknown(share: float, where: str) -> None:
    """Warn of a large share of unknown tokens, which a model cannot tell apart. InputError if it is too large."""
    remedy = "use a model whose tokenizer knows these texts"
    limit_unknown(share, where, "the tokens are unknown to the model's tokenizer", "and look alike to it", remedy)


def batches(lengths: npt.NDArray[np.int64], batch_size: int, seed: int, epoch: int) -> list[npt.NDArray[np.int64]]:
    """Divide an epoch into batches of example indices, with examples of similar length together.

    The examples are shuffled, sorted by length within pools of `POOL` batches, and cut into batches, which are
    shuffled again. The result depends on the arguments alone.
    """
    rng = np.random.default_rng([seed, epoch])
    shuffled = rng.permutation(len(lengths))
    pools = [shuffled[i : i + POOL * batch_size] for i in range(0, len(shuffled), POOL * batch_size)]
    ordered = np.concatenate([pool[np.argsort(lengths[pool], kind="stable")] for pool in pools])
    cut = [ordered[i : i + batch_size] for i in range(0, len(ordered), batch_size)]
    return [cut[i] for i in rng.permutation(len(cut))]


def padded_batch(tokens: Tokens, rows: npt.NDArray[np.int64], pad: int) -> dict[str, torch.Tensor]:
    """The model's input for the examples `rows`: int64 tensors [B, L], padded with the token id `pad`.

    Contains `token_type_ids` if the model has them, and `attention_mask` if any example is padded.
    """
    lengths = tokens.lengths[rows]
    position = np.arange(lengths.max())
    real = position < lengths[:, None]
    source = np.where(real, tokens.starts[rows][:, None] + position, 0)
    batch = {"input_ids": np.where(real, tokens.ids[source], pad).astype(np.int64)}
    if tokens.types is not None:
        batch["token_type_ids"] = np.where(real, tokens.types[source], 0).astype(np.int64)
    if not real.all():
        batch["attention_mask"] = real.astype(np.int64)
    return {name: torch.from_numpy(array) for name, array in batch.items()}


def for_all(
    device: Any, tokens: Tokens, width: int, predict: Callable[[Tokens, npt.NDArray[np.int64]], torch.Tensor]
) -> npt.NDArray[np.float32]:
    """Call `predict` on batches of similar length and collect its outputs, float32 [units, width].

    Units that are not covered have zeros. The batches are distributed over the processes of the Accelerator `device`;
    all processes return the same array.
    """
    by_length = np.argsort(tokens.lengths, kind="stable")
    size = PREDICTION_BATCH_SIZE
    cut = [by_length[i : i + size] for i in range(0, len(by_length), size)]
    outputs = torch.zeros(tokens.units, width, device=device.device)
    for rows in cut[device.process_index :: device.num_processes]:
        outputs[tokens.units_of(rows)] = predict(tokens, rows)
    summed: npt.NDArray[np.float32] = device.reduce(outputs, "sum").cpu().numpy()
    return summed
