"""A corpus's tokenizer in Hugging Face format: writing, loading, and what its tokens are."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer, normalizers, processors

from nlp_ssl import hub
from nlp_ssl.corpus import emoji
from nlp_ssl.corpus.special_text import separate_special_tokens, special_tokens
from nlp_ssl.errors import InputError, first_line

SPECIAL = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}
"""The special tokens that every objective relies on, by role."""

LONGEST_TEXT = 512
"""`model_max_length` of a trained tokenizer; a model with more positions overrides it."""


def save_trained(tokenizer: Tokenizer, folder: Path) -> dict[str, int]:
    """Write a trained tokenizer in Hugging Face format; returns the ids of the special tokens by role."""
    roles = set(SPECIAL.values())
    config = {
        "extra_special_tokens": [token for token in special_tokens(tokenizer) if token not in roles],
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


def save_given(name: str, folder: Path, algorithms: Sequence[str]) -> tuple[dict[str, int], list[str]]:
    """Load a tokenizer and write a copy with all special tokens.

    `name` is the folder of a tokenizer, a model, a run or a corpus, or a name on the hub, OWNER/NAME@REVISION. Returns
    the ids of special tokens by role, and the tokens that were added because the tokenizer had none in a role.
    `algorithms` are named in errors. InputError where the tokenizer cannot be loaded or is not one of the `tokenizers`
    library.
    """
    from transformers import AutoTokenizer

    known = ", ".join(algorithms)
    try:
        source = _folder_of(name)
    except InputError as error:
        raise InputError(f"--tokenizer {error}; to train one, name one of {known}") from None
    try:
        given = AutoTokenizer.from_pretrained(source)
    except Exception as error:  # missing and damaged files: many types
        reason = first_line(error) if (source / "tokenizer.json").is_file() else "tokenizer.json is missing"
        raise InputError(
            f"--tokenizer {name}: no tokenizer in it that could be loaded ({reason}); give the folder of a tokenizer, "
            "a model, a run or a corpus"
        ) from None
    missing = complete(given, f"--tokenizer {name}", f"choose another or {known}")
    given.save_pretrained(folder)
    _keep_pipeline(folder)
    return {role: getattr(given, f"{role}_token_id") for role in SPECIAL}, missing


def _folder_of(name: str) -> Path:
    """The folder of a given tokenizer, from the hub where there is no folder `name`. InputError if there is neither."""
    if not os.path.exists(name):  # noqa: PTH110  # not an error for what can be no path
        return hub.download(name, hub.TEXT_FILES)
    if not Path(name).is_dir():
        raise InputError(f"{name} is a file: give the folder that holds it")
    within = [Path(name) / folder for folder in ("tokenizer", "model")]  # of a corpus, of a run
    return next((folder for folder in within if folder.is_dir()), Path(name))


def complete(given: Any, label: str, remedy: str) -> list[str]:
    """Make a transformers tokenizer read text as a corpus's does, with all special tokens.

    Returns the tokens that were added because it had none in a role. InputError, between `label` and `remedy`, where
    it is not one of the `tokenizers` library, or its tokens share an id.
    """
    if not given.is_fast:
        raise InputError(f"{label}: has no fast version (tokenizer.json); {remedy}")
    missing = [role for role in SPECIAL if getattr(given, f"{role}_token") is None]
    if missing:
        given._tokenizer = _with_places(given.backend_tokenizer, [SPECIAL[role] for role in missing])
    given.add_special_tokens({f"{role}_token": SPECIAL[role] for role in missing})
    if shared := _shared_ids(given.backend_tokenizer):
        raise InputError(f"{label}: {' and '.join(map(repr, shared))} have the same id; {remedy}")
    if "cls" in missing or "sep" in missing:
        backend = given.backend_tokenizer
        backend.post_processor = post_processor(backend, given.cls_token, given.sep_token)
    compose(given.backend_tokenizer)
    separate_special_tokens(given.backend_tokenizer)
    return [SPECIAL[role] for role in missing]


def gives_same_ids(one: Any, other: Any) -> bool:
    """Whether two transformers tokenizers that are `complete` give the same ids and have the same special tokens."""
    if any(getattr(one, f"{role}_token_id") != getattr(other, f"{role}_token_id") for role in SPECIAL):
        return False
    return same_layout(*(json.loads(given.backend_tokenizer.to_str()) for given in (one, other)))


def same_layout(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether the contents of two tokenizer.json agree, apart from the special tokens that are added to a text."""
    added = ("post_processor", "padding", "truncation")
    return {k: v for k, v in one.items() if k not in added} == {k: v for k, v in other.items() if k not in added}


def _with_places(tokenizer: Tokenizer, tokens: Sequence[str]) -> Tokenizer:
    """The tokenizer, with the tokens in its model where the model's ids have holes.

    The library numbers added tokens from the number of the model's tokens on, which may be the id of another one.
    """
    layout = json.loads(tokenizer.to_str())
    vocabulary = layout["model"]["vocab"]
    if not isinstance(vocabulary, dict) or vocab_size(tokenizer) <= len(tokenizer.get_vocab(with_added_tokens=True)):
        return tokenizer
    free = vocab_size(tokenizer)
    missing = (token for token in tokens if token not in vocabulary)
    vocabulary |= {token: free + number for number, token in enumerate(missing)}
    return Tokenizer.from_str(json.dumps(layout))


