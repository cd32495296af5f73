"""The corpus's tokenizer: trained here, or loaded; written in Hugging Face format.

A trained one has the special tokens [PAD] [UNK] [CLS] [SEP] [MASK] at ids 0 to 4, encodes a text as `[CLS] a [SEP]`
and a pair as `[CLS] a [SEP] b [SEP]`, and has the corpus's most frequent emoji as tokens, a whole sequence each.
Training is deterministic, so that the same text gives the same corpus.
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from nlp_ssl.corpus import emoji
from nlp_ssl.errors import InputError

Kind = Literal["wordpiece", "bpe", "unigram", "wordlevel"]
KINDS: tuple[str, ...] = get_args(Kind)

SPECIAL = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}
"""The special tokens that every objective can rely on, by their role."""

LONGEST_TEXT = 512
"""`model_max_length` of a trained tokenizer; a model with more positions overrides it."""

EMOJI_SHARE = 16  # at most one in so many tokens of the vocabulary is an emoji
ALPHABET_SHARE = 4  # at most one in so many is a single character


def train(
    kind: Kind,
    paragraphs: Iterator[str],
    vocab_size: int,
    min_frequency: int,
    lowercase: bool,
    characters: Mapping[str, int],
    emoji_counts: Mapping[str, int],
) -> Tokenizer:
    """Train a tokenizer of at most `vocab_size` tokens, of those that occur `min_frequency` times or more.

    `characters` and `emoji_counts` say how often each occurs in the corpus.
    """
    pictures = _most_frequent(emoji_counts, min_frequency, vocab_size // EMOJI_SHARE)
    size = vocab_size - len(pictures)
    written = Counter[str]()
    for character, count in characters.items():
        for c in unicodedata.normalize("NFC", character.lower() if lowercase else character):
            if unicodedata.category(c)[0] not in "CZ" and not emoji.PATTERN.fullmatch(c):
                written[c] += count
    alphabet = sorted(_most_frequent(written, min_frequency, vocab_size // ALPHABET_SHARE))
    special = list(SPECIAL.values())
    normal_form = normalizers.Sequence([normalizers.NFC(), *([normalizers.Lowercase()] if lowercase else [])])
    texts = (emoji.strip(paragraph) for paragraph in paragraphs)

    if kind == "wordpiece":
        tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        tokenizer.normalizer = normalizers.BertNormalizer(
            clean_text=True, handle_chinese_chars=True, strip_accents=False, lowercase=lowercase
        )
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        # The trainer numbers the continuing characters in the order of a hash table and breaks ties by these
        # numbers: naming them first makes it deterministic.
        continuing = [f"##{c}" for c in alphabet if _continues_word(c)]
        trainer: Any = trainers.WordPieceTrainer(
            vocab_size=size, min_frequency=min_frequency, special_tokens=special + continuing,
            initial_alphabet=alphabet, limit_alphabet=len(alphabet), show_progress=False,
        )  # fmt: skip
        tokenizer.train_from_iterator(texts, trainer)
        learned = Tokenizer(models.WordPiece(tokenizer.get_vocab(), unk_token="[UNK]"))
        learned.normalizer, learned.pre_tokenizer = tokenizer.normalizer, tokenizer.pre_tokenizer
        tokenizer = learned
        tokenizer.decoder = decoders.WordPiece()
    elif kind == "bpe":
        tokenizer = Tokenizer(models.BPE())
        tokenizer.normalizer = normal_form
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
        tokenizer.decoder = decoders.Sequence([decoders.ByteLevel(), decoders.Strip(" ", 1, 0)])
        trainer = trainers.BpeTrainer(
            vocab_size=size, min_frequency=min_frequency, special_tokens=special, show_progress=False,
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        )  # fmt: skip
        tokenizer.train_from_iterator(texts, trainer)
    elif kind == "unigram":
        tokenizer = Tokenizer(models.Unigram())
        tokenizer.normalizer = normal_form
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always")]
        )
        tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
        trainer = trainers.UnigramTrainer(
            vocab_size=size, special_tokens=special, unk_token="[UNK]", show_progress=False
        )
        tokenizer.train_from_iterator(texts, trainer)
        vocabulary = _without_chance(json.loads(tokenizer.to_str())["model"]["vocab"], len(special))
        tokenizer.model = models.Unigram(vocabulary, unk_id=special.index("[UNK]"))
    else:
        tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
        tokenizer.normalizer = normal_form
        tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
        trainer = trainers.WordLevelTrainer(
            vocab_size=size, min_frequency=min_frequency, special_tokens=special, show_progress=False
        )
        tokenizer.train_from_iterator(texts, trainer)

    tokenizer.add_special_tokens(special)
    # Bytes would leave a token for the space before an emoji.
    tokenizer.add_tokens([AddedToken(p, normalized=False, lstrip=kind == "bpe") for p in pictures])
    tokenizer.post_processor = _template(tokenizer, "[CLS]", "[SEP]")
    return tokenizer


def save_trained(tokenizer: Tokenizer, folder: Path) -> dict[str, int]:
    """Write a trained tokenizer in Hugging Face format; returns the ids of the special tokens by role."""
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        **{f"{role}_token": token for role, token in SPECIAL.items()},
        "bos_token": "[CLS]",
        "eos_token": "[SEP]",
        "model_max_length": LONGEST_TEXT,
        "model_input_names": ["input_ids", "token_type_ids", "attention_mask"],
        "clean_up_tokenization_spaces": False,
    }
    (folder / "tokenizer.json").write_text(tokenizer.to_str(pretty=True), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    vocabulary = tokenizer.get_vocab()
    return {role: vocabulary[token] for role, token in SPECIAL.items()}


def save_given(name: str, folder: Path) -> tuple[dict[str, int], list[str]]:
    """Load a tokenizer from a folder or the hub and write a copy that has all special tokens.

    Returns their ids by role, and the tokens that had to be added because the tokenizer has none in the role.
    InputError where there is no such tokenizer, or it is not one of the `tokenizers` library.
    """
    from transformers import AutoTokenizer

    kinds = ", ".join(KINDS)
    try:
        given = AutoTokenizer.from_pretrained(name)
    except Exception as error:  # missing files, no network, no such model: many types
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"--tokenizer {name}: neither {kinds} nor a tokenizer that could be loaded ({reason})"
        ) from None
    if not given.is_fast:
        raise InputError(f"--tokenizer {name}: has no fast version (tokenizer.json); choose another or {kinds}")
    missing = [role for role in SPECIAL if getattr(given, f"{role}_token") is None]
    given.add_special_tokens({f"{role}_token": SPECIAL[role] for role in missing})
    if "cls" in missing or "sep" in missing:
        backend = given.backend_tokenizer
        backend.post_processor = _template(backend, given.cls_token, given.sep_token)
    given.save_pretrained(folder)
    return {role: getattr(given, f"{role}_token_id") for role in SPECIAL}, [SPECIAL[role] for role in missing]


def load(folder: Path) -> Tokenizer:
    """The tokenizer of a folder, without transformers."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def vocab_size(tokenizer: Tokenizer) -> int:
    """The number of ids, whether or not each has a token."""
    return max(tokenizer.get_vocab(with_added_tokens=True).values()) + 1


