"""Stage 3 of a preparation: train a tokenizer.

It has the special tokens [PAD] [UNK] [CLS] [SEP] [MASK] at ids 0 to 4, encodes a text as `[CLS] a [SEP]` and a pair as
`[CLS] a [SEP] b [SEP]`, and has the most frequent emoji of the text as tokens, each a whole emoji sequence. Its last
ids are sentinels and mode tokens (`nlp_ssl.corpus.reserved`).
Training is deterministic: the same text gives the same tokenizer.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from nlp_ssl.corpus import emoji
from nlp_ssl.corpus.reserved import reserved_tokens
from nlp_ssl.corpus.special_text import spelled_in_two
from nlp_ssl.corpus.tokenizer import SPECIAL, compose, post_processor
from nlp_ssl.errors import InputError

EMOJI_SHARE = 16  # at most 1/16 of the vocabulary are emoji
LONGEST_RUN = 2000  # characters without a space that a trainer gets
ALPHABET_SHARE = 4  # at most 1/4 are single characters
USUAL_WORD = 100  # characters of the longest word that WordPiece cuts; more where the text has longer ones …
LONGEST_WORD = 1000  # … up to this, since the time grows with the square

_RUN = re.compile(rf"\S{{{LONGEST_RUN}}}(?=\S)")
_SPECIAL = list(SPECIAL.values())


def train_tokenizer(
    algorithm: str,
    paragraphs: Iterator[str],
    vocab_size: int,
    min_frequency: int,
    lowercase: bool,
    characters: Mapping[str, int],
    emoji_counts: Mapping[str, int],
    sentinels: int = 0,
) -> Tokenizer:
    """Train a tokenizer of at most `vocab_size` tokens that occur at least `min_frequency` times.

    `algorithm` is one of `ALGORITHMS`. `characters` and `emoji_counts` are the counts in the corpus. `sentinels` are
    reserved beyond `vocab_size`, so that the ids of text do not depend on them.
    """
    pictures = _most_frequent(emoji_counts, min_frequency, vocab_size // EMOJI_SHARE)
    frequent = _frequent_characters(characters, min_frequency, lowercase)
    most = vocab_size // ALPHABET_SHARE
    alphabet = _Alphabet(sorted(frequent[:most]), frequent[most:])
    texts = (emoji.strip(_cut_runs(paragraph)) for paragraph in paragraphs)
    size = vocab_size - len(pictures)
    tokenizer = _TRAINERS[algorithm](texts, size, min_frequency, lowercase, alphabet)
    tokenizer.add_special_tokens(_SPECIAL)
    # Bytes would leave a token for the space before an emoji.
    tokenizer.add_tokens([AddedToken(p, normalized=False, lstrip=algorithm == "bpe") for p in pictures])
    tokenizer.add_special_tokens(reserved_tokens(sentinels))
    tokenizer.post_processor = post_processor(tokenizer, "[CLS]", "[SEP]")
    compose(tokenizer)  # last: the text that it is trained on is composed
    return tokenizer


@dataclass(frozen=True)
class _Alphabet:
    """Single characters: those that a vocabulary begins with, sorted, and the others, the most frequent first."""

    first: list[str]
    others: list[str]

    def fill(self, vocabulary: dict[str, int], size: int) -> dict[str, int]:
        """The vocabulary with other characters in its free places; where one continues a word, with both forms."""
        for character in self.others:
            forms = [character, f"##{character}"] if _continues_word(character) else [character]
            missing = [form for form in forms if form not in vocabulary]
            if len(vocabulary) + len(missing) > size:
                break
            vocabulary |= {form: len(vocabulary) + i for i, form in enumerate(missing)}
        return vocabulary


def _wordpiece(texts: Iterator[str], size: int, min_frequency: int, lowercase: bool, alphabet: _Alphabet) -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    bert = normalizers.BertNormalizer(
        clean_text=True, handle_chinese_chars=True, strip_accents=False, lowercase=lowercase
    )
    tokenizer.normalizer = bert
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    # The trainer numbers the continuing characters in the order of a hash table and breaks ties by these
    # numbers: naming them first makes it deterministic.
    continuing = [f"##{c}" for c in alphabet.first if _continues_word(c)]
    trainer: Any = trainers.WordPieceTrainer(
        vocab_size=size, min_frequency=min_frequency, special_tokens=_SPECIAL + continuing,
        initial_alphabet=alphabet.first, limit_alphabet=len(alphabet.first), show_progress=False,
    )  # fmt: skip
    longest = _LongestWord(tokenizer)
    tokenizer.train_from_iterator(longest.measured(texts), trainer)
    vocabulary = alphabet.fill(tokenizer.get_vocab(), size)
    learned = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=longest.limit))
    learned.normalizer, learned.pre_tokenizer = tokenizer.normalizer, tokenizer.pre_tokenizer
    learned.decoder = decoders.WordPiece()
    return learned


def _may_have_long_word(text: str) -> bool:
    """Whether a word may have more than `USUAL_WORD` characters; takes a quarter of the time of looking at every word.

    Such a word covers at least one whole window of half as many characters, which then has no space.
    """
    half = USUAL_WORD // 2
    return any(" " not in text[start : start + half] for start in range(0, len(text) - half + 1, half))


class _LongestWord:
    """Finds the limit of a WordPiece model, which takes longer words as unknown: that of the longest in the text."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.limit, self._cut, self._normalizer = USUAL_WORD, tokenizer.pre_tokenizer, tokenizer.normalizer

    def measured(self, texts: Iterator[str]) -> Iterator[str]:
        """The same texts, which are measured on the way."""
        for text in texts:
            for word in text.split() if _may_have_long_word(text) else ():
                if len(word) > self.limit:
                    parts = self._cut.pre_tokenize_str(self._normalizer.normalize_str(word))
                    self.limit = min(max(self.limit, *(len(part) for part, _ in parts)), LONGEST_WORD)
            yield text


