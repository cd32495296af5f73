"""A fine-tuned model in its folder: what it has learned, and how it is used again.

`nlp-ssl finetune` writes `task.json` beside the weights. The classifiers of other programs have no such file: their
config says what they predict, and the column of the text is "text".
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from nlp_ssl import registry
from nlp_ssl.console import progress
from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.checkpoints import load_classifier
from nlp_ssl.evaluation.classifier import Classifier
from nlp_ssl.evaluation.inputs import encode, report_tokens
from nlp_ssl.evaluation.seq2seq import Seq2Seq
from nlp_ssl.json_files import read_record, write_object
from nlp_ssl.models.architectures import longest_input
from nlp_ssl.runtime import choose_attention, resolve_precision
from nlp_ssl.tasks.declaration import Task
from nlp_ssl.tasks.kinds.base import TaskKind
from nlp_ssl.tasks.splits import LabelledExamples

TASK_FILE = "task.json"
AGAIN = "run finetune again in a new --out"

NO_LIMIT = 10**9
"""From here on, transformers' `model_max_length` says that a tokenizer knows no limit."""
DEFAULT_LENGTH = 512
"""The maximum length in tokens of models that name none."""


@dataclass(frozen=True)
class LearnedTask:
    """What a model has learned, as far as its config does not say."""

    kind: str = "classification"
    """The kind of task."""
    columns: tuple[tuple[str, ...], ...] = (("text",),)
    """The names that the column of the text may have, and for pairs those of the second text."""
    label: tuple[str, ...] = ()
    """The names that the column of the label may have."""
    labels: tuple[str, ...] = ()
    """The declared names of the labels; empty if they were found in the data."""
    header: tuple[str, ...] = ()
    """The columns of a file without a header line."""
    usual_tag: str = ""
    """In token tasks the most frequent tag, which truncated words get."""

    def declaration(self) -> Task:
        """The task as it was declared, as far as texts need it."""
        return Task(
            name="",
            kind=self.kind,
            columns=self.columns,
            label=self.label,
            labels=self.labels,
            metrics=(),
            header=self.header,
        )


def write_task(folder: Path, task: LearnedTask) -> None:
    """Write what the model in a folder has learned."""
    write_object(folder / TASK_FILE, asdict(task))


def kind_of(config: Any) -> str:
    """The kind of task that a transformers config of a classifier describes."""
    if any("ForTokenClassification" in name for name in config.architectures):
        return "token_classification"
    if config.problem_type == "multi_label_classification":
        return "multilabel"
    return "regression" if config.problem_type == "regression" or config.num_labels == 1 else "classification"


class SavedClassifier:
    """A classifier loaded from a folder. InputError if the folder has no usable one."""

    def __init__(self, folder: Path, precision: Literal["auto", "fp32", "bf16"], max_length: int | None = None) -> None:
        """`max_length` in tokens defaults to that of fine-tuning."""
        file = folder / TASK_FILE
        ours = read_record(file, LearnedTask, AGAIN) if file.exists() else None
        writes = ours is not None and registry.find("task_kinds", ours.kind).writes_text
        model, self._checkpoint = load_classifier(folder, writes)
        config, tokenizer = self._checkpoint.config, self._checkpoint.tokenizer
        self.task = ours or LearnedTask(kind_of(config))
        labels = [] if writes else [config.id2label[i] for i in range(config.num_labels)]
        self.kind: TaskKind = registry.find("task_kinds", self.task.kind)(labels)
        named = tokenizer.model_max_length
        self._max_length = longest_input(config, max_length or (named if named < NO_LIMIT else DEFAULT_LENGTH))
        network = Seq2Seq if writes else Classifier
        self._network = network(model, tokenizer, self.kind, resolve_precision(precision))

    def outputs(self, examples: LabelledExamples, where: str) -> npt.NDArray[Any]:
        """The outputs for examples without labels [units, outputs].

        `where` names the examples in messages. InputError if too many tokens are unknown, or if words are truncated and
        the model has no tag for them.
        """
        tokens = encode(self._checkpoint, examples, self._max_length)
        truncated = ~tokens.covered
        if truncated.any() and not self.task.usual_tag:
            raise InputError(
                f"{where}: {truncated.sum():,} words lie beyond the {self._max_length} tokens that this model reads; "
                "divide long sentences"
            )
        report_tokens(tokens, where, self._max_length)
        choose_attention(self._network.model, int(tokens.lengths.max()))
        with progress("predict", len(examples), "texts") as job:
            outputs = self._network.predict(tokens, job.advance)
        if truncated.any():
            outputs[truncated] = np.eye(len(self.kind.labels))[self.kind.labels.index(self.task.usual_tag)]
        return outputs
