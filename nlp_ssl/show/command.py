"""`nlp-ssl show RECIPE --corpus C`: show what an objective does to a text, without training.

It prints a few examples: the text, the model's input and the targets. Then it prints statistics over a sample, and a
warning for each unusual value.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from nlp_ssl.console import printable, show_result, table, warn
from nlp_ssl.corpus.ngrams import Ngrams
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import InputError
from nlp_ssl.options import HIDDEN
from nlp_ssl.recipe import Model, Optimizer, Recipe
from nlp_ssl.sampling.batch import Batch
from nlp_ssl.sampling.batches import Batches
from nlp_ssl.sampling.examples import Body, ExampleType
from nlp_ssl.sampling.noise import Noise
from nlp_ssl.show.choice import choose, kind_of
from nlp_ssl.show.statistics import concerns, covered, flat, measure_batches, readable, reference_losses
from nlp_ssl.show.words import CLOSE, OPEN, describe_row
from nlp_ssl.training.pretrain import evaluation_steps, parse, usable_examples

LABELS = {
    "examples_an_epoch": "examples per epoch",
    "runs_left_out": "pieces of text left out",
    "rows": "examples in the sample",
    "text_tokens": "tokens of text in the sample",
    "padding": "share of padding",
    "rows_unchanged": "examples left unchanged",
    "answer_in_the_input": "examples with the answer in the input",
    "rows_per_second": "examples per second",
    "rows_without_targets": "examples without targets",
    "accuracy_by_copying_alone": "accuracy of copying",
    "accuracy_by_lengths_alone": "accuracy from lengths alone",
    "accuracy_by_words_alone": "accuracy from words alone",
    "accuracy_by_counts_alone": "accuracy from frequency and duplicates",
    "auc_by_counts_alone": "AUC from frequency and duplicates",
    "majority_accuracy": "share of the largest class",
    "text_in_examples": "share of the text in examples",
}
"""Statistics whose names need more words in the table."""
SEARCHED = 50
"""Examples of a batch among which each kind is looked for."""


@dataclass(frozen=True, kw_only=True)
class Show(Recipe):
    """Show examples of a recipe on a corpus, and statistics over a sample. Defaults are the recipe's values."""

    corpus: Path
    """Folder of a prepared corpus."""
    examples: int = 3
    """Number of examples to print, of different kinds where an objective has several."""
    sample: int = 200_000
    """Tokens of text in the sample."""
    json: bool = False
    """Print one JSON object instead of text."""

    # Fields of a recipe that change neither its examples nor its batches:
    budget: Annotated[str, *HIDDEN] = Recipe.budget
    init: Annotated[str | None, *HIDDEN] = Recipe.init
    model: Annotated[Model, *HIDDEN] = field(default_factory=Model)
    optimizer: Annotated[Optimizer, *HIDDEN] = field(default_factory=Optimizer)
    precision: Annotated[Any, *HIDDEN] = Recipe.precision
    compile: Annotated[bool, *HIDDEN] = Recipe.compile
    activation_checkpointing: Annotated[bool, *HIDDEN] = Recipe.activation_checkpointing
    evaluations: Annotated[int, *HIDDEN] = Recipe.evaluations
    evaluation_tokens: Annotated[int, *HIDDEN] = Recipe.evaluation_tokens
    save_every: Annotated[int, *HIDDEN] = Recipe.save_every
    keep_checkpoints: Annotated[int, *HIDDEN] = Recipe.keep_checkpoints
    snapshots: Annotated[int, *HIDDEN] = Recipe.snapshots
    log_every: Annotated[int, *HIDDEN] = Recipe.log_every
    log_with: Annotated[str | None, *HIDDEN] = Recipe.log_with


