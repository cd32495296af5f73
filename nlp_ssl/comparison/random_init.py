"""Names of random initialisations, which objectives of one body share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nlp_ssl.recipe import Recipe


def random_init_name(name: str, recipes: Mapping[str, Recipe]) -> str:
    """Name of an objective's random initialisation: by its body, or by the first objective with equal weights.

    Recipes of one body share a random initialisation if model and maximum length are equal, and with an initial model
    if that is: it decides the architecture. Dropout is ignored, because fine-tuning sets its own.
    """

    def network(other: str) -> tuple[Any, ...]:
        recipe = recipes[other]
        return recipe.mixture.body, recipe.init, replace(recipe.model, dropout=0.0), recipe.batch.max_length

    body = recipes[name].mixture.body
    same_body = [other for other, recipe in recipes.items() if recipe.mixture.body == body]
    first = next(other for other in same_body if network(other) == network(name))
    alone = all(network(other) == network(name) for other in same_body)
    return f"{body if alone else first}, random initialisation"
