"""The flags that describe a labelled task, and the task that a --task and these flags name."""

from __future__ import annotations

from dataclasses import dataclass

from nlp_ssl import registry
from nlp_ssl.errors import InputError
from nlp_ssl.tasks.declaration import Task, load_task, own_task, task_names, with_flags

CORPUS_EXAMPLES = 10_000

DAMAGED = "damaged_sentences"
"""The name of the minimal pairs that are made from a corpus."""

RETRIEVAL = "next_sentence_retrieval"
"""The name of the retrieval of neighbouring sentences."""

ZERO_SHOT = {DAMAGED: "minimal-pairs", RETRIEVAL: "retrieval"}
"""Tasks made from a corpus without labels to learn from, and the commands that score one model on them."""


@dataclass(frozen=True, kw_only=True)
class ColumnFlags:
    """Columns of a labelled task."""

    text_column: str | None = None
    """Column with the text, or with the words of a sentence."""
    pair_column: str | None = None
    """Column with the second text, for pairs."""
    label_column: str | None = None
    """Column with the label or labels, or with the text to write."""


@dataclass(frozen=True, kw_only=True)
class TaskFlags(ColumnFlags):
    """Columns, kind and metrics of a labelled task."""

    kind: str | None = None
    """Kind of a task without a declaration: classification, multilabel, regression, token_classification or
    generation."""
    positive: str | None = None
    """Label that f1, precision and recall are about. Defaults to the declared one, or else the rarer label of train."""
    metric: tuple[str, ...] = ()
    """Metrics to report; the first selects hyperparameters. Defaults to the declared ones, or else those of the
    kind."""
    corpus_examples: int = CORPUS_EXAMPLES
    """Scored examples of a task that is made from a corpus, if it has enough text; half as many are for training."""

    def task_named(self, name: str) -> Task:
        """The task declared by this name or in this file, with the flags in place of declared values.

        Without a declaration, the flags must name the columns. InputError if they do not, or contradict it.
        """
        columns = self.text_column, self.pair_column, self.label_column
        return with_flags(find_task(name, self.corpus_examples), *columns, self.metric, self.kind, self.positive)


def find_task(name: str, corpus_examples: int = CORPUS_EXAMPLES) -> Task:
    """The task of this name or declaration file; otherwise a new task, whose columns must be given by flags.

    `corpus_examples` is the number of scored examples of a task that is made from a corpus. InputError for tasks
    without labels, which have commands of their own.
    """
    if name in ZERO_SHOT:
        raise InputError(f"--task {name}: only for compare; for one model, use nlp-ssl {ZERO_SHOT[name]} RUN --corpus")
    if is_from_corpus(name):
        task: Task = registry.find("corpus_tasks", name).declaration(corpus_examples)
        return task
    return load_task(name) if is_declared(name) else own_task(name)


def is_from_corpus(name: str) -> bool:
    """Whether a --task is made from a corpus (`nlp_ssl.tasks.from_corpus`)."""
    return registry.knows("corpus_tasks", name)


def is_declared(name: str) -> bool:
    """Whether a --task has a declaration: a shipped one, a .toml file, or one that is made from a corpus."""
    return name.endswith(".toml") or name in (*task_names(), *ZERO_SHOT) or is_from_corpus(name)
