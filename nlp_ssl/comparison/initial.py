"""The models that the recipes of a comparison start from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nlp_ssl.corpus.store import Corpus
from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import InputError
from nlp_ssl.imports import first_torch_import
from nlp_ssl.models.folder import find_model, model_checksum
from nlp_ssl.recipe import Recipe


@dataclass(frozen=True)
class InitialInput:
    """A model to start from, as an input of jobs."""

    name: str
    checksum: str

    def changed(self) -> bool:
        """Whether the model has another checksum now."""
        return model_checksum(find_model(self.name)) != self.checksum


def initial_models(corpus: Corpus, chosen: Mapping[str, Recipe], problems: list[str]) -> dict[str, InitialInput]:
    """The models that recipes start from, by their names there. Adds what is wrong with them to `problems`."""
    starting = [(recipe.init, recipe) for recipe in chosen.values() if recipe.init is not None]
    if not starting:
        return {}
    with first_torch_import():
        from nlp_ssl.models.initial import Initial
        from nlp_ssl.training.model import model_config

    found, vocabulary = {}, Vocabulary.of(corpus)
    for name, recipe in starting:
        try:
            initial = Initial.open(name, recipe.mixture.body, corpus)
            model_config(recipe, vocabulary, initial)
            found[name] = InitialInput(name, initial.checksum)
        except InputError as error:
            problems += [problem for problem in error.problems if problem not in problems]
    return found