def needs_space(tokenizer: Tokenizer) -> bool:
    """Whether a sentence must be given a leading space for its first word to be encoded as within a text."""
    return any(part["type"] == "ByteLevel" and not part["add_prefix_space"] for part in _pre_tokenizers(tokenizer))


def word_starts(tokenizer: Tokenizer) -> npt.NDArray[np.bool_]:
    """bool[vocab_size]: whether a token begins a word; true of all tokens that carry no mark of it."""
    layout = json.loads(tokenizer.to_str())
    model = layout["model"]
    starts = np.ones(vocab_size(tokenizer), dtype=np.bool_)
    added = {token["id"] for token in layout["added_tokens"]}
    parts = {part["type"]: part for part in _pre_tokenizers(tokenizer)}
    for token, id in tokenizer.get_vocab(with_added_tokens=True).items():
        if id in added:
            continue
        if model["type"] == "WordPiece":
            starts[id] = not token.startswith(model["continuing_subword_prefix"])
        elif "ByteLevel" in parts:
            starts[id] = token.startswith("Ġ")
        elif model["type"] == "Unigram" or (model["type"] == "BPE" and not model["end_of_word_suffix"]):
            starts[id] = token.startswith("▁")
    return starts


def surfaces(tokenizer: Tokenizer, size: int) -> tuple[str, ...]:
    """The characters that each of `size` ids stands for, without marks of where words begin; "" for special tokens.

    A token of bytes that are no characters by themselves is one replacement character for each.
    """
    layout = json.loads(tokenizer.to_str())
    continues = layout["model"].get("continuing_subword_prefix") or ""
    special = {token["id"] for token in layout["added_tokens"] if token["special"]}
    added = {token["id"] for token in layout["added_tokens"]}
    of_bytes = "ByteLevel" in {part["type"] for part in _pre_tokenizers(tokenizer)}
    out = [""] * size
    for token, id in tokenizer.get_vocab(with_added_tokens=True).items():
        if id in special:
            continue
        if of_bytes and id not in added:
            token = bytes(map(_BYTE_OF.__getitem__, token)).decode("utf-8", errors="replace")
        out[id] = token.removeprefix(continues).replace("▁", "").strip()
    return tuple(out)


