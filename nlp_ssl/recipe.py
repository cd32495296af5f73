"""Recipes: what a pretraining run is, as TOML and flags, in frozen dataclasses.

A recipe file holds only what differs from the defaults here; `[objective.NAME]` says which objective, with its
fields, and several of them are a mixture. Flags on the command line go on top. Every field's string is its help
text. Nothing here imports torch.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, fields, is_dataclass, make_dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal, cast

from nlp_ssl import declarations, registry
from nlp_ssl.errors import InputError, did_you_mean, require
from nlp_ssl.objectives.mixture import Mixing, Mixture
from nlp_ssl.toml_tables import from_table, read_toml, to_toml

Size = Literal["tiny", "mini", "small", "medium", "base"]

SIZES: dict[Size, tuple[int, int]] = {
    "tiny": (2, 128),
    "mini": (4, 256),
    "small": (4, 512),
    "medium": (8, 512),
    "base": (12, 768),
}
"""Layers and width of each size: the BERT miniatures' (Turc et al., 2019). Heads are 64 wide; the feed-forward layer
weighs what two matrices of four times the width do."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """The network."""

    size: Size = "mini"
    """Layers x width: tiny 2x128, mini 4x256, small 4x512, medium 8x512, base 12x768."""
    architecture: str = "auto"
    """Any transformers model type: bert, roberta, electra, gpt2, llama, ...; auto is modernbert for an encoder and
    modernbert-decoder, the same with causal attention, for a decoder."""
    dropout: float = 0.0
    """Dropout while pretraining. A small budget sees little twice, so none; fine-tuning sets its own."""
    config: dict[str, Any] = field(default_factory=dict)
    """Further fields of the architecture's transformers config, in a recipe file's [model.config]."""

    def __post_init__(self) -> None:
        require(0 <= self.dropout < 1, "dropout", self.dropout, "it must lie between 0 and 1")


@dataclass(frozen=True, kw_only=True)
class Batching:
    """Rows and batches."""

    max_length: int = 128
    """Longest row in tokens, special ones included; also the model's positions."""
    tokens: int = 1024
    """Tokens in one update's batch, over all processes and micro-batches, special tokens and padding included. Small
    batches learn most from few tokens; a GPU wants larger ones."""
    accumulation: int = 1
    """Micro-batches that a process works off for one update; more need less memory."""
    workers: int = 0
    """Processes that make batches ahead; batches are the same for any number. One core makes millions of tokens
    a second, so 0 does for most."""

    def __post_init__(self) -> None:
        require(self.max_length >= 8, "max_length", self.max_length, "it must be at least 8")
        require(
            self.tokens >= self.max_length,
            "tokens",
            self.tokens,
            f"it must hold at least one row, which has up to {self.max_length} tokens (batch.max_length)",
        )
        require(self.accumulation >= 1, "accumulation", self.accumulation, "it must be at least 1")
        require(self.workers >= 0, "workers", self.workers, "it must be at least 0")


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """The optimizer and its learning rate."""

    method: Literal["adamw", "adagrad"] = "adamw"
    """AdamW; or Adagrad, whose steps for a word depend on that word's gradients alone: for vectors of words. Adagrad
    has neither betas nor weight decay."""

    learning_rate: float = 1e-3
    """The highest learning rate, reached after the warm-up."""
    schedule: Literal["linear", "cosine", "wsd", "constant"] = "linear"
    """After the warm-up: down to 0 linearly; as a cosine; constant, then down to 0 over the last fifth
    (warmup-stable-decay); constant."""
    warmup: float = 0.06
    """Share of the steps in which the learning rate rises from 0, linearly."""
    weight_decay: float = 0.01
    """Weight decay of matrices and embeddings; biases and norms have none."""
    beta1: float = 0.9
    """Decay of the gradient's mean."""
    beta2: float = 0.98
    """Decay of the gradient's variance; RoBERTa's, steadier than 0.999 in short runs."""
    epsilon: float = 1e-6
    """Added to the root of the variance."""
    max_grad_norm: float = 1.0
    """Gradients longer than this are cut to it."""

    def __post_init__(self) -> None:
        require(self.learning_rate > 0, "learning_rate", self.learning_rate, "it must be above 0")
        require(0 <= self.warmup <= 1, "warmup", self.warmup, "it must lie in 0..1")
        require(self.weight_decay >= 0, "weight_decay", self.weight_decay, "it must be at least 0")
        for name in ("beta1", "beta2"):
            require(0 <= getattr(self, name) < 1, f"{name}", getattr(self, name), "it must lie in 0..1, below 1")
        require(self.epsilon > 0, "epsilon", self.epsilon, "it must be above 0")
        require(self.max_grad_norm > 0, "max_grad_norm", self.max_grad_norm, "it must be above 0")


