"""Recipes: the settings of a pretraining run, as frozen dataclasses.

TOML files (`nlp_ssl.recipe_files`) and flags set the fields. The string under each field is its help text. Nothing here
imports torch.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, fields, is_dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

from nlp_ssl.errors import require
from nlp_ssl.objectives.mixture import Mixing, Mixture

Size = Literal["tiny", "mini", "small", "medium", "base", "large", "xl"]

SIZES: dict[Size, tuple[int, int]] = {
    "tiny": (2, 128),
    "mini": (4, 256),
    "small": (4, 512),
    "medium": (8, 512),
    "base": (12, 768),
    "large": (24, 1024),
    "xl": (24, 2048),
}
"""Layers and width of each size, as in BERT (Devlin et al., 2019), its miniatures (Turc et al., 2019) and GPT-3 XL
(Brown et al., 2020). Attention heads are 64 wide. The feed-forward layer has as many weights as two matrices from and
to four times the width."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """The model. For any other field of the architecture's transformers config, give the recipe file a table
    [model.config], such as: num_hidden_layers = 6. Flags can only change fields that the file already sets."""

    size: Size = "mini"
    """Layers x width: tiny 2x128, mini 4x256, small 4x512, medium 8x512, base 12x768, large 24x1024, xl 24x2048. large
    needs a learning rate of about 3e-4, xl 2e-4."""
    architecture: str = "auto"
    """A transformers model type, such as bert, roberta, electra, gpt2 or llama. auto is modernbert for an encoder, and
    modernbert-decoder (the same with causal attention) for a decoder."""
    dropout: float = 0.0
    """Dropout during pretraining. Defaults to 0: small budgets rarely repeat data. Fine-tuning uses another value."""
    config: dict[str, Any] = field(default_factory=dict)
    """Further fields of the architecture's transformers config, from the table [model.config] of the recipe."""

    def __post_init__(self) -> None:
        require(0 <= self.dropout < 1, "dropout", self.dropout, "it must be at least 0 and below 1")


@dataclass(frozen=True, kw_only=True)
class Batching:
    """Sequences and batches."""

    max_length: int = 128
    """Maximum sequence length in tokens, including special tokens. Also the number of the model's positions."""
    tokens: int = 1024
    """Tokens per update, over all processes and micro-batches, including special tokens and padding. Small batches
    learn most from few tokens; a GPU needs larger ones to be fast."""
    accumulation: int = 1
    """Gradient accumulation steps. More steps use less memory."""
    workers: int = 0
    """Worker processes that prepare batches. Batches are the same for any number. 0 is usually enough: one core
    prepares millions of tokens a second."""

    def __post_init__(self) -> None:
        require(self.max_length >= 8, "max_length", self.max_length, "it must be at least 8")
        require(
            self.tokens >= self.max_length,
            "tokens",
            self.tokens,
            f"it must hold at least one sequence of up to {self.max_length} tokens (batch.max_length)",
        )
        require(self.accumulation >= 1, "accumulation", self.accumulation, "it must be at least 1")
        require(0 <= self.workers <= 256, "workers", self.workers, "it must lie in 0..256")


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """The optimizer and its learning rate."""

    method: Literal["adamw", "muon", "adagrad"] = "adamw"
    """adamw; muon, which trains the matrices of the layers, and leaves all else to adamw; or adagrad for word vectors:
    its step for a word depends only on that word's gradients. Adagrad ignores the betas, weight decay and
    embedding_rate."""

    learning_rate: float = 1e-3
    """Peak learning rate, reached after the warm-up."""
    embedding_rate: float = 1.0
    """Learning rate of the embeddings, as a multiple of learning_rate. In short runs 3 helped clm and harmed mlm."""
    matrix_rate: float = 8.0
    """Muon's learning rate of the matrices, as a multiple of learning_rate."""
    schedule: Literal["linear", "cosine", "wsd", "constant"] = "linear"
    """Learning rate after the warm-up. linear and cosine decay to 0; wsd (warmup-stable-decay) is constant, then decays
    linearly to 0 over the last fifth of the steps; constant stays at the peak."""
    warmup: float = 0.06
    """Fraction of the steps in which the learning rate rises linearly from 0."""
    weight_decay: float = 0.01
    """Weight decay of matrices and embeddings. Biases and norms have none."""
    beta1: float = 0.9
    """AdamW's decay rate of the mean of gradients."""
    beta2: float = 0.98
    """AdamW's decay rate of the mean of squared gradients. RoBERTa's value, more stable than 0.999 in short runs."""
    epsilon: float = 1e-6
    """Added to the denominator of a step, for numerical stability."""
    max_grad_norm: float = 1.0
    """Maximum gradient norm for clipping."""

    def __post_init__(self) -> None:
        require(self.learning_rate > 0, "learning_rate", self.learning_rate, "it must be above 0")
        require(self.embedding_rate > 0, "embedding_rate", self.embedding_rate, "it must be above 0")
        require(self.matrix_rate > 0, "matrix_rate", self.matrix_rate, "it must be above 0")
        require(0 <= self.warmup <= 1, "warmup", self.warmup, "it must lie in 0..1")
        require(self.weight_decay >= 0, "weight_decay", self.weight_decay, "it must be at least 0")
        for name in ("beta1", "beta2"):
            require(0 <= getattr(self, name) < 1, f"{name}", getattr(self, name), "it must be at least 0 and below 1")
        require(self.epsilon > 0, "epsilon", self.epsilon, "it must be above 0")
        require(self.max_grad_norm > 0, "max_grad_norm", self.max_grad_norm, "it must be above 0")


