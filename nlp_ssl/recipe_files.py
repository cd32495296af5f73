"""Find, read and write recipe files.

A recipe file holds only what differs from the defaults. A table `[objective.NAME]` selects an objective and sets its
fields; several such tables make a mixture. Nothing here imports torch.
"""

from __future__ import annotations

from dataclasses import field, fields, make_dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from nlp_ssl import declarations, registry
from nlp_ssl.atomic_io import write_text
from nlp_ssl.errors import InputError, did_you_mean
from nlp_ssl.recipe import Recipe
from nlp_ssl.toml_tables import from_table, read_sealed_toml, read_toml, sealed, to_toml

OF_A_PLUGIN = " (an objective of a plug-in needs --plugin MODULE)"


def find(name: str) -> Path | None:
    """The file of a recipe, by path or shipped name. None for a plug-in's objective, which has no file.

    InputError if there is no such recipe.
    """
    path = Path(name)
    if is_run(path):
        return path / "recipe.toml"
    if path.suffix == ".toml":
        if not path.is_file():
            raise InputError(f"{path}: no such recipe file")
        return path
    shipped = declarations.folder("objectives") / f"{name}.toml"
    if shipped.is_file():
        return shipped
    known = [*declarations.names("objectives"), *registry.names("objectives")]
    if name in known:
        return None
    if path.is_file():
        raise InputError(
            f"{name} is no recipe: give the name of a recipe first, or a file that ends in .toml; a text becomes a "
            "corpus with nlp-ssl prepare"
        )
    raise InputError(f"no recipe {name!r}: {did_you_mean(name, sorted(set(known)))} (or give the path of a TOML file)")


def is_run(folder: Path) -> bool:
    """Whether a folder is that of a run, also of one that has lost its recipe."""
    return any((folder / name).exists() for name in ("recipe.toml", "environment.json"))


def load(name: str) -> Recipe:
    """Read a recipe by name or path. InputError with every problem if it is not valid."""
    path = find(name)
    if path is None:  # an objective of a plug-in, with its defaults
        return cast(Recipe, recipe_type((name,))(objective=_objective_table((name,))()))
    table = read_stored(path) if Path(name).is_dir() else read_toml(path)
    chosen = table.get("objective")
    if not isinstance(chosen, dict) or not chosen:
        names = ", ".join(registry.names("objectives"))
        raise InputError(f"{path}: it needs a table [objective.NAME], NAME one of {names}")
    unknown = [name for name in chosen if not registry.knows("objectives", name)]
    if unknown:
        known = registry.names("objectives")
        raise InputError(
            *[f"{path}: [objective.{n}]: no such objective: {did_you_mean(n, known)}{OF_A_PLUGIN}" for n in unknown]
        )
    problems: list[str] = []
    recipe: Recipe | None = from_table(recipe_type(tuple(chosen)), table, problems)
    if recipe is None:
        raise InputError(*[f"{path}: {problem}" for problem in problems])
    return recipe


def recipe_type(objectives: tuple[str, ...], base: type[Recipe] = Recipe) -> Any:
    """`base` with the fields of these objectives under `objective`, to read from files and flags."""
    table = _objective_table(objectives)
    column = ("objective", table, field(default_factory=table))
    whole = make_dataclass(base.__name__, [column], bases=(base,), frozen=True, kw_only=True)
    whole.__doc__ = base.__doc__
    return whole


@cache
def _objective_table(objectives: tuple[str, ...]) -> Any:
    found = {name: registry.find("objectives", name) for name in objectives}
    columns = [(name, objective, field(default_factory=objective)) for name, objective in found.items()]
    table = make_dataclass("Objective", columns, frozen=True, kw_only=True)
    table.__doc__ = "The settings of each objective."
    return table


def dump(recipe: Recipe) -> str:
    """A recipe as TOML that `load` reads back. It has every field, so that a later default does not change it."""
    return to_toml({f.name: getattr(recipe, f.name) for f in fields(Recipe)})


def store(path: Path, recipe: Recipe) -> None:
    """Write the recipe of a run, with its checksum."""
    write_text(path, sealed(dump(recipe)))


def read_stored(path: Path) -> dict[str, Any]:
    """The content of a run's recipe. InputError if it has changed since the run wrote it."""
    remedy = "pretrain again in another --out; if you edited it, move it out of the run, and name the file as a recipe"
    return read_sealed_toml(path, remedy)
