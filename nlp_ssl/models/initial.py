"""The model that a run starts from instead of random weights: this project's, another program's, or one on the hub."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import CONFIG_MAPPING, AutoModelForCausalLM, AutoModelForMaskedLM, AutoTokenizer, GenerationConfig

from nlp_ssl.corpus.store import Corpus
from nlp_ssl.corpus.tokenizer import complete, gives_same_ids
from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import InputError
from nlp_ssl.models.architectures import (
    TESTED,
    decided_fields,
    fields_of,
    longest_input,
    require_room,
    set_dropout,
)
from nlp_ssl.models.auto import has_head, model_class
from nlp_ssl.models.building import build
from nlp_ssl.models.finite import require_finite
from nlp_ssl.models.folder import HEADS_FOLDER, as_causal, find_model, model_checksum
from nlp_ssl.models.hybrid import converted_config, converted_weights
from nlp_ssl.models.loading import as_input_error, load_config
from nlp_ssl.recipe import SIZES, Model
from nlp_ssl.sampling.examples import Body

IN_WORDS: dict[Body, str] = {
    "static": "model of word vectors",
    "encoder": "encoder",
    "decoder": "decoder",
    "seq2seq": "encoder-decoder",
}

SAME_LAYERS: dict[str, Body] = {"modernbert": "decoder", "modernbert-decoder": "encoder"}
"""The kind of body that a model's layers can also be, in another model type."""

OF_ITS_RUN = ("reading_direction", "predicts_next_token")
"""Config fields in which this project writes how a model was trained."""


@dataclass(frozen=True, kw_only=True)
class Initial:
    """A model to start from."""

    name: str
    """As in the recipe."""
    checksum: str
    config: Any
    """Its transformers config."""
    folder: Path | None = None
    """Where its weights are; None in a run that has trained them already."""

    @classmethod
    def open(cls, name: str, body: Body, corpus: Corpus) -> Initial:
        """Find a model. InputError if there is none, or the corpus has another tokenizer."""
        try:
            found = find_model(name)
        except InputError as error:
            raise InputError(*(f"--init {problem}" for problem in error.problems)) from None
        folder = as_causal(found) if body == "decoder" else found
        _check_tokenizer(name, folder, corpus)
        config = load_config(folder)
        if body == SAME_LAYERS.get(config.model_type):
            config = converted_config(config)
        return cls(name=name, checksum=model_checksum(found), config=config, folder=folder)

    @classmethod
    def stored(cls, name: str, record: dict[str, Any]) -> Initial:
        """The model that a run has started from, without its weights. `record` is that of `Initial.record`."""
        config = record["config"]
        return cls(
            name=name, checksum=record["checksum"], config=CONFIG_MAPPING[config["model_type"]].from_dict(config)
        )

    def record(self) -> dict[str, Any]:
        """What a run keeps of it, as JSON values."""
        config = json.loads(self.config.to_json_string(use_diff=False))
        return {"model": self.name, "checksum": self.checksum, "config": config}


def _check_tokenizer(name: str, folder: Path, corpus: Corpus) -> None:
    """InputError unless the corpus has the tokens and ids that `prepare` gives it with the model's tokenizer."""
    label, prepare = f"--init {name}", f"nlp-ssl prepare … --tokenizer {folder if Path(name).exists() else name}"
    with as_input_error(folder):
        own, theirs = map(AutoTokenizer.from_pretrained, (folder, corpus.tokenizer_folder))
    for tokenizer in (own, theirs):
        complete(tokenizer, label, "choose another model")
    if not gives_same_ids(own, theirs):
        raise InputError(f"{label}: {corpus.folder} has another tokenizer; make a corpus for this model: {prepare}")


def continued_config(
    initial: Initial, model: Model, body: Body, auto_classes: Sequence[Any], vocabulary: Vocabulary, max_length: int
) -> Any:
    """The config of an initial model as a recipe trains it: with the corpus's special tokens and the recipe's dropout.

    Tokens that `nlp-ssl prepare` added to its tokenizer enlarge its vocabulary. InputError if it cannot be trained so,
    or the recipe's model is another one.
    """
    label = f"--init {initial.name}:"
    config = type(initial.config).from_dict(initial.config.to_dict())
    kind = config.model_type
    if kind not in TESTED[body] or not all(has_head(auto_class, config) for auto_class in auto_classes):
        raise InputError(
            f"{label} a {kind!r} model is no {IN_WORDS[body]} that this objective can train; use another model"
        )
    if other := _other_fields(model, body, config):
        raise InputError(
            f"{label} the recipe states another model ({', '.join(other)}); leave model.size, model.architecture and "
            "[model.config] out, or --init"
        )
    longest = longest_input(config, max_length)
    if longest < max_length:
        raise InputError(f"{label} it has only {longest} positions: lower --batch.max-length from {max_length}")
    for key, value in decided_fields(body, vocabulary, fields_of(config)).items():
        setattr(config, key, value)
    for key in OF_ITS_RUN:
        if hasattr(config, key):
            delattr(config, key)
    config.vocab_size = max(config.vocab_size, vocabulary.size)
    config.dtype = torch.float32
    set_dropout(config, model.dropout)
    require_room(config, auto_classes, label)
    return config


