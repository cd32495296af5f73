"""The value of `--sentences` -> a sentence splitter."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from nlp_ssl import registry
from nlp_ssl.corpus.splitters.base import Splitter
from nlp_ssl.errors import InputError


class FunctionSplitter(Splitter):
    """A function of the user's from a text to its sentences, given as `module:function`."""

    def __init__(self, function: str, language: str) -> None:
        super().__init__(language)
        module, _, name = function.partition(":")
        try:
            self.function: Callable[[str], list[str]] = getattr(import_module(module), name)
        except (ImportError, AttributeError) as error:
            raise InputError(f"--sentences {function}: {error}; is the module on PYTHONPATH?") from None

    def split(self, texts: list[str]) -> list[list[str]]:
        """One text after the other."""
        return [self.function(text) for text in texts]


def load_splitter(name: str, language: str) -> Splitter:
    """A splitter by name, or `module:function`, which is meant for the command line only.

    InputError where there is none of this name, it cannot be imported, or the language is not a language tag.
    """
    if ":" in name:
        return FunctionSplitter(name, language)
    known = registry.names("splitters")
    if name not in known:
        raise InputError(f"--sentences {name}: not one of {', '.join(known)}, nor module:function")
    splitter: Splitter = registry.find("splitters", name)(language)
    return splitter
