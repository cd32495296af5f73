"""Look up the model class of a config. The only code that reads transformers' private `_model_mapping`."""

from __future__ import annotations

from typing import Any

from transformers import PretrainedConfig, PreTrainedModel


def has_head(auto_class: Any, config: PretrainedConfig) -> bool:
    """Whether an auto class, such as `AutoModelForMaskedLM`, supports this config."""
    return type(config) in auto_class._model_mapping


def model_types(auto_class: Any) -> list[str]:
    """The model types that an auto class has a model class for, sorted."""
    return sorted(auto_class._model_mapping._model_mapping)


def model_class(auto_class: Any, config: PretrainedConfig) -> type[PreTrainedModel]:
    """The model class that an auto class uses for this config. KeyError if it has none."""
    found = auto_class._model_mapping[type(config)]
    chosen: type[PreTrainedModel] = found[0] if isinstance(found, tuple) else found
    return chosen
