"""Small networks in pretraining, and inputs for them."""

from types import SimpleNamespace

import torch

from nlp_ssl.heads.base import LossSum
from nlp_ssl.objectives import all_objectives
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.recipe import Batching, Model
from nlp_ssl.training.model import PretrainingModel, model_config
from tests.worlds import vocabulary

OBJECTIVES = all_objectives()


def mixture(*names: str) -> Mixture:
    return Mixture(objectives={name: OBJECTIVES[name]() for name in names})


def config_of(trained: Mixture, max_length: int = 32, **model: object):
    """The config of a recipe with this mixture."""
    recipe = SimpleNamespace(mixture=trained, model=Model(**model), batch=Batching(max_length=max_length))
    return model_config(recipe, vocabulary())


def make(objective: str, architecture: str = "auto", **fields: object) -> PretrainingModel:
    torch.manual_seed(0)
    trained = mixture(*objective.split("+"))
    config = config_of(trained, size="tiny", architecture=architecture, **fields)
    return PretrainingModel(config, trained, vocabulary())


def batch(objective: str) -> dict:
    """Three rows of 16, the second one padded; targets in all of them."""
    torch.manual_seed(1)
    ids = torch.randint(5, 50, (3, 16))
    ids[:, 0] = 2
    main, targets = {"input_ids": ids}, {}
    for name in objective.split("+"):
        if name in ("sop", "nsp"):
            targets[name] = {"labels": torch.tensor([0, 1, 1])}
        else:
            targets[name] = {"labels": torch.tensor([7, 8, 9, 10]), "positions": torch.tensor([1, 5, 17, 40])}
    if objective != "clm":
        main["attention_mask"] = torch.ones_like(ids)
        main["attention_mask"][1, 10:] = 0
        ids[1, 10:] = 0
    return {"views": {"main": main}, "targets": targets}


def losses(model: PretrainingModel, inputs: dict) -> dict[str, LossSum]:
    return model(inputs, torch.Generator())


def loss_of(model: PretrainingModel, inputs: dict) -> torch.Tensor:
    (found,) = losses(model, inputs).values()
    return found.sum