def _bpe(texts: Iterator[str], size: int, min_frequency: int, lowercase: bool, alphabet: _Alphabet) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = _normalizer(lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.Sequence([decoders.ByteLevel(), decoders.Strip(" ", 1, 0)])
    trainer: Any = trainers.BpeTrainer(
        vocab_size=size, min_frequency=min_frequency, special_tokens=_SPECIAL, show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )  # fmt: skip
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def _unigram(texts: Iterator[str], size: int, min_frequency: int, lowercase: bool, alphabet: _Alphabet) -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = _normalizer(lowercase)
    parts = [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always")]
    if not lowercase:  # the special tokens, all in capitals, are pieces of the model
        parts.append(pre_tokenizers.Split(spelled_in_two(_SPECIAL), "isolated"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(parts)
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    trainer: Any = trainers.UnigramTrainer(
        vocab_size=size, special_tokens=_SPECIAL, unk_token="[UNK]", show_progress=False
    )
    seen: set[str] = set()
    try:
        tokenizer.train_from_iterator(_noting(texts, seen, lowercase), trainer)
    except Exception as error:  # the library raises no other type
        if "large enough" not in str(error):
            raise
        needed = len(seen - {" "}) + 1 + len(_SPECIAL)  # with the mark of a space
        enough = needed + needed // (EMOJI_SHARE - 1) + 1
        raise InputError(
            f"--tokenizer unigram: the text has {len(seen):,} characters, and all must be tokens; use --vocab-size "
            f"{enough} or more, or --tokenizer bpe"
        ) from None
    vocabulary = _deterministic(json.loads(tokenizer.to_str())["model"]["vocab"], len(_SPECIAL))
    tokenizer.model = models.Unigram(vocabulary, unk_id=_SPECIAL.index("[UNK]"))
    return tokenizer


def _noting(texts: Iterator[str], seen: set[str], lowercase: bool) -> Iterator[str]:
    """The same texts; their characters are added to `seen` on the way."""
    for text in texts:
        seen.update(text.lower() if lowercase else text)
        yield text


def _wordlevel(texts: Iterator[str], size: int, min_frequency: int, lowercase: bool, alphabet: _Alphabet) -> Tokenizer:
    tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    tokenizer.normalizer = _normalizer(lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer: Any = trainers.WordLevelTrainer(
        vocab_size=size, min_frequency=min_frequency, special_tokens=_SPECIAL, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


_TRAINERS = {"wordpiece": _wordpiece, "bpe": _bpe, "unigram": _unigram, "wordlevel": _wordlevel}
ALGORITHMS = tuple(_TRAINERS)
"""The tokenizers that can be trained."""


def _normalizer(lowercase: bool) -> Any:
    return normalizers.Lowercase() if lowercase else None


def _frequent_characters(characters: Mapping[str, int], min_frequency: int, lowercase: bool) -> list[str]:
    """The characters that can be in a token and are frequent enough, the most frequent first."""
    counts = Counter[str]()
    for character, count in characters.items():
        for c in unicodedata.normalize("NFC", character.lower() if lowercase else character):
            if unicodedata.category(c)[0] not in "CZ" and not emoji.PATTERN.fullmatch(c):
                counts[c] += count
    return _most_frequent(counts, min_frequency, len(counts))


def _cut_runs(text: str) -> str:
    """The text with a space in every run of `LONGEST_RUN` characters without one: trainers take quadratic time."""
    return _RUN.sub(r"\g<0> ", text) if len(text) > LONGEST_RUN else text


def _most_frequent(counts: Mapping[str, int], at_least: int, at_most: int) -> list[str]:
    """The most frequent keys; equal counts are ordered by key."""
    frequent = sorted((-count, key) for key, count in counts.items() if count >= at_least)
    return [key for _, key in frequent[:at_most]]


def _deterministic(vocabulary: list[tuple[str, float]], special: int) -> list[tuple[str, float]]:
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


def _continues_word(character: str) -> bool:
    """Whether a character can be inside a word; punctuation and Chinese characters are words of their own."""
    category = unicodedata.category(character)
    return (
        not category.startswith("P")
        and not unicodedata.name(character, "").startswith("CJK ")
        and not (character.isascii() and not character.isalnum())
    )