@dataclass(frozen=True)
class Budget:
    """How long to train: an amount of one unit, held equal in comparisons."""

    amount: float
    unit: Literal["tokens", "steps", "minutes", "flops"]

    @classmethod
    def parse(cls, text: str) -> Budget:
        """Read "10M-tokens", "500-steps", "20-minutes" or "2e15-flops". ValueError where it is none of these."""
        pattern = r"(\d+(?:\.\d+)?(?:e\d+)?)([kMGTP]?)-(tokens|steps|minutes|flops)"
        match = re.fullmatch(pattern, text)
        rule = 'it must be like "10M-tokens", "500-steps", "20-minutes" or "2e15-flops"'
        require(match is not None and 0 < float(match[1]) < math.inf, "budget", text, rule)
        assert match is not None
        scale = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}[match[2]]
        unit: Any = match[3]
        return cls(float(match[1]) * scale, unit)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A pretraining run, all but its corpus and its folder."""

    objective: Any
    """The objectives' own fields."""
    mixing: Mixing = "together"
    """Several objectives work on one example together, their losses added with their weights; or they alternate from
    example to example, their weights being shares."""
    model: Model = field(default_factory=Model)
    batch: Batching = field(default_factory=Batching)
    optimizer: Optimizer = field(default_factory=Optimizer)
    budget: str = "10M-tokens"
    """How long to train, in tokens of text, steps, minutes or FLOPs: 10M-tokens, 500-steps, 20-minutes, 2e15-flops."""
    seed: int = 0
    """Seeds weights, order and noise."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Arithmetic of matrix products: bf16 keeps weights and sums in fp32; auto takes it where hardware has it."""
    compile: bool = False
    """Compile the model with torch.compile: worth its half minute to two in longer runs."""
    evaluations: int = 10
    """How many times the held-out loss is taken, evenly over the run."""
    evaluation_tokens: int = 100_000
    """Held-out text in an evaluation; always the same."""
    save_every: int = 500
    """Steps between checkpoints."""
    keep_checkpoints: int = 2
    """Checkpoints kept, the newest ones."""
    snapshots: int = 0
    """Models kept along the way, so many of them: after a half of the steps, a quarter, an eighth, ..., in
    RUN/snapshots; compare probes them for its learning curves."""
    log_every: int = 10
    """Steps between lines of metrics.jsonl."""
    log_with: str | None = None
    """Also log to one of Accelerate's trackers: tensorboard, wandb, trackio, mlflow, ..."""

    def __post_init__(self) -> None:
        Budget.parse(self.budget)
        _ = self.mixture  # may refuse
        for name in ("save_every", "keep_checkpoints", "log_every", "evaluations", "evaluation_tokens"):
            require(getattr(self, name) >= 1, name, getattr(self, name), "it must be at least 1")
        require(0 <= self.snapshots <= 20, "snapshots", self.snapshots, "it must lie in 0..20")

    @cached_property
    def mixture(self) -> Mixture:
        """What is trained."""
        return Mixture(
            objectives={f.name: getattr(self.objective, f.name) for f in fields(self.objective)}, mixing=self.mixing
        )


OF_A_PLUGIN = " (one of a plug-in needs --plugin MODULE)"


def find(name: str) -> Path | None:
    """The file of a recipe: a path, or the name of a shipped one; None for an objective of a plug-in without one.

    InputError where there is none.
    """
    path = Path(name)
    if path.is_dir() and (path / "recipe.toml").is_file():
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
    raise InputError(f"no recipe {name!r}: {did_you_mean(name, sorted(set(known)))} (or give the path of a TOML file)")


def load(name: str) -> Recipe:
    """Read a recipe by name or path. InputError lists everything that is wrong with it."""
    path = find(name)
    if path is None:  # an objective of a plug-in, with its defaults
        return cast(Recipe, recipe_type((name,))(objective=_objective_table((name,))()))
    table = read_toml(path)
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
    """`base` with the fields of some objectives under `objective`, for reading files and flags."""
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
    table.__doc__ = "What is corrupted, what is predicted."
    return table


def dump(recipe: Recipe) -> str:
    """A recipe as TOML that `load` reads back. It has every field, so that a later default does not change it."""
    return to_toml({f.name: getattr(recipe, f.name) for f in fields(Recipe)})


@dataclass(frozen=True)
class FieldChange:
    """A field in which two recipes differ. A field that a recipe does not have is None."""

    field: str
    """The full name, such as "learning_rate"."""
    before: Any
    after: Any

    def __str__(self) -> str:
        return f"{self.field} is {self.after!r}, before {self.before!r}"


def differences(old: Recipe, new: Recipe) -> list[FieldChange]:
    """The fields in which two recipes differ, sorted by name."""
    before, after = _flat(old, Recipe), _flat(new, Recipe)
    return [
        FieldChange(name, before.get(name), after.get(name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]


def _flat(value: Any, kind: Any, where: str = "") -> dict[str, Any]:
    """The values of all fields of a dataclass and of the dataclasses in it, by full name."""
    found: dict[str, Any] = {}
    for f in fields(kind):
        item = getattr(value, f.name)
        found |= _flat(item, item, f"{where}{f.name}.") if is_dataclass(item) else {f"{where}{f.name}": item}
    return found