def _bytes_as_characters() -> dict[str, int]:
    """The byte that each character of a byte-level tokenizer stands for (Radford et al., GPT-2, 2019).

    Printable bytes are themselves, the others follow from U+0100 on.
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + i): byte for i, byte in enumerate(others)}


_BYTE_OF = _bytes_as_characters()


def emoji_ids(tokenizer: Tokenizer) -> dict[str, int]:
    """The tokens that are one emoji, and their ids."""
    vocabulary = tokenizer.get_vocab(with_added_tokens=True).items()
    return {token: id for token, id in sorted(vocabulary, key=lambda item: item[1]) if emoji.PATTERN.fullmatch(token)}


def _without_chance(vocabulary: list[tuple[str, float]], special: int) -> list[tuple[str, float]]:
    """A Unigram vocabulary without what depends on the order of hash tables in its trainer.

    That is the last digits of the scores, and which of the characters that are no piece by themselves gets which of
    the lowest scores, 0.0001 apart: all get the lowest one.
    """
    lowest = min(score for _, score in vocabulary[special:])
    reach = lowest + 1e-4 * sum(len(piece) == 1 for piece, _ in vocabulary)
    learned = [
        (piece, round(lowest if len(piece) == 1 and score <= reach else score, 4))
        for piece, score in vocabulary[special:]
    ]
    return [(piece, score) for piece, score in vocabulary[:special]] + sorted(
        learned, key=lambda item: (-item[1], item[0])
    )


def _most_frequent(counts: Mapping[str, int], at_least: int, at_most: int) -> list[str]:
    """The most frequent keys; equal counts go by the key."""
    frequent = sorted((-count, key) for key, count in counts.items() if count >= at_least)
    return [key for _, key in frequent[:at_most]]


def _continues_word(character: str) -> bool:
    """Whether a character can stand inside a word; punctuation and Chinese characters are words of their own."""
    category = unicodedata.category(character)
    return (
        not category.startswith("P")
        and not unicodedata.name(character, "").startswith("CJK ")
        and not (character.isascii() and not character.isalnum())
    )


def _template(tokenizer: Tokenizer, cls: str, sep: str) -> processors.TemplateProcessing:
    return processors.TemplateProcessing(
        single=f"{cls}:0 $A:0 {sep}:0",
        pair=f"{cls}:0 $A:0 {sep}:0 $B:1 {sep}:1",
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in (cls, sep)],
    )


def _pre_tokenizers(tokenizer: Tokenizer) -> list[dict[str, Any]]:
    first = json.loads(tokenizer.to_str())["pre_tokenizer"] or {"type": "none"}
    return list(first["pretokenizers"]) if first["type"] == "Sequence" else [first]
