"""How likely a model finds a sentence: the sum of the logarithms of the probabilities of its tokens.

causal
    of each token given those before it, a start token being the first. A decoder gives them all at once; one that
    was trained to read backward scores the reversed tokens. A masked model has each token masked together with all
    that follow it (the last special token stays): it was not trained for that, which is what it shows.
pseudo-log-likelihood
    of each token given all others, by masking it (Salazar et al., ACL 2020, section 2), of masked models alone. With
    whole words, what follows of the token's word is masked too, so that a word's end does not give away its
    beginning (Kauf and Ivanova, ACL 2023: "PLL-word-l2r").

Special tokens are not scored, the end of the text neither. Nothing is divided by the length: the sentences of a
minimal pair are of about the same length, and what is left of a difference is part of what the model says.
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
from nlp_ssl.evaluation.checkpoints import load_language_model, longest_input
from nlp_ssl.evaluation.inputs import Tokens, collate, reverse
from nlp_ssl.models.causality import sees_later_tokens
from nlp_ssl.models.parts import TokenScorer
from nlp_ssl.runtime import Precision, make_accelerator

Ints = npt.NDArray[np.int64]
Score = Literal["causal", "pseudo-log-likelihood"]

TOKENS_AT_ONCE = (2**13, 2**16)
"""Tokens in a batch on a CPU and on other devices."""


@dataclass(frozen=True)
class Sentences:
    """Sentences as a model reads them, each between a start and an end token."""

    tokens: Tokens
    words: Ints
    """The number of the word within its sentence that each token belongs to; -1 for start and end."""

    @property
    def lengths(self) -> Ints:
        """Tokens that are scored, of each sentence [n]."""
        return self.tokens.lengths - 2


@dataclass(frozen=True)
class _Batch:
    """Some rows, and the T targets in them."""

    inputs: dict[str, torch.Tensor]  # int64 [B, L]
    sentences: Ints  # [T] the sentence that a target belongs to
    positions: Ints  # [T] where it is predicted, in the flattened rows
    targets: Ints  # [T]


class LanguageModel:
    """A model that predicts tokens, of a folder in Hugging Face format, for scoring sentences."""

    def __init__(self, folder: Path, precision: Precision) -> None:
        whole, self.tokenizer, self.kind, self.backward = load_language_model(folder)
        of = self.tokenizer
        starts = [of.cls_token_id] if self.kind == "masked" else [of.bos_token_id, of.cls_token_id, of.eos_token_id]
        ends = [of.sep_token_id] if self.kind == "masked" else [of.eos_token_id, of.sep_token_id, *starts]
        self.start: int | None = next((i for i in starts if i is not None), None)
        self.end: int | None = next((i for i in ends if i is not None), None)
        if None in (self.start, self.end) or (self.kind == "masked" and of.mask_token_id is None):
            raise InputError(f"{folder}: its tokenizer lacks a token to start or to end a text with, or the mask")
        self.longest: int = longest_input(whole.config, 2**31)
        self.device = make_accelerator(precision)
        self.device.free_memory()
        self.model = TokenScorer(whole.to(self.device.device))
        if self.kind == "causal" and sees_later_tokens(self.model.body, str(folder)):
            raise InputError(f"{folder}: its states depend on later tokens, so its probabilities are not causal")

    def read(self, texts: list[str]) -> Sentences:
        """Tokenise; sentences may have any length, 0 too."""
        encoded = self.tokenizer(
            texts, add_special_tokens=False, return_attention_mask=False, return_token_type_ids=False
        )
        starts = np.zeros(len(texts) + 1, np.int64)
        np.cumsum([len(ids) for ids in encoded["input_ids"]], out=starts[1:])
        words: list[list[int]] = [encoded[i].word_ids for i in range(len(texts))]
        flat = [np.concatenate([np.array(part, np.int64) for part in lists]) for lists in (encoded["input_ids"], words)]
        # Every end is put before the start of the next sentence, which has the same place.
        places, n = np.concatenate([starts[1:], starts[:-1]]), len(texts)
        ids = np.insert(flat[0], places, np.repeat([self.end, self.start], n)).astype(np.int32)
        framed = starts + 2 * np.arange(n + 1)
        unknown = self.tokenizer.unk_token_id
        return Sentences(
            Tokens(
                ids=reverse(ids, framed) if self.backward else ids,
                types=None,
                starts=framed,
                truncated=0,
                unknown=0.0 if unknown is None else float(np.mean(flat[0] == unknown)),
            ),
            np.insert(flat[1], places, -1),
        )

    def score(
        self, sentences: Sentences, by: Score, whole_words: bool, seen: Callable[[int], None]
    ) -> npt.NDArray[np.float32]:
        """The score of each sentence [n], in nats; `seen` is told the tokens scored of every batch.

        Equal sentences are scored once, so that they are equally likely to the last bit.
        """
        tokens, starts = sentences.tokens, sentences.tokens.starts
        seen_before: dict[bytes, int] = {}
        same = np.array(
            [
                seen_before.setdefault(tokens.ids[a:b].tobytes() + sentences.words[a:b].tobytes(), i)
                for i, (a, b) in enumerate(pairwise(starts))
            ]
        )
        own = np.flatnonzero(same == np.arange(len(same)))  # the first of each group of equal ones
        read = self._decoded(sentences, own) if self.kind == "causal" else self._masked(sentences, own, by, whole_words)
        scores = np.zeros(len(same))
        for number, batch in enumerate(read):
            if number % self.device.num_processes == self.device.process_index:
                inputs, positions, targets = (
                    {name: tensor.to(self.device.device) for name, tensor in batch.inputs.items()},
                    *(torch.from_numpy(array).to(self.device.device) for array in (batch.positions, batch.targets)),
                )
                with self.device.autocast():
                    found: torch.Tensor = self.model(**inputs, targets=targets, positions=positions)
                np.add.at(scores, batch.sentences, found.cpu().numpy())
            seen(len(batch.targets))
        summed = self.device.reduce(torch.from_numpy(scores.astype(np.float32)).to(self.device.device), "sum")
        result: npt.NDArray[np.float32] = summed.cpu().numpy()[same]
        return result

    def _decoded(self, sentences: Sentences, own: Ints) -> Iterator[_Batch]:
        """Each sentence in one row, every token predicted where the one before it stands."""
        by_length = own[np.argsort(sentences.lengths[own], kind="stable")]
        for part in self._cut(sentences.lengths[by_length] + 2):
            rows = by_length[part]
            inputs = collate(sentences.tokens, rows, self.tokenizer.pad_token_id)
            ids = inputs["input_ids"].numpy()  # [B, L]
            column = np.arange(ids.shape[1])
            row, place = np.nonzero((column >= 1) & (column <= sentences.lengths[rows][:, None]))  # [T]
            yield _Batch(inputs, rows[row], row * ids.shape[1] + place - 1, ids[row, place])

    def _masked(self, sentences: Sentences, own: Ints, by: Score, whole_words: bool) -> Iterator[_Batch]:
        """Each token in a row of its own, masked together with those after it that it must not see."""
        lengths = sentences.lengths[own]
        sentence, length = np.repeat(own, lengths), np.repeat(lengths, lengths)  # [T]
        place = 1 + np.arange(len(sentence)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        if by == "causal":
            end = length + 1  # the first place that is not masked any more
        elif whole_words:
            words, start = sentences.words, sentences.tokens.starts[sentence]
            flat = np.arange(len(words))
            last = np.where(words != np.append(words[1:], -2), flat, len(words))  # of its word
            end = np.minimum.accumulate(last[::-1])[::-1][start + place] - start + 1
        else:
            end = place + 1
        by_length = np.argsort(length, kind="stable")
        for part in self._cut(length[by_length] + 2):
            rows = by_length[part]
            inputs = collate(sentences.tokens, sentence[rows], self.tokenizer.pad_token_id)
            ids = inputs["input_ids"].numpy()  # [T, L], one row a target; what is written goes into the input
            row, column = np.arange(len(rows)), np.arange(ids.shape[1])
            targets = ids[row, place[rows]]
            ids[(column >= place[rows][:, None]) & (column < end[rows][:, None])] = self.tokenizer.mask_token_id
            yield _Batch(inputs, sentence[rows], row * ids.shape[1] + place[rows], targets)

    def _cut(self, lengths: Ints) -> Iterator[slice]:
        """Parts of rows of ascending lengths, as many as have `TOKENS_AT_ONCE` with their padding."""
        most, start = TOKENS_AT_ONCE[self.device.device.type != "cpu"], 0
        while start < len(lengths):
            ahead = lengths[start : start + most]
            rows = max(1, int(np.searchsorted(ahead * np.arange(1, len(ahead) + 1), most, side="right")))
            yield slice(start, start + rows)
            start += rows
