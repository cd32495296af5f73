"""Small corpora for tests, made from token ids without reading text or training a tokenizer."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import PreTrainedTokenizerFast

from nlp_ssl.corpus.store import CORPUS_FORMAT, Corpus, Shard, fingerprint_of, write_shard
from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.sampling.batch import Batch
from nlp_ssl.sampling.examples import Body, ExampleType, TokenStream, find_examples
from nlp_ssl.sampling.framing import frame
from nlp_ssl.sampling.noise import Noise

SPECIAL_IDS = {"pad": 0, "unk": 1, "cls": 2, "sep": 3, "mask": 4}
EMOJI = {"😂": 34, "😍": 47}
"""The tokens of a corpus on disk that are emoji."""
SENTINELS = [40, 41, 42, 43, 44, 45, 46]
MODES = {"[R]": 37, "[S]": 38, "[X]": 39}


def vocabulary(size: int = 50) -> Vocabulary:
    """Specials 0..4, then the ordinary tokens w5, w6, …; those divisible by 3 continue a word."""
    return Vocabulary(
        size=size,
        word_starts=np.arange(size) % 3 != 0,
        surfaces=("",) * 5 + tuple(f"w{i}" for i in range(5, size)),
        counts=np.where(np.arange(size) < 5, 0, 1000 // np.arange(1, size + 1)),
        emoji={},
        documents=60,
        sentinels=tuple(SENTINELS),
        modes=MODES,
        **SPECIAL_IDS,
    )


def words_vocabulary(text: str) -> Vocabulary:
    """Specials 0..4, then the words of a text; "##" marks one that continues another."""
    words = text.split()
    size = 5 + len(words)
    return Vocabulary(
        size=size,
        word_starts=np.array([True] * 5 + [not word.startswith("##") for word in words]),
        surfaces=("",) * 5 + tuple(word.removeprefix("##") for word in words),
        counts=np.ones(size, np.int64),
        emoji={},
        **SPECIAL_IDS,
    )


def shard(documents: Sequence[Sequence[Sequence[int]]]) -> Shard:
    """A shard of documents, given as lists of sentences, given as lists of token ids."""
    sentences = [sentence for document in documents for sentence in document]
    return Shard(
        tokens=np.array([token for sentence in sentences for token in sentence], np.uint16),
        sentence_offsets=np.cumsum([0, *map(len, sentences)]).astype(np.int32),
        document_offsets=np.cumsum([0, *map(len, documents)]).astype(np.int32),
    )


def clean_batch(
    documents: Sequence[Sequence[Sequence[int]]], kind: ExampleType, body: Body, max_length: int, seed: int = 0
) -> tuple[Batch, Noise]:
    """All examples of some documents as one clean batch, and its noise."""
    text = TokenStream([shard(documents)])
    found = find_examples(text, kind, body, max_length)
    noise = Noise(seed, 0, np.arange(len(found)))
    length = found.length.astype(np.int64)
    return frame(text, vocabulary(), kind, body, found.start, length, max_length, noise), noise


def random_documents(seed: int, documents: int, vocab_size: int = 50) -> list[list[list[int]]]:
    """Documents of 1 to 12 sentences of 1 to 20 tokens; each token tends to be followed by its successor."""
    draw = np.random.default_rng(seed)

    def sentence() -> list[int]:
        start, length = int(draw.integers(5, vocab_size)), int(draw.integers(1, 21))
        return [5 + (start - 5 + i) % (vocab_size - 5) for i in range(length)]

    return [[sentence() for _ in range(draw.integers(1, 13))] for _ in range(documents)]


def write_corpus(folder: Path, vocab_size: int = 50, seed: int = 0, documents: int = 60) -> Corpus:
    """A corpus on disk, as `nlp-ssl prepare` would leave it."""
    splits = {"train": random_documents(seed, documents, vocab_size), "validation": random_documents(99, 8, vocab_size)}
    counts = {}
    for name, content in splits.items():
        made = shard(content)
        (folder / name).mkdir(parents=True)
        write_shard(folder / name / "00000.arrow", made.tokens, made.sentence_offsets, made.document_offsets)
        counts[name] = {
            "documents": len(content),
            "sentences": len(made.sentence_offsets) - 1,
            "tokens": len(made.tokens),
            "bytes": 4 * len(made.tokens),
        }
    words = {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4}
    names = {token: emoji for emoji, token in EMOJI.items()}
    words |= {names.get(i, f"w{i}"): i for i in range(5, vocab_size)}
    model = Tokenizer(WordLevel(words, unk_token="[UNK]"))
    model.pre_tokenizer = Whitespace()
    roles = {f"{name}_token": f"[{name.upper()}]" for name in SPECIAL_IDS}
    PreTrainedTokenizerFast(tokenizer_object=model, **roles).save_pretrained(folder / "tokenizer")
    np.save(folder / "tokenizer" / "word_starts.npy", np.arange(vocab_size) % 3 != 0)
    manifest = {
        "format": CORPUS_FORMAT,
        "fingerprint": fingerprint_of(folder, SPECIAL_IDS),
        "vocab_size": vocab_size,
        "special_ids": SPECIAL_IDS,
        "emoji_ids": EMOJI,
        "sentinel_ids": SENTINELS,
        "mode_ids": MODES,
        "splits": counts,
        "language": "en",
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return Corpus.open(folder)


def replace_split(folder: Path, split: str, documents: list[list[list[int]]]) -> None:
    """Give a corpus on disk other documents in a split, none for an empty list, as if it had been prepared so."""
    shutil.rmtree(folder / split)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["splits"][split] = dict.fromkeys(manifest["splits"][split], 0)
    if documents:
        (folder / split).mkdir()
        made = shard(documents)
        write_shard(folder / split / "00000.arrow", made.tokens, made.sentence_offsets, made.document_offsets)
        manifest["splits"][split] |= {"documents": len(documents), "tokens": len(made.tokens)}
        manifest["splits"][split] |= {"sentences": len(made.sentence_offsets) - 1, "bytes": 4 * len(made.tokens)}
    manifest["fingerprint"] = fingerprint_of(folder, manifest["special_ids"])
    (folder / "manifest.json").write_text(json.dumps(manifest))
