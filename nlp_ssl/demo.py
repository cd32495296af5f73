"""`nlp-ssl demo`: the whole way in a few minutes, on text that is already on this machine.

The corpus `pydocs` is prepared, a tiny model is pretrained on it with each of three objectives, each model learns
from some labelled paragraphs which package they were written for, and a report says what came of it. Every command is
printed before it runs.
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
    """Text that is on this machine -> corpus -> a model for each objective -> a report. What is finished stays."""

    out: Path = Path("demo")
    """The folder for all of it."""
    budget: str = "1M-tokens"
    """How much text each objective reads: 1M-tokens, 500-steps, 2-minutes."""
    train_examples: int = 1000
    """Labelled paragraphs to learn the task from."""
    finetune_seeds: int = 3
    """Networks that are fine-tuned from each model."""

    def __post_init__(self) -> None:
        Budget.parse(self.budget)


def main(arguments: Sequence[str]) -> int:
    """The command: prints the result on standard output, all else on standard error; returns the exit status."""
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
This task is mostly about single words, and these are tiny models after a minute each, of one seed: an example of a
result, no verdict on the objectives. Open {options.out / "comparison" / "report.html"}, or go on with
  more text        nlp-ssl demo --out demo-longer --budget 10M-tokens
  your own text    nlp-ssl prepare novels/ --out corpora/novels
  what to choose   nlp-ssl show mlm --corpus {options.out / "corpus"}""")
    return status


def commands(options: Demo) -> tuple[list[str], list[str]]:
    """The commands, without the program's name: small batches and short texts, so that a minute goes a long way."""
    corpus, out = str(options.out / "corpus"), str(options.out / "comparison")
    compare = ["compare", "mlm", "clm", "sop", "--corpus", corpus, "--task", "which_package", "--out", out]
    compare += ["--budget", options.budget, "--seeds", "1", "--model.size", "tiny", "--batch.tokens", "1024"]
    compare += ["--evaluations", "1", "--evaluation-tokens", "30000"]
    compare += ["--train-examples", str(options.train_examples), "--finetune-seeds", str(options.finetune_seeds)]
    compare += ["--jobs", "2", "--learning-rates", "0.002", "--epochs", "3", "--batch-size", "16", "--max-length", "64"]
    return ["prepare", "pydocs", "--out", corpus, "--vocab-size", "8192"], compare