def _shared_ids(tokenizer: Tokenizer) -> list[str]:
    """The tokens of the first id that several tokens have."""
    by_id: dict[int, list[str]] = {}
    for token, id in tokenizer.get_vocab(with_added_tokens=True).items():
        by_id.setdefault(id, []).append(token)
    return next((sorted(tokens) for tokens in by_id.values() if len(tokens) > 1), [])


def compose(tokenizer: Tokenizer) -> None:
    """Make a tokenizer begin with Unicode's composed form (NFC), as `prepare` does, so that any form gives its ids."""
    before = json.loads(tokenizer.to_str())["normalizer"] or {"type": "Sequence", "normalizers": []}
    parts = before["normalizers"] if before["type"] == "Sequence" else [before]
    if parts[:1] == [{"type": "NFC"}]:
        return
    rest = [] if tokenizer.normalizer is None else [tokenizer.normalizer]
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), *rest])


def _skip_composing(tokenizer: Tokenizer) -> None:
    """Undo `compose`."""
    normalizer = tokenizer.normalizer
    if isinstance(normalizer, normalizers.Sequence) and isinstance(normalizer[0], normalizers.NFC):
        tokenizer.normalizer = normalizers.Sequence([normalizer[i] for i in range(1, len(normalizer))])


def _keep_pipeline(folder: Path) -> None:
    """Let transformers load `tokenizer.json` as it is; most tokenizer classes would rebuild its pipeline."""
    file = folder / "tokenizer_config.json"
    config = json.loads(file.read_text(encoding="utf-8")) | {"tokenizer_class": "PreTrainedTokenizerFast"}
    file.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def load_backend_tokenizer(folder: Path, composed: bool = False) -> Tokenizer:
    """Load the tokenizer of a folder, without transformers, for reading text: it never reads special tokens in it.

    For text that is `composed` already, the tokenizer's own composition, a tenth of its time, is left out.
    """
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    if composed:
        _skip_composing(tokenizer)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = True
    return tokenizer


def vocab_size(tokenizer: Tokenizer) -> int:
    """The number of ids, whether or not each has a token."""
    return max(tokenizer.get_vocab(with_added_tokens=True).values()) + 1


def unused_ids(tokenizer: Tokenizer, roles: Iterable[int]) -> tuple[int, ...]:
    """The ids that no text gives: those without a token, and those of special tokens that have none of the `roles`."""
    known = set(tokenizer.get_vocab(with_added_tokens=True).values())
    special = set(special_tokens(tokenizer).values()) - set(roles)
    return tuple(sorted(special | (set(range(vocab_size(tokenizer))) - known)))


def needs_space(tokenizer: Tokenizer) -> bool:
    """Whether a sentence must be given a leading space for its first word to be encoded as within a text."""
    return any(part["type"] == "ByteLevel" and not part["add_prefix_space"] for part in _pre_tokenizers(tokenizer))


def word_starts(tokenizer: Tokenizer) -> npt.NDArray[np.bool_]:
    """bool[vocab_size]: whether a token begins a word; true for every token without a mark of it."""
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
    """The characters of each of `size` tokens, without marks of word boundaries; "" for special tokens.

    A byte-level token that is part of a character has a replacement character (U+FFFD) for each byte.
    """
    layout = json.loads(tokenizer.to_str())
    continues = layout["model"].get("continuing_subword_prefix") or ""
    special = {token["id"] for token in layout["added_tokens"] if token["special"]}
    added = {token["id"] for token in layout["added_tokens"]}
    byte_level = "ByteLevel" in {part["type"] for part in _pre_tokenizers(tokenizer)}
    out = [""] * size
    for token, id in tokenizer.get_vocab(with_added_tokens=True).items():
        if id in special:
            continue
        if byte_level and id not in added and _BYTE_OF.keys() >= set(token):
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


def post_processor(tokenizer: Tokenizer, cls: str, sep: str, closed: bool = True) -> processors.TemplateProcessing:
    """Encodes a text as `[CLS] a [SEP]`, a pair as `[CLS] a [SEP] b [SEP]`; without the last [SEP] if not `closed`."""
    end = [f" {sep}:{segment}" if closed else "" for segment in (0, 1)]
    return processors.TemplateProcessing(
        single=f"{cls}:0 $A:0{end[0]}",
        pair=f"{cls}:0 $A:0 {sep}:0 $B:1{end[1]}",
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in (cls, sep)],
    )


def _pre_tokenizers(tokenizer: Tokenizer) -> list[dict[str, Any]]:
    return list(_flat(json.loads(tokenizer.to_str())["pre_tokenizer"] or {"type": "none"}))


def _flat(part: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if part["type"] != "Sequence":
        yield part
        return
    for inner in part["pretokenizers"]:
        yield from _flat(inner)