MOST = {"tokens": 1e15, "steps": 1e10, "epochs": 1e5, "minutes": 525_600.0, "flops": 1e27}
"""Largest budgets: more than anybody has trained for, and a year."""
SUFFIXES = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}


@dataclass(frozen=True)
class Budget:
    """How long to train: an amount in one unit. It is equal for all runs of a comparison."""

    amount: float
    unit: Literal["tokens", "steps", "epochs", "minutes", "flops"]

    @classmethod
    def parse(cls, text: str) -> Budget:
        """Parse a budget in any spelling of `spelled`. Raises FieldError for anything else."""
        number, suffix, unit = cls._parts(text)
        amount = float(number) * SUFFIXES[suffix]
        require(unit != "steps" or amount >= 1, "budget", text, "it must be at least one step")
        most = MOST[unit]
        require(amount <= most, "budget", text, f"it must be at most {most:.0e} {unit}")
        exact = unit != "steps" or Decimal(number) * int(SUFFIXES[suffix]) % 1 == 0
        require(exact, "budget", text, "it must be a whole number of steps")
        return cls(amount, unit)

    @classmethod
    def spelled(cls, text: str) -> str:
        """A budget in the usual spelling: "10M-tokens" for "10m-tokens", "10M Tokens" and "10m_token".

        The suffixes are k, M, G (or B), T and P. Raises FieldError as `parse`.
        """
        cls.parse(text)
        number, suffix, unit = cls._parts(text)
        return f"{number}{suffix}-{unit}"

    @staticmethod
    def _parts(text: str) -> tuple[str, str, Any]:
        """The number, suffix and unit of a budget. FieldError if it has another form."""
        pattern = r"(\d+(?:\.\d+)?(?:e\d+)?)([kmbgtp]?)[-_ ]?(token|step|epoch|minute|min|flop)s?"
        match = re.fullmatch(pattern, text.lower())
        rule = 'it must be like "10M-tokens", "500-steps", "3-epochs", "20-minutes" or "2e15-flops"'
        require(match is not None and text.isascii() and 0 < float(match[1]) < math.inf, "budget", text, rule)
        assert match is not None
        suffix = {"k": "k", "b": "G"}.get(match[2], match[2].upper())
        return match[1], suffix, "minutes" if match[3] == "min" else f"{match[3]}s"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The settings of a pretraining run, except its corpus and output folder."""

    objective: Any
    """The settings of each objective."""
    mixing: Mixing = "together"
    """How several objectives are combined. together: all work on each example, and their weighted losses are added.
    alternating: each example gets one objective, in proportion to the weights. sequence: one objective after the other,
    each for a share of the steps in proportion to its weight."""
    init: str | None = None
    """Model to start from instead of random weights: the folder of a run or of a model in Hugging Face format, or a
    name on the hub, OWNER/NAME or OWNER/NAME@REVISION. The corpus must have its tokenizer. Its config decides the
    architecture and size."""
    model: Model = field(default_factory=Model)
    batch: Batching = field(default_factory=Batching)
    optimizer: Optimizer = field(default_factory=Optimizer)
    budget: str = "10M-tokens"
    """How long to train, in tokens of text, steps, epochs (passes over the corpus), minutes or FLOPs: 10M-tokens,
    500-steps, 3-epochs, 20-minutes, 2e15-flops."""
    seed: int = 0
    """Random seed for the weights, the order of the data, and the noise."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Precision of matrix products. bf16 keeps weights and sums in fp32; auto selects it if the hardware has it. On
    CUDA, fp32 is computed in TF32."""
    compile: bool = False
    """Compile the model with torch.compile. It takes 30 to 120 seconds, which pays off in longer runs."""
    activation_checkpointing: bool = False
    """Keep only the input of each layer for the backward pass, which computes the rest again: much less memory, a third
    more computation."""
    evaluations: int = 10
    """Number of validations, spread evenly over the run."""
    evaluation_tokens: int = 100_000
    """Tokens of validation text. Each validation uses the same text."""
    save_every: int = 500
    """Steps between checkpoints."""
    keep_checkpoints: int = 2
    """Number of checkpoints to keep; older ones are deleted."""
    snapshots: int = 0
    """Number of intermediate models to keep in RUN/snapshots: after 1/2 of the steps, 1/4, 1/8, ... compare probes
    them for its learning curves."""
    log_every: int = 10
    """Steps between entries in metrics.jsonl."""
    log_with: str | None = None
    """Also log to an experiment tracker, whose package must be installed. tensorboard and aim write to the run's
    folder; mlflow and dvclive to the working directory; trackio to the Hugging Face cache; wandb, comet_ml, clearml and
    swanlab to their service."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "budget", Budget.spelled(self.budget))  # so that equal budgets compare as equal
        _ = self.mixture  # raises FieldError for objectives that cannot be combined
        for name in ("save_every", "keep_checkpoints", "log_every", "evaluations", "evaluation_tokens"):
            require(getattr(self, name) >= 1, name, getattr(self, name), "it must be at least 1")
        require(0 <= self.seed < 2**63, "seed", self.seed, "it must lie in 0..2^63 - 1")
        require(0 <= self.snapshots <= 20, "snapshots", self.snapshots, "it must lie in 0..20")

    @cached_property
    def mixture(self) -> Mixture:
        """The objectives and how they are combined."""
        return Mixture(
            objectives={f.name: getattr(self.objective, f.name) for f in fields(self.objective)}, mixing=self.mixing
        )


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
    before, after = flat(old, Recipe), flat(new, Recipe)
    return [
        FieldChange(name, before.get(name), after.get(name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]


def flat(value: Any, kind: Any, where: str = "") -> dict[str, Any]:
    """The values of all fields of a dataclass and of the dataclasses in it, by full name."""
    found: dict[str, Any] = {}
    for f in fields(kind):
        item = getattr(value, f.name)
        found |= flat(item, item, f"{where}{f.name}.") if is_dataclass(item) else {f"{where}{f.name}": item}
    return found
