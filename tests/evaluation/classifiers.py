"""Classifiers in folders, without training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import torch
from transformers import PreTrainedTokenizerFast

from nlp_ssl.checksums import seal
from nlp_ssl.evaluation.checkpoints import load_checkpoint
from nlp_ssl.evaluation.classifier import Classifier, build
from nlp_ssl.evaluation.saved_classifier import LearnedTask, write_task
from nlp_ssl.models.static import (
    StaticVectorsConfig,
    StaticVectorsForSequenceClassification,
    StaticVectorsForTokenClassification,
)
from nlp_ssl.tasks.kinds.base import TaskKind


def save_untrained(model: Path, folder: Path, kind: TaskKind, max_length: int = 64, **task: object) -> Path:
    """A classifier with the body of `model` and a random head, as `finetune` saves it."""
    checkpoint = load_checkpoint(model, kind.auto_class)
    network = build(checkpoint, True, kind, 1)
    folder.mkdir()
    Classifier(network, checkpoint.tokenizer, kind, "fp32").save(folder, max_length)
    write_task(folder, LearnedTask(**{"kind": kind.name} | task))
    seal(folder)
    return folder


def save_by_hand(
    folder: Path, tokenizer: PreTrainedTokenizerFast, labels: Sequence[str], problem: str | None, words: bool = False
) -> Path:
    """A classifier of another program, with two outputs: ln 3 for "fine" to the second, ln 3 for "awful" to the first.

    Other words have zeros. The outputs of a text are the mean over its words.
    """
    names = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("pad", "cls", "sep")}
    config = StaticVectorsConfig(len(tokenizer), 2, problem_type=problem, id2label=dict(enumerate(labels)), **names)
    config.label2id = {label: i for i, label in enumerate(labels)}
    model = (StaticVectorsForTokenClassification if words else StaticVectorsForSequenceClassification)(config)
    ids = tokenizer.convert_tokens_to_ids(["awful", "fine"])
    with torch.no_grad():
        model.body.vectors.weight.zero_()
        model.body.vectors.weight[ids] = math.log(3) * torch.eye(2)
        model.classifier.weight[:] = torch.eye(2)[-len(labels) :]
        model.classifier.bias.zero_()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
