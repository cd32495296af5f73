"""Text -> sentences, by the rules of a language."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module

from icu4py.breakers import SentenceBreaker

from nlp_ssl.errors import InputError

Splitter = Callable[[list[str]], list[list[str]]]
"""Cuts each of some clean texts into its sentences; white space around them is of no account."""

_BETWEEN = "\x1e\n"  # a paragraph of its own between two texts; clean text has no control characters of that kind


def splitter(rules: str, language: str) -> Splitter:
    """The splitter of a name.

    "icu": Unicode's rules (UAX #29) in the locale `language`; "kiwi": Korean, also without punctuation;
    "module:function": anyone's own, from a text to its sentences. A line break always ends a sentence.
    InputError where it cannot be had.
    """
    locale = _locale(language)
    if rules == "icu":
        return lambda texts: _icu(texts, locale)
    if rules == "kiwi":
        try:
            from kiwipiepy import Kiwi
        except ImportError:
            raise InputError('--sentences kiwi: kiwipiepy is not installed; pip install "nlp_ssl[korean]"') from None
        kiwi = Kiwi()
        return lambda texts: [[s.text for s in kiwi.split_into_sents(text)] for text in texts]
    module, _, function = rules.partition(":")
    if not function:
        raise InputError(f"--sentences {rules}: neither icu, nor kiwi, nor module:function")
    try:
        split: Callable[[str], list[str]] = getattr(import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise InputError(f"--sentences {rules}: {error}; is the module on PYTHONPATH?") from None
    return lambda texts: [split(text) for text in texts]


def _icu(texts: list[str], locale: str) -> list[list[str]]:
    """The sentences of all texts in one go: making a breaker takes as long as cutting 20,000 characters."""
    if not texts:
        return []
    sentences: list[list[str]] = [[]]
    for sentence in SentenceBreaker(f"\n{_BETWEEN}".join(texts), locale):
        if sentence == _BETWEEN:
            sentences.append([])
        else:
            sentences[-1].append(sentence)
    assert len(sentences) == len(texts), "the texts are clean"
    return sentences


def _locale(language: str) -> str:
    """The ICU locale of a language tag.

    English gets ICU's list of abbreviations that end no sentence ("Mr.", "Dr."); the lists of other languages
    do as much harm as good (German's cuts boundary F1 from 0.90 to 0.87), so those have the plain rules.
    """
    if not re.fullmatch(r"[A-Za-z]{2,3}([-_@][\w=-]+)*", language):
        raise InputError(f"--language {language}: not a language tag such as en, ko, de or zh-Hant")
    return "en-u-ss-standard" if language == "en" else language