def _other_fields(model: Model, body: Body, config: Any) -> list[str]:
    """What a recipe says about its model that does not hold for a config; the default size says nothing."""
    stated: dict[str, Any] = {}
    if model.size != Model.size:
        layers, width = SIZES[model.size]
        stated = {"num_hidden_layers": max(1, layers // 2) if body == "seq2seq" else layers, "hidden_size": width}
    stated = {config.attribute_map.get(key, key): value for key, value in {**stated, **model.config}.items()}
    if model.architecture != "auto":
        stated["model_type"] = model.architecture
    found = {key: getattr(config, key, None) for key in stated}
    return [f"{key} {value!r}, here {found[key]!r}" for key, value in stated.items() if value != found[key]]


@dataclass(frozen=True)
class Loaded:
    """What a network got from the folder of an initial model, by the names of weights."""

    names: frozenset[str]
    """All weights of the network."""
    missing: frozenset[str]
    """Those that the folder lacks; they are random."""
    left: frozenset[str]
    """Weights in the folder that the network does not have."""
    new_tokens: int
    """Tokens by which the vocabulary grew."""


def load_initial(folder: Path, key: str, auto_class: Any, config: Any) -> tuple[Any, Loaded]:
    """A transformers model with a config of `continued_config` and the weights in a folder, in float32.

    They come from the extra head `key` of a model of this project, if there is one. The embeddings of new tokens are
    drawn around the mean of the others (Hewitt 2021), as transformers does. InputError if the folder has no weights,
    damaged ones, or some that are not finite.
    """
    own = folder / HEADS_FOLDER / key
    source = own if (own / "config.json").is_file() else folder
    before = load_config(source)
    stored = type(config).from_dict(config.to_dict())
    new_tokens = config.vocab_size - before.vocab_size
    if new_tokens:
        stored.vocab_size, stored.pad_token_id = before.vocab_size, before.pad_token_id
    with as_input_error(source):
        loading = {"dtype": torch.float32, "output_loading_info": True, "ignore_mismatched_sizes": True}
        if before.model_type == config.model_type:
            model, report = auto_class.from_pretrained(source, config=stored, trust_remote_code=False, **loading)
        else:
            model, report = _of_same_layers(source, before, model_class(auto_class, stored), stored, loading)
        missing = frozenset(report["missing_keys"]) | {name for name, *_ in report["mismatched_keys"]}
        if "Classification" in auto_class.__name__ and before.id2label != config.id2label:
            missing |= _renew_classifier(model, build(auto_class, config))
        if new_tokens:
            model.resize_token_embeddings(config.vocab_size)
            model.config.pad_token_id = config.pad_token_id
    require_finite(model, str(source), "choose another model")
    if model.can_generate():  # that of the folder may have other special tokens
        model.generation_config = GenerationConfig.from_model_config(model.config)
    return model, Loaded(frozenset(model.state_dict()), missing, frozenset(report["unexpected_keys"]), new_tokens)


def _renew_classifier(model: Any, new: Any) -> frozenset[str]:
    """Give a classifier of other classes the output layer of a new one; returns the names of its weights."""
    own = {
        name: weight for name, weight in new.state_dict().items() if not name.startswith(f"{new.base_model_prefix}.")
    }
    outputs = {name: weight for name, weight in own.items() if weight.shape[:1] == (new.config.num_labels,)}
    model.load_state_dict(outputs, strict=False)
    return frozenset(outputs)


def _of_same_layers(source: Path, before: Any, kind: Any, config: Any, loading: Mapping[str, Any]) -> Any:
    """A model of class `kind` with the weights of one of the same layers in another model type, and what was loaded."""
    own = AutoModelForMaskedLM if SAME_LAYERS[before.model_type] == "decoder" else AutoModelForCausalLM
    found, read = own.from_pretrained(source, trust_remote_code=False, **loading)
    weights = {name: weight for name, weight in found.state_dict().items() if name not in read["missing_keys"]}
    model, report = kind.from_pretrained(None, config=config, state_dict=converted_weights(weights), **loading)
    return model, {**report, "unexpected_keys": {*report["unexpected_keys"], *read["unexpected_keys"]}}


def describe(initial: Initial, heads: dict[str, tuple[frozenset[str], Loaded]], new: Sequence[str]) -> str:
    """One line: what was taken from an initial model, what is new, and what was left.

    `heads` holds for each head the names of its own weights, without the body's; `new` are heads that are never taken.
    InputError if the folder lacks weights of the body.
    """
    lacking = {n for names, loaded in heads.values() for n in loaded.missing - names if "pooler" not in n}
    if lacking:
        raise InputError(f"--init {initial.name}: it has no weights for {', '.join(_parts(lacking)[:3])}; use another")
    taken = [f"{key} head" for key, (names, loaded) in heads.items() if names and not names & loaded.missing]
    missing = _parts({name for _, loaded in heads.values() for name in loaded.missing})
    used = {name for _, loaded in heads.values() for name in loaded.names}
    left = _parts({name for _, loaded in heads.values() for name in loaded.left} - used)
    tokens = max(loaded.new_tokens for _, loaded in heads.values())
    made = [*missing, *new, *([f"embeddings of {tokens} tokens"] if tokens else [])]
    parts = [f"taken: body{''.join(f', {head}' for head in taken)}"]
    parts += [f"{what}: {', '.join(items)}" for what, items in (("new", made), ("left", left)) if items]
    assert initial.folder is not None
    other = load_config(initial.folder).model_type != initial.config.model_type
    kind = f", as a {initial.config.model_type}" if other else ""
    return f"started from {initial.name}{kind}; {'; '.join(parts)}"


def _parts(names: set[str]) -> list[str]:
    """The modules that weights belong to, by at most two parts of their names."""
    return sorted({".".join(name.split(".")[:-1][:2]) or name for name in names})
