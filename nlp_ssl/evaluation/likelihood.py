"""Sentence scores of a language model: sums of token log probabilities, in nats.

causal
    The log probability of each token given the tokens before it. A decoder pretrained on reversed text scores the
    reversed sentence. A masked model has the token and all later tokens except the final special token masked; it
    was not trained on such inputs.
pseudo-log-likelihood
    The log probability of each token given all others, by masking it (Salazar et al., ACL 2020, section 2). For masked
    models only. With whole words, the later tokens of the same word are masked too, so that the end of a word does
    not reveal its beginning (PLL-word-l2r: Kauf and Ivanova, ACL 2023).

Special tokens are not scored. Scores are not normalised by length: the sentences of a minimal pair have about the
same length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch

from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.checkpoints import load_language_model
from nlp_ssl.evaluation.inputs import Tokens, padded_batch, reverse
from nlp_ssl.models.architectures import longest_input
from nlp_ssl.models.causality import sees_later_tokens
from nlp_ssl.models.parts import TokenScorer
from nlp_ssl.runtime import Precision, make_accelerator

Ints = npt.NDArray[np.int64]
Scoring = Literal["causal", "pseudo-log-likelihood"]

TOKENS_AT_ONCE = (2**13, 2**16)
"""Tokens in a batch on a CPU and on other devices."""


@dataclass(frozen=True)
class EncodedSentences:
    """Tokenised sentences, each between a start and an end token."""

    tokens: Tokens
    words: Ints
    """The index of each token's word in its sentence [tokens]; -1 for start and end tokens, and others that are only
    read."""

    @property
    def lengths(self) -> Ints:
        """The number of tokens of each sentence [n], without start and end."""
        return self.tokens.lengths - 2


@dataclass(frozen=True)
class _Batch:
    """B input sequences of length L, with T target tokens."""

    inputs: dict[str, torch.Tensor]  # int64 [B, L]
    sentences: Ints  # [T] the sentence of each target
    positions: Ints  # [T] the position in the flattened [B * L] at which the target is predicted
    targets: Ints  # [T] token ids


class LanguageModel:
    """A masked or causal language model from a folder in Hugging Face format, for scoring sentences.

    A masked model whose config says `predicts_next_token` predicts each token at the position before it.

    Raises InputError if the model cannot be loaded, or its tokenizer lacks a start, end or mask token.
    """

    def __init__(self, folder: Path, precision: Precision) -> None:
        model, self.tokenizer, self.kind, self.backward = load_language_model(folder)
        t = self.tokenizer
        starts = [t.cls_token_id] if self.kind == "masked" else [t.bos_token_id, t.cls_token_id, t.eos_token_id]
        ends = [t.sep_token_id] if self.kind == "masked" else [t.eos_token_id, t.sep_token_id, *starts]
        self.start: int | None = next((i for i in starts if i is not None), None)
        self.end: int | None = next((i for i in ends if i is not None), None)
        if None in (self.start, self.end) or (self.kind == "masked" and t.mask_token_id is None):
            raise InputError(f"{folder}: the tokenizer lacks a start, end or mask token")
        self.ahead = int(getattr(model.config, "predicts_next_token", False))
        self.longest: int = longest_input(model.config, 2**31)
        self.device = make_accelerator(precision)
        self.device.free_memory()
        self.model = TokenScorer(model.to(self.device.device))
        if self.kind == "causal" and sees_later_tokens(self.model.body, str(folder)):
            raise InputError(f"{folder}: its states depend on later tokens, so its probabilities are not causal")

    def read(self, texts: list[str]) -> EncodedSentences:
        """Tokenise sentences of any length, including 0."""
        encoded = self.tokenizer(
            texts,
            add_special_tokens=False,
            split_special_tokens=True,
            return_attention_mask=False,
            return_token_type_ids=False,
        )
        starts = np.zeros(len(texts) + 1, np.int64)
        np.cumsum([len(ids) for ids in encoded["input_ids"]], out=starts[1:])
        words: list[list[int]] = [encoded[i].word_ids for i in range(len(texts))]
        flat = [np.concatenate([np.array(part, np.int64) for part in lists]) for lists in (encoded["input_ids"], words)]
        # An end token is inserted before the start token of the next sentence, which has the same place.
        places, n = np.concatenate([starts[1:], starts[:-1]]), len(texts)
        ids = np.insert(flat[0], places, np.repeat([self.end, self.start], n)).astype(np.int32)
        framed = starts + 2 * np.arange(n + 1)
        unknown = int((flat[0] == self.tokenizer.unk_token_id).sum())
        return EncodedSentences(
            Tokens(
                ids=reverse(ids, framed) if self.backward else ids,
                types=None,
                starts=framed,
                truncated=0,
                unknown=unknown / max(len(flat[0]), 1),
            ),
            np.insert(flat[1], places, -1),
        )

    def score(
        self, sentences: EncodedSentences, by: Scoring, whole_words: bool, advance: Callable[[int], None]
    ) -> npt.NDArray[np.float32]:
        """Return the score of each sentence, float32 [n], in nats, the same on all processes.

        `advance` is called after each batch with the number of tokens scored. Equal sentences are scored once, so
        their scores are exactly equal.
        """
        tokens, starts = sentences.tokens, sentences.tokens.starts
        first_index: dict[bytes, int] = {}
        same = np.array(
            [
                first_index.setdefault(tokens.ids[a:b].tobytes() + sentences.words[a:b].tobytes(), i)
                for i, (a, b) in enumerate(pairwise(starts))
            ]
        )
        distinct = np.flatnonzero(same == np.arange(len(same)))
        if self.kind == "causal":
            batches = self._causal_batches(sentences, distinct)
        else:
            batches = self._masked_batches(sentences, distinct, by, whole_words)
        scores = np.zeros(len(same))
        for number, batch in enumerate(batches):
            if number % self.device.num_processes == self.device.process_index:
                inputs, positions, targets = (
                    {name: tensor.to(self.device.device) for name, tensor in batch.inputs.items()},
                    *(torch.from_numpy(array).to(self.device.device) for array in (batch.positions, batch.targets)),
                )
                with self.device.autocast():
                    found: torch.Tensor = self.model(**inputs, targets=targets, positions=positions)
                np.add.at(scores, batch.sentences, found.cpu().numpy())
            advance(len(batch.targets))
        summed = self.device.reduce(torch.from_numpy(scores.astype(np.float32)).to(self.device.device), "sum")
        result: npt.NDArray[np.float32] = summed.cpu().numpy()[same]
        return result

    def _causal_batches(self, sentences: EncodedSentences, distinct: Ints) -> Iterator[_Batch]:
        """One sequence for each sentence. Each token is predicted at the position before it."""
        by_length = distinct[np.argsort(sentences.lengths[distinct], kind="stable")]
        for part in self._slices(sentences.lengths[by_length] + 2):
            rows = by_length[part]
            inputs = padded_batch(sentences.tokens, rows, self.tokenizer.pad_token_id)
            ids = inputs["input_ids"].numpy()  # [B, L]
            column = np.arange(ids.shape[1])
            inside = (column >= 1) & (column <= sentences.lengths[rows][:, None])  # [B, L]
            at = np.where(inside, sentences.tokens.starts[rows][:, None] + column, 0)
            row, position = np.nonzero(inside & (sentences.words[at] >= 0))  # [T]
            yield _Batch(inputs, rows[row], row * ids.shape[1] + position - 1, ids[row, position])

    def _masked_batches(
        self, sentences: EncodedSentences, distinct: Ints, by: Scoring, whole_words: bool
    ) -> Iterator[_Batch]:
        """One sequence for each token, in which the token and the later tokens it must not see are masked."""
        lengths = sentences.lengths[distinct]
        sentence, length = np.repeat(distinct, lengths), np.repeat(lengths, lengths)  # [T]
        position = 1 + np.arange(len(sentence)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        scored = sentences.words[sentences.tokens.starts[sentence] + position] >= 0
        sentence, length, position = sentence[scored], length[scored], position[scored]
        # Positions from `position` to before `end` are masked.
        if by == "causal":
            end = length + 1
        elif whole_words:
            words, start = sentences.words, sentences.tokens.starts[sentence]
            flat = np.arange(len(words))
            last = np.where(words != np.append(words[1:], -2), flat, len(words))  # the last token of each word
            end = np.minimum.accumulate(last[::-1])[::-1][start + position] - start + 1
        else:
            end = position + 1
        by_length = np.argsort(length, kind="stable")
        for part in self._slices(length[by_length] + 2):
            rows = by_length[part]
            inputs = padded_batch(sentences.tokens, sentence[rows], self.tokenizer.pad_token_id)
            ids = inputs["input_ids"].numpy()  # [T, L], shares memory with the input
            row, column = np.arange(len(rows)), np.arange(ids.shape[1])
            targets = ids[row, position[rows]]
            ids[(column >= position[rows][:, None]) & (column < end[rows][:, None])] = self.tokenizer.mask_token_id
            yield _Batch(inputs, sentence[rows], row * ids.shape[1] + position[rows] - self.ahead, targets)

    def _slices(self, lengths: Ints) -> Iterator[slice]:
        """Divide sequences of ascending lengths into batches of `TOKENS_AT_ONCE` tokens, including padding."""
        most, start = TOKENS_AT_ONCE[self.device.device.type != "cpu"], 0
        while start < len(lengths):
            ahead = lengths[start : start + most]
            rows = max(1, int(np.searchsorted(ahead * np.arange(1, len(ahead) + 1), most, side="right")))
            yield slice(start, start + rows)
            start += rows
