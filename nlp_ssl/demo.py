"""`nlp-ssl demo`: run every step in a few minutes, on text from this machine.

The demo prepares the corpus `pydocs`, pretrains a tiny model on it with each of three objectives, fine-tunes each model
to predict which package a paragraph documents, and writes a report. It prints every command before it runs.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from nlp_ssl import cli
from nlp_ssl.console import say
from nlp_ssl.options import parse
from nlp_ssl.recipe import Budget


@dataclass(frozen=True, kw_only=True)
class Demo:
    """Prepare a corpus from text on this machine, pretrain with three objectives, and write a report.

    An interrupted demo continues where it stopped.
    """

    out: Path = Path("demo")
    """Folder for the corpus and the comparison."""
    budget: str = "1M-tokens"
    """Pretraining budget of each objective: 1M-tokens, 500-steps, 2-minutes."""
    train_examples: int = 1000
    """Number of labelled paragraphs for fine-tuning."""
    finetune_seeds: int = 3
    """Number of networks fine-tuned from each model."""

    def __post_init__(self) -> None:
        Budget.parse(self.budget)


def main(arguments: Sequence[str]) -> int:
    """Run the command. Results go to standard output, everything else to standard error. Returns the exit status."""
    options = parse(Demo, "demo", arguments)
    prepare, compare = commands(options)
    say(f"\n$ {shlex.join(['nlp-ssl', *prepare])}")
    with redirect_stdout(sys.stderr):
        status = cli.main(prepare)
    if not status:
        say(f"\n$ {shlex.join(['nlp-ssl', *compare])}")
        status = cli.main(compare)
    if not status:
        say(f"""
This is an example of a result, not a verdict on the objectives: the models are tiny, trained for a minute each with one
seed, and single words nearly suffice for this task. Open {options.out / "comparison" / "report.html"}, or continue with
  a larger budget          nlp-ssl demo --out demo-longer --budget 10M-tokens
  your own text            nlp-ssl prepare novels/ --out corpora/novels
  a look at an objective   nlp-ssl show mlm --corpus {options.out / "corpus"}""")
    return status


def commands(options: Demo) -> tuple[list[str], list[str]]:
    """The arguments of `prepare` and `compare`. Small batches and short texts keep the run short."""
    corpus, out = str(options.out / "corpus"), str(options.out / "comparison")
    compare = ["compare", "mlm", "clm", "sop", "--corpus", corpus, "--task", "which_package", "--out", out]
    compare += ["--budget", options.budget, "--seeds", "1", "--model.size", "tiny", "--batch.tokens", "1024"]
    compare += ["--evaluations", "1", "--evaluation-tokens", "30000"]
    compare += ["--train-examples", str(options.train_examples), "--finetune-seeds", str(options.finetune_seeds)]
    compare += ["--jobs", "2", "--learning-rates", "0.002", "--epochs", "3", "--batch-size", "16", "--max-length", "64"]
    return ["prepare", "pydocs", "--out", corpus, "--vocab-size", "8192"], compare