def main(arguments: Sequence[str]) -> int:
    """Run the command. RECIPE is a shipped name, a TOML file, or the folder of a run."""
    options = parse("show", Show, arguments)
    shown = show(options)
    if options.json:
        show_result(json.dumps(shown, ensure_ascii=False, indent=1))
        return 0
    marks = ("\x1b[1;32m«", "»\x1b[0m") if sys.stdout.isatty() else ("«", "»")
    for number, example in enumerate(shown["examples"], 1):
        show_result(f"example {number}")
        for name, value in example.items():
            print(f"  {name:<10} {printable(value).replace('«', marks[0]).replace('»', marks[1])}")
        show_result()
    rows = [[_label(name), readable(value)] for name, value in flat(shown["statistics"]).items()]
    show_result(table(["statistics of a sample", ""], rows))
    references = [
        [f"{loss}: {name.replace('_', ' ')}", f"{nats:.2f}"]
        for loss, of_loss in shown["references"].items()
        for name, nats in of_loss.items()
    ]
    if references:
        show_result(f"\n{table(['losses without a network, nats per target', ''], references)}")
    for concern in shown["warnings"]:
        warn(concern)
    return 0


def _label(name: str) -> str:
    """A statistic's name in the table; a name inside a loss stands behind the loss's."""
    loss, colon, name = name.rpartition(": ")
    return loss + colon + LABELS.get(name, name.replace("_", " "))


def show(options: Show) -> dict[str, Any]:
    """Return examples, each a dict of strings; statistics over a sample; reference losses on validation; warnings.

    Raises InputError for options out of range, or a corpus without examples for the recipe.
    """
    wrong = [
        f"--{name} is {n}: it must be at least 1"
        for name in ("examples", "sample")
        if (n := getattr(options, name)) < 1
    ]
    if wrong:
        raise InputError(*wrong)
    corpus = Corpus.open(options.corpus)
    vocabulary = Vocabulary.of(corpus)
    mixture = options.mixture
    text, examples = usable_examples(corpus, vocabulary, "train", options)
    batches, clean = (
        Batches(text, examples, vocabulary, objective, seed=options.seed, tokens=options.batch.tokens)
        for objective in (mixture, Unchanged(mixture.example_type, mixture.body))
    )
    shown = [
        describe_row(before, after, row, mixture, vocabulary)
        for before, after, row in _rows(clean, batches, options.examples, vocabulary)
    ]
    statistics = measure_batches(clean, batches, mixture, vocabulary, options.sample)
    statistics["text_in_examples"] = covered(examples) / len(text)
    marked = [{k: v.replace(OPEN, "«").replace(CLOSE, "»") for k, v in example.items()} for example in shown]
    return {
        "examples": marked,
        "statistics": statistics,
        "references": _references(options, corpus, vocabulary),
        "warnings": concerns(statistics, mixture),
    }


def _references(options: Show, corpus: Corpus, vocabulary: Vocabulary) -> dict[str, dict[str, float]]:
    """Reference losses on as much validation text as a run evaluates on; empty if it has no usable examples."""
    try:
        text, examples = usable_examples(corpus, vocabulary, "validation", options)
    except InputError as error:
        warn(f"no reference losses: {error}")
        return {}
    batches = Batches(text, examples, vocabulary, options.mixture, seed=0, tokens=options.batch.tokens)
    steps = evaluation_steps(options, batches)
    ngrams = Ngrams(corpus.shards("train"), vocabulary.counts)
    return reference_losses(batches, steps, options.mixture, vocabulary, ngrams)


@dataclass(frozen=True)
class Unchanged:
    """An objective that corrupts nothing: its batches are the clean examples of a mixture."""

    example_type: ExampleType
    body: Body

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Return the batch unchanged."""
        return batch


def _rows(clean: Batches, batches: Batches, examples: int, vocabulary: Vocabulary) -> list[tuple[Batch, Batch, int]]:
    """Examples of the first batches, before and after corruption, each kind among them.

    The first example of each batch comes first, then the second: in length, those of one batch are alike.
    """
    steps = min(examples, len(batches))
    pairs = [(clean[step][0], batches[step][0]) for step in range(steps)]
    rows = range(max(examples, SEARCHED))
    found = [(before, after, row) for row in rows for before, after in pairs if row < len(after.ids)]
    kinds = [kind_of(after, row, vocabulary) for _, after, row in found]
    return [found[place] for place in choose(kinds, examples)]
