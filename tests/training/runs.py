"""Short runs of the command, and the files that they write."""

import json
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from nlp_ssl.cli import main
from nlp_ssl.objectives import all_objectives
from nlp_ssl.objectives.contrastive import Contrastive

TINY = ["--model.size", "tiny", "--batch.max-length", "32", "--batch.tokens", "256", "--precision", "fp32"]


LOSSES = get_args(get_type_hints(Contrastive)["loss"])
"""The losses of `contrastive`, the default first."""
RUNS = [*all_objectives(), *(f"contrastive:{loss}" for loss in LOSSES[1:]), "span_corruption:t5"]
"""All objectives, `contrastive` with each of its other losses, and T5, whose body is no part of its language model."""
FAST = ["mlm", "clm", "sop", "rtd", "text_infilling", "span_corruption", "skip_thought", "skip_gram", "mae", "cpc"]
FAST += ["contrastive", "contrastive:byol", "instance_discrimination", "hybrid"]
"""One or more objectives for each kind of body and of loss."""
EACH = [pytest.param(name, id=name, marks=() if name in FAST else pytest.mark.slow) for name in RUNS]
"""All of them; those that are not in `FAST` are slow tests."""


def arguments_of(objective: str) -> list[str]:
    """The arguments for an objective: "contrastive:byol" has the loss `byol`, "span_corruption:t5" the architecture."""
    name, _, variant = objective.partition(":")
    option = "--objective.contrastive.loss" if name == "contrastive" else "--model.architecture"
    return [name, *([option, variant] if variant else [])]


def pretrain(objective: str, corpus: Path, out: Path, *more: str, into: str = "--out") -> int:
    """Run the command in this process; returns its exit status. `into` is the flag of the run's folder."""
    return main(["pretrain", *arguments_of(objective), "--corpus", str(corpus), into, str(out), *TINY, *more])


def metrics(out: Path, event: str | None = None) -> list[dict]:
    """The lines of metrics.jsonl, or those of one event."""
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return [line for line in lines if event in (None, line["event"])]


def weights(out: Path) -> bytes:
    """The weights of a run's saved model."""
    return (out / "model" / "model.safetensors").read_bytes()


def refused(capsys, *arguments: str) -> str:
    """Run a command that must fail with status 2; returns its error message."""
    assert main(list(arguments)) == 2
    return capsys.readouterr().err
