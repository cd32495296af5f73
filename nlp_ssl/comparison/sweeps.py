"""Several values of a recipe's field side by side: `--sweep optimizer.learning_rate=1e-3,2e-3`.

Each value makes a row of the comparison, named such as "mlm [learning_rate=0.001]"; several sweeps make a grid.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from nlp_ssl import recipe_files
from nlp_ssl.errors import InputError
from nlp_ssl.recipe import Recipe
from nlp_ssl.toml_tables import from_table
from nlp_ssl.training.run_folder import INCIDENTAL

OF_ALL = {"budget": "all rows have one budget", "seed": "use --seeds"}
"""Fields that cannot differ between rows, with the reason."""


@dataclass(frozen=True)
class Sweep:
    """A field of recipes, by its full name, and its values."""

    field: str
    values: tuple[Any, ...]

    @classmethod
    def parse(cls, text: str) -> Sweep:
        """Parse "optimizer.learning_rate=1e-3,2e-3"; values are those of a recipe file, strings without quotes.

        A list is in brackets, with its strings in quotes: 'model.config.layer_types=["full_attention"],…'.

        InputError if the form is another, or if rows cannot differ in this field.
        """
        name, _, values = text.partition("=")
        name = name.strip().replace("-", "_")
        found = [value.strip() for value in _divided(values)]
        if not name or not all(found):
            raise InputError(f"--sweep {text}: it must be like optimizer.learning_rate=1e-3,2e-3")
        if name in OF_ALL or name in INCIDENTAL:
            raise InputError(f"--sweep {name}: {OF_ALL.get(name, 'results do not depend on it')}")
        return cls(name, tuple(map(_value, found)))


def read_sweeps(given: Sequence[str]) -> list[Sweep]:
    """The sweeps of all flags. InputError with every problem."""
    sweeps: list[Sweep] = []
    problems: list[str] = []
    for text in given:
        try:
            sweeps.append(Sweep.parse(text))
        except InputError as error:
            problems += error.problems
    names = [sweep.field for sweep in sweeps]
    problems += [
        f"--sweep {name} is given twice: list all values in one"
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    if problems:
        raise InputError(*problems)
    return sweeps


def grid(name: str, recipe: Recipe, sweeps: Sequence[Sweep]) -> dict[str, Recipe]:
    """The rows of a recipe, by name: one for each combination of values; the recipe itself without sweeps.

    InputError with every problem for unknown fields, wrong values and values that are given twice.
    """
    if not sweeps:
        return {name: recipe}
    problems: list[str] = []
    rows: dict[str, Recipe] = {}
    for values in product(*(sweep.values for sweep in sweeps)):
        chosen = dict(zip((sweep.field for sweep in sweeps), values, strict=True))
        row = f"{name} [{', '.join(f'{short}={_shown(value)}' for short, value in _short(chosen).items())}]"
        found: list[str] = []
        made = _changed(recipe, chosen, found)
        if row in rows:
            found.append(f"{row} is given twice")
        if made is not None:
            rows[row] = made
        problems += [problem for each in found if (problem := f"--sweep on {name}: {each}") not in problems]
    if problems:
        raise InputError(*problems)
    return rows


def _changed(recipe: Recipe, values: Mapping[str, Any], problems: list[str]) -> Recipe | None:
    """The recipe with other values of fields, by full name; None where a problem was added."""
    table = tomllib.loads(recipe_files.dump(recipe))
    for name, value in values.items():
        *where, last = name.split(".")
        place = table
        for key in where:
            if not isinstance(place.get(key), dict):
                place[key] = {}
            place = place[key]
        place[last] = value
    made: Recipe | None = from_table(recipe_files.recipe_type(tuple(recipe.mixture.objectives)), table, problems)
    return made


def _short(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values by the last part of each field's name, or by all of it where two have the same last part."""
    last = [name.rpartition(".")[2] for name in values]
    return {
        (end if last.count(end) == 1 else name): value for end, (name, value) in zip(last, values.items(), strict=True)
    }


def _divided(values: str) -> list[str]:
    """The values between the commas that are in no brackets."""
    found, depth = [""], 0
    for character in values:
        depth += (character in "[{") - (character in "]}")
        if character == "," and depth <= 0:
            found.append("")
        else:
            found[-1] += character
    return found


def _value(text: str) -> Any:
    """A value as TOML reads it, or else the text itself."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    return f"{value:g}" if isinstance(value, float) else str(value).lower() if isinstance(value, bool) else str(value)
