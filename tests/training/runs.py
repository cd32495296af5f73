"""Short runs of the command, and what they leave behind."""

import json
from pathlib import Path

from nlp_ssl.cli import main

TINY = ["--model.size", "tiny", "--batch.max-length", "32", "--batch.tokens", "256", "--precision", "fp32"]


def pretrain(objective: str, corpus: Path, out: Path, *more: str) -> int:
    """Run the command in this process; returns its exit status."""
    return main(["pretrain", objective, "--corpus", str(corpus), "--out", str(out), *TINY, *more])


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
