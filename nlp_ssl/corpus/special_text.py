"""Text that spells a special token, such as "[MASK]", is ordinary text: it never becomes the token's id.

Readers of text skip the special tokens when they look for added ones: `Tokenizer.encode_special_tokens` of the
tokenizers library, `split_special_tokens` of transformers. That is not enough where the model itself has the special
token among its pieces, as Unigram models do; `separate_special_tokens` is for these.
"""

from __future__ import annotations

import json
import re

from tokenizers import Regex, Tokenizer, pre_tokenizers

from nlp_ssl.errors import InputError


def special_tokens(tokenizer: Tokenizer) -> dict[str, int]:
    """The special tokens and their ids; emoji and other added tokens that are not special are left out."""
    added = tokenizer.get_added_tokens_decoder()
    return {token.content: id for id, token in sorted(added.items()) if token.special}


def spellings(tokenizer: Tokenizer) -> re.Pattern[str]:
    """Finds the special tokens that a text spells."""
    longest_first = sorted(special_tokens(tokenizer), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")


def separate_special_tokens(tokenizer: Tokenizer) -> bool:
    """Make the tokenizer cut a spelled special token behind its first character, if it would give the token's id.

    Returns whether the tokenizer was changed. InputError for a special token that is a single character of text.
    """
    found = _found_in_text(tokenizer)
    if not found:
        return False
    cut = pre_tokenizers.Split(spelled_in_two(list(special_tokens(tokenizer))), "isolated")
    before = tokenizer.pre_tokenizer
    tokenizer.pre_tokenizer = cut if before is None else pre_tokenizers.Sequence([before, cut])
    if found := _found_in_text(tokenizer):
        raise InputError(f"the tokenizer reads the text {found[0]!r} as a special token; choose another tokenizer")
    return True


def spelled_in_two(tokens: list[str]) -> Regex:
    """Matches the first character of each spelled token of two characters or more."""
    parts = (f"{re.escape(token[0])}(?={re.escape(token[1:])})" for token in tokens if len(token) > 1)
    return Regex("|".join(parts))


def _found_in_text(tokenizer: Tokenizer) -> list[str]:
    """The special tokens whose ids come from text; the unknown token may stand for any text."""
    model = json.loads(tokenizer.to_str())["model"]
    unknown = model["vocab"][model["unk_id"]][0] if model.get("unk_id") is not None else model.get("unk_token")
    before = tokenizer.encode_special_tokens
    tokenizer.encode_special_tokens = True
    try:
        return [
            token
            for token, id in special_tokens(tokenizer).items()
            if token != unknown and id in tokenizer.encode(f"{token} a{token}b", add_special_tokens=False).ids
        ]
    finally:
        tokenizer.encode_special_tokens = before
