"""The pretraining model: a body and one head per loss."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_model
from torch import Tensor, nn
from transformers import AutoModel, AutoModelForMaskedLM

from nlp_ssl import registry
from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import InputError
from nlp_ssl.heads.base import Encode, Head, LossSum
from nlp_ssl.models.architectures import configure
from nlp_ssl.models.building import build
from nlp_ssl.models.folder import HEADS_FOLDER
from nlp_ssl.models.hybrid import ARCHITECTURE, attention_by_row
from nlp_ssl.models.initial import Initial, Loaded, continued_config, describe, load_initial
from nlp_ssl.models.mask_reads import known_masks
from nlp_ssl.models.parts import detach_body
from nlp_ssl.objectives.mixture import Loss, Mixture
from nlp_ssl.recipe import Recipe
from nlp_ssl.runtime import full_precision
from nlp_ssl.training.collate import Inputs

Vectors = dict[str, Tensor]
"""Loss name -> representations [B, K, D] of sequences, or their gradients."""


def head_classes(mixture: Mixture) -> dict[str, type[Head]]:
    """The head class of each loss. InputError for an unknown head."""
    return {name: registry.find("heads", loss.head).for_body(mixture.body) for name, loss in mixture.losses.items()}


def model_config(recipe: Recipe, vocabulary: Vocabulary, initial: Initial | None = None) -> Any:
    """The transformers config of a recipe's body, from that of the model that it starts from, if there is one.

    InputError if the architecture does not support the objectives.
    """
    mixture = recipe.mixture
    autos = [cls.auto_class for cls in head_classes(mixture).values() if cls.auto_class is not None]
    if not autos and mixture.body == "encoder":
        autos = [AutoModelForMaskedLM]  # only encoder architectures have this class
    shared = recipe.model, mixture.body, autos, vocabulary, recipe.batch.max_length
    config = configure(*shared) if initial is None else continued_config(initial, *shared)
    if mixture.has_causal_rows and config.model_type != ARCHITECTURE:
        what, remedy = "model.architecture", "use 'auto'"
        if initial is not None:
            what, remedy = f"the architecture of --init {initial.name}", "use another model"
        raise InputError(
            f"{what} is {config.model_type!r}: {mixture.name} needs {ARCHITECTURE!r}, which can also read "
            f"from one side only; {remedy}"
        )
    if mixture.also_decoder:
        config.predicts_next_token = True
    return config


class PretrainingModel(nn.Module):
    """A body and its heads, one per loss of a mixture.

    A carrier is a transformers model from which the body was detached. Heads may share one.
    """

    def __init__(self, config: Any, mixture: Mixture, vocabulary: Vocabulary, initial: Initial | None = None) -> None:
        """`config` is the transformers config of the body (`model_config`); the weights are those of `initial`.

        InputError if `initial` lacks weights of the body.
        """
        super().__init__()
        self._initial = initial
        self._loaded: dict[str, Loaded] = {}  # by the carrier's key
        self.started = ""
        """One line on what was taken from `initial`; empty if the weights are random."""
        self.losses: Mapping[str, Loss] = mixture.losses
        classes = head_classes(mixture)
        self._keys = {name: cls.key(name) for name, cls in classes.items()}
        self.carriers, self.heads = nn.ModuleDict(), nn.ModuleDict()
        carrier_classes: dict[str, type[Head]] = {}
        self._assembled_by: dict[str, str] = {}  # carrier's key -> head's key
        for name, cls in classes.items():
            key = cls.carrier_key(name)
            if cls.auto_class is not None and key not in self.carriers:
                own = cls.configure(config, self.losses[name], vocabulary)
                self.carriers[key] = self._start(key, cls.auto_class, own)
                carrier_classes[key] = cls
        self.body = self._take_body(config, carrier_classes)
        for name, cls in classes.items():
            if self._keys[name] not in self.heads:
                carrier = self.carriers[cls.carrier_key(name)] if cls.auto_class is not None else None
                self.heads[self._keys[name]] = cls(config, self.body, carrier, self.losses[name], vocabulary)
            if cls.auto_class is not None:
                self._assembled_by.setdefault(cls.carrier_key(name), self._keys[name])
        if initial is not None and initial.folder is not None:
            self.started = self._describe_start(initial)
        momenta = [self.head(name).momentum for name in self.losses]
        self.momentum = max((momentum for momentum in momenta if momentum is not None), default=None)
        self.averaged = None if self.momentum is None else deepcopy(self.body).requires_grad_(False)

    def _start(self, key: str, auto_class: Any, config: Any) -> Any:
        """A transformers model with the weights of the initial model, or with random ones."""
        if self._initial is None or self._initial.folder is None:
            return build(auto_class, config)
        model, self._loaded[key] = load_initial(self._initial.folder, key, auto_class, config)
        return model

    def _describe_start(self, initial: Initial) -> str:
        shared = {id(weight) for module in (self.body, self.carriers) for weight in module.parameters()}
        new = [
            f"layers of {key}"
            for key, head in self.heads.items()
            if any(id(weight) not in shared for weight in head.parameters())
        ]
        names = {key: frozenset(self.carriers[key].state_dict()) for key in self.carriers} or {"": frozenset[str]()}
        return describe(initial, {key: (own, self._loaded[key]) for key, own in names.items()}, new)

    def _take_body(self, config: Any, classes: Mapping[str, type[Head]]) -> Any:
        """Detach the body that all carriers share. Without carriers, make a new body."""
        if not self.carriers:
            body = self._start("", AutoModel, config)
            if getattr(body, "pooler", None) is not None:
                body.pooler = None  # no loss would train it
            return body
        # BERT has a pooler only in its classifier.
        with_pooler = (key for key, cls in classes.items() if cls.uses_pooler)
        source = next(with_pooler, next(iter(self.carriers)))
        bodies = {key: detach_body(carrier) for key, carrier in self.carriers.items()}
        body = bodies[source]
        for key, carrier in self.carriers.items():
            table: Any = carrier.get_output_embeddings()  # type: ignore[operator]
            if key != source and table is not None and table.weight is bodies[key].get_input_embeddings().weight:
                table.weight = body.get_input_embeddings().weight
        return body

    def head(self, name: str) -> Head:
        """The head of a loss."""
        head = self.heads[self._keys[name]]
        assert isinstance(head, Head)
        return head

    def encoder(self, inputs: Inputs) -> Encode:
        """A callable that runs the body on the views of a micro-batch."""
        return Encode(self._run_body, inputs["views"])

    def _run_body(self, view: Mapping[str, Tensor], averaged: bool) -> Any:
        body: Any = self.averaged if averaged else self.body
        arguments: dict[str, Any] = dict(view)
        if body.config.is_encoder_decoder:
            arguments.pop("token_type_ids", None)
        if "causal" in arguments:
            causal, mask = arguments.pop("causal"), arguments.get("attention_mask")
            arguments["attention_mask"] = attention_by_row(body.config, causal, mask, view["input_ids"].shape[1])
        if averaged:
            with torch.no_grad():
                return body(**arguments)
        return body(**arguments)

    @known_masks()
    def forward(
        self, inputs: Inputs, generator: torch.Generator, gradients: Vectors | None = None
    ) -> dict[str, LossSum | Tensor]:
        """Each loss summed over its targets in a micro-batch; `inputs` as in `nlp_ssl.training.collate`.

        The result for a whole-batch loss (`Head.reduction` is "batch") depends on the mode:

        * training: the loss as if the micro-batch were the whole batch;
        * training with `gradients`: a surrogate scalar whose gradients with respect to the representations are
          `gradients` [B, K, D];
        * evaluation: the representations [B, K, D].
        """
        encode = self.encoder(inputs)
        vectors = self.batch_vectors(inputs, generator, encode)
        found: dict[str, LossSum | Tensor] = {}
        for name, loss in self.losses.items():
            head, targets = self.head(name), inputs["targets"][name]
            if name not in vectors:
                found[name] = head.loss(loss, encode, targets, generator)
            elif gradients is not None:
                unused = sum(p.sum() for p in head.parameters() if p.requires_grad)  # DDP needs gradients of all
                found[name] = LossSum((vectors[name] * gradients[name]).sum() + 0.0 * unused)
            elif torch.is_grad_enabled():
                with full_precision(vectors[name]):  # as in a divided batch
                    found[name] = head.batch_loss(loss, vectors[name], targets)
            else:
                found[name] = vectors[name]
        return found

    @known_masks()
    def batch_vectors(self, inputs: Inputs, generator: torch.Generator, encode: Encode | None = None) -> Vectors:
        """Representations [B, K, D], float32, of a micro-batch for each whole-batch loss.

        Compute them before other losses, so that dropout masks do not depend on whether other losses follow.
        """
        encode = encode or self.encoder(inputs)
        return {
            name: self.head(name).vectors(self.losses[name], encode, inputs["targets"][name], generator).float()
            for name in self.batch_losses
        }

    @property
    def batch_losses(self) -> list[str]:
        """Names of the whole-batch losses."""
        return [name for name in self.losses if self.head(name).reduction == "batch"]

    @torch.no_grad()
    def after_step(self) -> None:
        """Update the averaged weights of the body and call `after_step` of each head."""
        if self.averaged is not None:
            assert self.momentum is not None
            for mean, own in zip(self.averaged.parameters(), self.body.parameters(), strict=True):
                mean.lerp_(own, 1 - self.momentum)
        for head in self.heads.values():
            head.after_step()  # type: ignore[operator]

    # Saving and loading

    def assemble(self, key: str | None = None) -> Any:
        """Body and head as one transformers model that shares these weights; `key` defaults to the first head.

        Returns the body alone if no head is saved.
        """
        keys = list(self.carriers)
        if not keys:
            return self.body
        key = key or keys[0]
        head = self.heads[self._assembled_by[key]]
        assert isinstance(head, Head)
        return head.assemble(self.body)

    def extra_heads(self) -> list[str]:
        """Keys for `assemble` of all saved heads but the first."""
        return list(self.carriers)[1:]

    def load(self, folder: Path) -> None:
        """Load the weights of a saved model and of the extra heads in its `HEADS_FOLDER`."""
        load_model(self.assemble(), folder / "model.safetensors")
        for head in self.extra_heads():
            load_model(self.assemble(head), folder / HEADS_FOLDER / head / "model.safetensors")

    def retarget(self, losses: Mapping[str, Loss], heads: Mapping[str, str]) -> None:
        """Switch to the losses of another mixture. `heads` maps each to the old loss whose head it uses."""
        self._keys = {name: self._keys[heads[name]] for name in losses}
        self.losses = dict(losses)
