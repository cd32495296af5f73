"""`nlp-ssl demo`: run every step in a few minutes, on text from this machine.

The demo prepares the corpus `pydocs`, pretrains tiny models on it with two objectives, and compares them on tasks made
from its held-out text and on one with labels: which package a paragraph documents. It prints every command first.
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
    """Prepare a corpus from text on this machine, pretrain with two objectives, and write a report.

    An interrupted demo continues where it stopped.
    """

    out: Path = Path("demo")
    """Folder for the corpus and the comparison."""
    budget: str = "400k-tokens"
    """Pretraining budget of each run: 400k-tokens, 500-steps, 2-minutes."""
    seeds: int = 5
    """Pretraining runs of each objective."""
    first_seed: int = 1
    """Number of the first seed. With another one, the demo is repeated with other networks."""

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
This holds for tiny models after a minute of training; larger budgets may rank the objectives differently. Open
{options.out / "comparison" / "report.html"}, or continue with
  a larger budget          nlp-ssl demo --out demo-longer --budget 10M-tokens
  your own text            nlp-ssl prepare novels/ --out corpora/novels
  a look at an objective   nlp-ssl show mlm --corpus {options.out / "corpus"}""")
    return status


def commands(options: Demo) -> tuple[list[str], list[str]]:
    """The arguments of `prepare` and `compare`. Small batches and short texts keep the run short."""
    corpus, out = str(options.out / "corpus"), str(options.out / "comparison")
    compare = ["compare", "mlm", "clm", "--corpus", corpus, "--task", "corpus", "--task", "which_package", "--out", out]
    compare += ["--budget", options.budget, "--seeds", str(options.seeds), "--model.size", "tiny"]
    compare += ["--batch.tokens", "1024", "--evaluations", "1", "--evaluation-tokens", "30000", "--methods", "probe"]
    compare += ["--train-examples", "1000", "--finetune-seeds", "1", "--jobs", "2", "--max-length", "64"]
    compare += ["--first-seed", str(options.first_seed)] if options.first_seed != 1 else []
    return ["prepare", "pydocs", "--out", corpus, "--vocab-size", "8192"], compare
