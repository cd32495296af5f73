"""Bits per byte of a corpus's held-out text under any causal language model, with the model's own tokenizer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from nlp_ssl.console import progress, say
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.errors import InputError, NoScoreError
from nlp_ssl.evaluation.likelihood import LanguageModel
from nlp_ssl.models.folder import as_causal
from nlp_ssl.runtime import Precision
from nlp_ssl.tasks.from_corpus.text import HeldOutText, held_out_text
from nlp_ssl.training.loss_totals import bits_per_byte

LONGEST_PIECE = 512
"""Maximum number of tokens that are read at once, with start and end."""


def likelihood_metrics(folder: Path, corpus: Corpus, tokens: int, precision: Precision) -> dict[str, float]:
    """Bits per byte, nats per token, and bytes of about `tokens` tokens of the corpus's held-out text.

    The text is that of whole sentences of a document, as many as the model can read at once. Tokens that are unknown to
    the model are charged byte by byte. InputError for a model that is not causal, or a corpus without held-out text.
    """
    model = LanguageModel(as_causal(folder), precision)
    if model.kind != "causal":
        raise NoScoreError(
            f"{folder}: a masked language model gives no bits per byte; for its loss, prepare the text with this "
            "folder as --tokenizer"
        )
    counts = corpus.counts["validation"]
    text = held_out_text(corpus, max(1, round(tokens * counts.sentences / max(counts.tokens, 1))))
    most = min(model.longest, LONGEST_PIECE) - 2
    lengths = [len(ids) for ids in _encoded(model.tokenizer, text.texts)["input_ids"]] if text.texts else []
    pieces = list(_pieces(text, lengths, most))
    if not pieces:
        raise InputError(f"{corpus.folder}: no held-out sentence that the model can read")
    if left_out := sum(n > most for n in lengths):
        say(f"{left_out:,} of {len(lengths):,} sentences are left out: they have more than {most} tokens")
    sentences = model.read(pieces)
    with progress("bits per byte", float(sentences.lengths.sum()), "tokens") as job:
        nats = -float(model.score(sentences, "causal", False, job.advance).sum(dtype=float))
        job.advance(job.total - job.done)  # equal pieces are scored once
    size = sum(len(piece.encode()) for piece in pieces)
    return {
        "bits_per_byte": bits_per_byte(nats, size, _unknown_bytes(model.tokenizer, pieces)),
        "loss": nats / float(sentences.lengths.sum()),
        "bytes": float(size),
    }


def _encoded(tokenizer: Any, texts: Sequence[str], **more: Any) -> Any:
    return tokenizer(list(texts), add_special_tokens=False, split_special_tokens=True, verbose=False, **more)


def _pieces(text: HeldOutText, lengths: Sequence[int], most: int) -> Iterator[str]:
    """Runs of neighbouring sentences, joined by spaces, of up to `most` tokens. Longer sentences are left out."""
    document = text.sentences.document.tolist()
    for _, group in groupby(range(len(document)), key=lambda i: document[i]):
        piece: list[str] = []
        size = 0
        for i in group:
            if size + lengths[i] > most and piece:
                yield " ".join(piece)
                piece, size = [], 0
            if lengths[i] <= most:
                piece.append(text.texts[i])
                size += lengths[i]
        if piece:
            yield " ".join(piece)


def _unknown_bytes(tokenizer: Any, pieces: Sequence[str]) -> int:
    """UTF-8 bytes of the text that unknown tokens stand for."""
    if tokenizer.unk_token_id is None or not tokenizer.is_fast:
        return 0
    encoded = _encoded(tokenizer, pieces, return_offsets_mapping=True)
    return sum(
        len(piece[a:b].encode())
        for piece, ids, offsets in zip(pieces, encoded["input_ids"], encoded["offset_mapping"], strict=True)
        for token, (a, b) in zip(ids, offsets, strict=True)
        if token == tokenizer.unk_token_id
    )
