"""Runs in two processes, as `accelerate launch` starts them."""

from pathlib import Path

from tests.forked import end, start_together
from tests.training.runs import TINY, arguments_of, metrics

STEPS = ["--budget", "8-steps", "--log-every", "1", "--evaluations", "2", "--save-every", "4"]


def run_two(objective: str, corpus: Path, out: Path, *more: str, into: str = "--out", status: int = 0) -> str:
    """Run the command in two processes; returns what they say."""
    words = ["pretrain", *arguments_of(objective), "--corpus", str(corpus), into, str(out), *TINY, *STEPS, *more]
    log = out.with_name(f"{out.name}-log")
    started = start_together([words, words], log)
    said = [end(pid, 500) for pid in started]
    text = "".join(Path(f"{log}-{rank}").read_text() for rank in (0, 1))
    assert said == [status, status], text
    return text


def losses(out: Path) -> list[float]:
    lines = [line for line in metrics(out) if line["event"] != "snapshot"]
    return [line["validation"]["loss"] if line["event"] == "end" else line["loss"] for line in lines]
