"""`nlp-ssl demo`: the whole way in a few minutes, on text that is already on this machine.

The corpus `pydocs` is prepared, a tiny model is pretrained on it with each objective, and each model learns from a
few thousand labelled paragraphs which package they were written for. Every command is printed before it runs.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro

from nlp_ssl import cli
from nlp_ssl.console import duration, quantity, say, table

OBJECTIVES = ("mlm", "clm", "sop")
BODIES = {"mlm": "encoder", "clm": "decoder", "sop": "encoder"}

HEADER = ("model", "accuracy", "less untrained [95 %]", "verdict", "held out", "tokens", "FLOPs", "time")


@dataclass(frozen=True, kw_only=True)
class Demo:
    """Text that is on this machine -> corpus -> a model for each objective -> one table. What is finished stays."""

    out: Path = Path("demo")
    """The folder for all of it."""
    budget: str = "700k-tokens"
    """How much text each objective reads: 700k-tokens, 500-steps, 2-minutes."""
    train_examples: int = 1000
    """Labelled paragraphs to learn the task from."""
    seeds: int = 3
    """Networks that are fine-tuned from each model."""


def main(arguments: Sequence[str]) -> int:
    """The command: prints the table on standard output, all else on standard error; returns the exit status."""
    options = tyro.cli(Demo, prog="nlp-ssl demo", args=list(arguments), description=__doc__)
    for command in commands(options):
        say(f"\n$ {shlex.join(['nlp-ssl', *command])}")
        with redirect_stdout(sys.stderr):
            status = cli.main(command)
        if status:
            return status
    say()
    print(report(options.out), flush=True)
    say(f"""
Every figure is in {options.out}/*/metrics.jsonl and {options.out}/which_package-*/scores.json. Next:
  more text        nlp-ssl demo --out demo-longer --budget 10M-tokens
  your own text    nlp-ssl prepare novels/ --out corpora/novels
  what to choose   nlp-ssl pretrain mlm --help""")
    return 0


def commands(options: Demo) -> list[list[str]]:
    """The commands, without the program's name: small batches and short texts, so that a minute goes a long way."""
    out = options.out
    pretrain = ["--corpus", f"{out}/corpus", "--budget", options.budget, "--model.size", "tiny"]
    pretrain += ["--batch.tokens", "1024", "--evaluations", "1", "--evaluation-tokens", "30000", "--resume"]
    finetune = ["--task", "which_package", "--train-examples", str(options.train_examples)]
    finetune += ["--seeds", str(options.seeds), "--learning-rates", "0.002", "--epochs", "3"]
    finetune += ["--batch-size", "16", "--max-length", "64", "--share-baselines", f"{out}/baselines"]
    return [
        ["prepare", "pydocs", "--out", f"{out}/corpus", "--vocab-size", "8192"],
        *(["pretrain", name, "--out", f"{out}/{name}", *pretrain] for name in OBJECTIVES),
        *(["finetune", f"{out}/{name}", "--out", f"{out}/which_package-{name}", *finetune] for name in OBJECTIVES),
    ]


def report(out: Path) -> str:
    """The table, and how to read it, from what the commands wrote."""
    scores = {name: _scores(out / f"which_package-{name}") for name in OBJECTIVES}
    rows = [
        _row(scores["mlm"]["majority"]),
        _row(scores["mlm"]["tfidf"]),
        *(_row(scores[name]["untrained"], f"{BODIES[name]}, untrained") for name in ("mlm", "clm")),
        *(_row(scores[name]["pretrained"], name, _end(out / name)) for name in OBJECTIVES),
    ]
    return f"{table(HEADER, rows)}\n\n{_reading(scores)}"


def _scores(folder: Path) -> dict[str, Any]:
    """The models of a scores.json by their keys."""
    models = json.loads((folder / "scores.json").read_text(encoding="utf-8"))["models"]
    return {model["key"]: model for model in models}


def _end(run: Path) -> dict[str, Any]:
    """The totals of a pretraining run."""
    lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    totals: dict[str, Any] = json.loads(lines[-1])
    assert totals["event"] == "end", f"{run} did not end"
    return totals


def _row(model: dict[str, Any], name: str | None = None, end: dict[str, Any] | None = None) -> list[str]:
    score = model["scores"]["accuracy"]
    spread = f" ± {100 * score['sd']:.1f}" if "sd" in score else ""
    row = [name or model["name"], f"{100 * score['mean']:.1f}{spread}"]
    gap = score.get("less untrained")
    if gap is None or end is None:
        return row + [""] * (len(HEADER) - len(row))
    held_out = end["held_out"]
    if "bits_per_byte" in held_out:
        figure = f"{held_out['bits_per_byte']:.2f} bits/byte"
    else:
        figure = f"{100 * held_out['accuracy']:.1f} % right"
    if "majority" in held_out:
        figure += f", majority {100 * held_out['majority']:.1f}"
    return [
        *row,
        f"{100 * gap['mean']:+.1f} [{100 * gap['low']:+.1f}, {100 * gap['high']:+.1f}]",
        gap["verdict"],
        figure,
        quantity(end["tokens"]),
        quantity(end["flops"]),
        duration(end["seconds"]),
    ]


def _reading(scores: dict[str, dict[str, Any]]) -> str:
    """What the table says, in words."""
    accuracy = {name: models["pretrained"]["scores"]["accuracy"] for name, models in scores.items()}
    said = {
        "better": "made the network better than untrained",
        "worse": "made it worse",
        "cannot tell": "cannot be told from none",
    }
    groups = {
        verdict: [n for n in OBJECTIVES if accuracy[n]["less untrained"]["verdict"] == verdict] for verdict in said
    }
    sentence = "; ".join(f"{' and '.join(names)} {said[verdict]}" for verdict, names in groups.items() if names)
    words = scores["mlm"]["tfidf"]["scores"]["accuracy"]["mean"]
    above = [name for name in OBJECTIVES if accuracy[name]["mean"] > words]
    beside = f"{' and '.join(above)} did better" if above else "no model did better"
    return (
        f"Of the pretraining, {sentence}. Than counting words (TF-IDF), {beside}.\n"
        "This task is mostly about single words, and these are tiny models after a minute each: "
        "an example of a result, no verdict on the objectives."
    )
