"""`nlp-ssl predict MODEL --data FILE`: label texts with a fine-tuned model.

The output has the rows and columns of the file, and further columns: `prediction`, and for each label of a task with
labels for whole texts `probability_LABEL`. The outputs of the model are those that `finetune` scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import tyro

from nlp_ssl.console import say, show_result, speaks
from nlp_ssl.corpus.table_writing import check_table, json_lines, with_columns, write_table
from nlp_ssl.errors import InputError
from nlp_ssl.imports import first_torch_import
from nlp_ssl.models.folder import model_folder
from nlp_ssl.options import parse
from nlp_ssl.output_folder import check_file
from nlp_ssl.processes import agree

if TYPE_CHECKING:
    from nlp_ssl.corpus.table import DataTable
    from nlp_ssl.tasks.kinds.base import Array, TaskKind
    from nlp_ssl.tasks.splits import LabelledExamples

SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet", ".conll")
PREDICTION = "prediction"


@dataclass(frozen=True, kw_only=True)
class Predict:
    """Label the texts of a file with a fine-tuned model. Prints JSON Lines, or writes them or a table to --out."""

    model: tyro.conf.Positional[Path]
    """Folder of a result of finetune, or of any classifier in Hugging Face format."""
    data: Path
    """File with texts (.tsv .csv .jsonl .parquet .conll .conllu). It needs no labels."""
    out: Path | None = None
    """Output file (.csv .tsv .jsonl .parquet, with a label for each word also .conll). Defaults to JSON Lines on
    standard output."""
    text_column: str | None = None
    """Column with the text, or with the words of a sentence. Defaults to that of fine-tuning, or else text."""
    pair_column: str | None = None
    """Column with the second text, for pairs. Defaults to that of fine-tuning."""
    max_length: int | None = None
    """Maximum number of tokens; longer texts are cut. Defaults to that of fine-tuning, which the scores are for. Models
    with fewer positions read fewer."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Precision of matrix products. auto uses bf16 where the hardware supports it. On CUDA, fp32 means TF32."""


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    options = parse(Predict, "predict", arguments)
    table = predict(options)
    if not speaks():
        return 0
    if options.out is None:
        show_result("".join(json_lines(table)).removesuffix("\n"))
    else:
        write_table(options.out, table)
        say(f"{len(table.columns[PREDICTION]):,} predictions: {options.out}")
    return 0


def predict(options: Predict) -> DataTable:
    """The table of the file with the predictions. InputError for unusable options, data or models."""
    suffix = ".jsonl" if options.out is None else options.out.suffix
    if options.out is not None:
        check_file(options.out, SUFFIXES, options.data)
    if options.max_length is not None and options.max_length < 8:
        raise InputError(f"--max-length is {options.max_length}: it must be at least 8")
    from nlp_ssl.tasks.unlabelled import read_file, unlabelled  # imports NumPy

    folder, table = model_folder(options.model), read_file(options.data)
    with first_torch_import():
        from nlp_ssl.evaluation.saved_classifier import SavedClassifier

    network = SavedClassifier(folder, options.precision, options.max_length)
    kind, columns = network.kind, list(network.task.columns)
    if options.text_column is not None:
        columns[0] = (options.text_column,)
    if options.pair_column is not None:
        if len(columns) == 1:
            raise InputError(f"--pair-column {options.pair_column}: {options.model} was fine-tuned on single texts")
        columns[1:] = [(options.pair_column,)]
    if suffix == ".conll" and not kind.labels_words:
        raise InputError(f"--out {options.out}: .conll is for labels of words, and this model labels whole texts")
    task = replace(network.task.declaration(), columns=tuple(columns))
    table, examples = unlabelled(table, task)
    names = new_columns(kind)
    with_columns(table, dict.fromkeys(names, ()))
    check_table(suffix, table)
    agree({"data": examples.fingerprint()})
    outputs = network.outputs(examples, table.where)
    return with_columns(table, dict(zip(names, values(kind, outputs, examples, suffix), strict=True)))


def new_columns(kind: TaskKind) -> list[str]:
    """The names of the columns with predictions: the label and, for labels of whole texts, their probabilities."""
    import numpy as np

    has_probabilities = not kind.labels_words and kind.classes(np.zeros((1, kind.outputs))) is not None
    return [PREDICTION, *(f"probability_{label}" for label in kind.labels if has_probabilities)]


def values(kind: TaskKind, outputs: Array, examples: LabelledExamples, suffix: str) -> list[list[Any]]:
    """The values of the new columns, each [n], from outputs [units, outputs].

    A prediction is a label, a number, a text, a list with a label for each word, or several labels: a list, or with
    commas between them where the format has no lists.
    """
    import numpy as np

    if kind.writes_text:
        return [outputs[:, 0].tolist()]
    classes = kind.classes(outputs)
    if classes is None:
        return [[float(f"{number:.7g}") for number in kind.predictions(outputs, examples)]]
    names = np.array(kind.labels, dtype=object)
    if kind.labels_words:
        ends = np.cumsum(examples.word_counts)[:-1]
        return [[tags.tolist() for tags in np.split(names[classes], ends)]]
    if classes.ndim == 1:
        predicted = names[classes].tolist()
    else:
        predicted = [names[row > 0].tolist() for row in classes]
        if suffix in (".csv", ".tsv"):
            predicted = [",".join(labels) for labels in predicted]
    found = kind.probabilities(outputs)  # of two classes, that of the second one
    probabilities = np.stack([1 - found, found], axis=1) if found.ndim == 1 else found
    return [predicted, *probabilities.round(6).T.tolist()]
