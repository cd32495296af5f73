"""Text -> sentences, by the rules of a language."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module

from icu4py.breakers import SentenceBreaker

from nlp_ssl.errors import InputError

Splitter = Callable[[str], list[str]]
"""Cuts a text into its sentences; white space around them is of no account."""


def splitter(rules: str, language: str) -> Splitter:
    """The splitter of a name.

    "icu": Unicode's rules (UAX #29) in the locale `language`; "kiwi": Korean, also without punctuation;
    "module:function": anyone's own. A line break always ends a sentence. InputError where it cannot be had.
    """
    if rules == "icu":
        locale = _locale(language)
        return lambda text: list(SentenceBreaker(text, locale))
    if rules == "kiwi":
        try:
            from kiwipiepy import Kiwi
        except ImportError:
            raise InputError('--sentences kiwi: kiwipiepy is not installed; pip install "nlp_ssl[korean]"') from None
        kiwi = Kiwi()
        return lambda text: [s.text for line in text.split("\n") for s in kiwi.split_into_sents(line)]
    module, _, function = rules.partition(":")
    if not function:
        raise InputError(f"--sentences {rules}: neither icu, nor kiwi, nor module:function")
    try:
        split: Splitter = getattr(import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise InputError(f"--sentences {rules}: {error}; is the module on PYTHONPATH?") from None
    return split


def _locale(language: str) -> str:
    """The ICU locale of a language tag.

    English gets ICU's list of abbreviations that end no sentence ("Mr.", "Dr."); the lists of other languages
    do as much harm as good (German's cuts boundary F1 from 0.90 to 0.87), so those have the plain rules.
    """
    if not re.fullmatch(r"[A-Za-z]{2,3}([-_@][\w=-]+)*", language):
        raise InputError(f"--language {language}: not a language tag such as en, ko, de or zh-Hant")
    return "en-u-ss-standard" if language == "en" else language
