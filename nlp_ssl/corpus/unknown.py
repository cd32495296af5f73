"""How many tokens of a text may be unknown to a tokenizer: one rule for corpora and for texts to score."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from nlp_ssl.console import warn
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.corpus.tokenizer import load_backend_tokenizer
from nlp_ssl.errors import InputError

MUCH_UNKNOWN = 0.01  # a larger share of unknown tokens is warned of …
MOST_UNKNOWN = 0.2  # … or refused


def limit_unknown(share: float, where: str, tokens: str, so: str, remedy: str) -> None:
    """Warn if more than 1 % of the tokens of a text are unknown; InputError if more than 20 % are.

    The sentence is "WHERE: 2.0 % of TOKENS, SO; REMEDY", such as "--tokenizer bpe", "the training tokens are unknown to
    it", "so models learn nothing about that text"; a refusal has no `so`.
    """
    found = f"{where}: {100 * share:.1f} % of {tokens}"
    if share > MOST_UNKNOWN:
        raise InputError(f"{found}; {remedy}")
    if share > MUCH_UNKNOWN:
        warn(f"{found}, {so}; {remedy}")


def unknown_share(corpus: Corpus, texts: Sequence[str]) -> float:
    """The share of the texts' tokens that are unknown to a corpus's tokenizer; 0 without tokens."""
    encoded = load_backend_tokenizer(corpus.tokenizer_folder).encode_batch(list(texts), add_special_tokens=False)
    ids = list(chain.from_iterable(one.ids for one in encoded))
    return ids.count(corpus.manifest["special_ids"]["unk"]) / max(len(ids), 1)
