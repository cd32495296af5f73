"""Existing models in a comparison: rows that are scored as they are, without pretraining."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nlp_ssl.checksums import checksums
from nlp_ssl.errors import InputError
from nlp_ssl.imports import first_torch_import
from nlp_ssl.models.folder import as_causal, find_model
from nlp_ssl.recipe import Recipe
from nlp_ssl.sampling.examples import Body

READ = (".json", ".txt", ".model", ".safetensors", ".bin")
"""Suffixes of the files of a model and its tokenizer."""


@dataclass(frozen=True, kw_only=True)
class ExistingModel:
    """A finished run's model, another program's, or one on the hub; also an input of jobs."""

    name: str
    """Of its row."""
    folder: Path
    files: Mapping[str, str]
    """Checksums of its files."""
    body: Body
    likelihood: Literal["masked", "causal"] | None
    """How it gives likelihoods of texts, if it does."""
    backward: bool = False
    """Whether it reads texts from their end."""
    starts: tuple[str, ...] = ()
    """The recipes that start from it, with the same kind of body."""

    def changed(self) -> bool:
        """Whether its files have other checksums now."""
        return _files(self.folder) != self.files

    @property
    def gives_likelihood(self) -> bool:
        """Whether it can score the likelihood of a text."""
        return self.likelihood is not None

    @property
    def answers_prompts(self) -> bool:
        """Whether it can score a label after a text."""
        return self.gives_likelihood and not self.backward


def names_model(word: str) -> bool:
    """Whether a word of the command line names a model, not a recipe: a folder, or a name on the hub with its owner."""
    return Path(word).is_dir() or ("/" in word and Path(word).suffix != ".toml")


def existing_models(words: Iterable[str], chosen: Mapping[str, Recipe], problems: list[str]) -> list[ExistingModel]:
    """The models that words name, then those that recipes start from, each once.

    Adds a problem for every word that names none; whoever reads the recipes does so for theirs.
    """
    wanted = {word: True for word in words if names_model(word)}
    wanted |= {recipe.init: False for recipe in chosen.values() if recipe.init and recipe.init not in wanted}
    if not wanted:
        return []
    folders: dict[Path, tuple[str, Path]] = {}
    origins: dict[str, Path] = {}
    for word, is_named in wanted.items():
        try:
            folder = find_model(word)
            origins[word] = folder.resolve()
            folders.setdefault(folder.resolve(), (word, folder))
        except InputError as error:
            problems += error.problems if is_named else []
    found: list[ExistingModel] = []
    for resolved, (word, folder) in folders.items():
        taken = [*chosen, *(model.name for model in found)]
        starting = {name: recipe for name, recipe in chosen.items() if origins.get(recipe.init or "") == resolved}
        try:
            found.append(_opened(_row_name(word, folder, taken), folder, starting))
        except InputError as error:
            problems += [problem for problem in error.problems if problem not in problems]
    return found


def _row_name(word: str, folder: Path, taken: Collection[str]) -> str:
    """The last part of its name; of a run, the run's. "mlm (2)" if another row has it."""
    folder = folder.resolve()
    of_folder = folder.parent.name if folder.name == "model" else folder.name
    plain = of_folder if Path(word).exists() else word.rpartition("/")[2]
    return next(name for i in range(1, 2 + len(taken)) if (name := plain if i == 1 else f"{plain} ({i})") not in taken)


def _opened(name: str, folder: Path, starting: Mapping[str, Recipe]) -> ExistingModel:
    """A model with what it can be scored on. InputError if it cannot be read."""
    with first_torch_import():
        from nlp_ssl.errors import NoScoreError
        from nlp_ssl.evaluation.checkpoints import load_language_model
        from nlp_ssl.models.architectures import TESTED
        from nlp_ssl.models.loading import load_config

    config = load_config(folder)
    try:
        _, _, likelihood, backward = load_language_model(as_causal(folder))
    except NoScoreError:
        likelihood, backward = None, False
    body: Body = "encoder"
    if config.is_encoder_decoder:
        body = "seq2seq"
    elif config.model_type in TESTED["static"]:
        body = "static"
    elif config.model_type not in TESTED["encoder"] or (likelihood == "causal" and as_causal(folder) == folder):
        body = "decoder"
    same = tuple(of for of, recipe in starting.items() if recipe.mixture.body == body)
    files = _files(folder)
    return ExistingModel(
        name=name, folder=folder, files=files, body=body, likelihood=likelihood, backward=backward, starts=same
    )


def _files(folder: Path) -> dict[str, str]:
    """The checksums of a model's config, weights and tokenizer, also those of its decoder."""
    places = {folder, as_causal(folder)}
    return checksums(folder, [file for place in places for file in place.iterdir() if file.suffix in READ])
