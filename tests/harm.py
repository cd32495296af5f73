"""One small instance of everything that the commands write, and how to call them: for damage, kills and signals."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nlp_ssl.array_files import read_arrays
from nlp_ssl.cli import main
from nlp_ssl.output_folder import LOCK

TASK = """
[task]
title = "Is there a grand?"
columns = ["text"]
label = "label"
labels = ["no", "yes"]
metrics = ["accuracy"]
"""
SMALL = ["--model.size", "tiny", "--batch.max-length", "16", "--batch.tokens", "128", "--precision", "fp32"]
TRAIN = [*SMALL, "--budget", "6-steps", "--save-every", "2", "--snapshots", "1", "--log-every", "1"]
TRAIN += ["--evaluations", "2", "--evaluation-tokens", "300"]
TUNE = ["--learning-rates", "1e-3", "--epochs", "1", "--batch-size", "16", "--max-length", "16", "--precision", "fp32"]
INCIDENTAL = {
    *("seconds", "date", "checksum", "training_seconds", "peak_memory_bytes", "tokens_per_second", "flops_per_second"),
    "targets_per_second",
    *("command", "commands", "files", "step_seconds", "versions", "source"),
}
"""Keys of what differs between two runs of the same command."""


@dataclass(frozen=True)
class Kit:
    """Inputs in `folder`: raw text, a labelled task, minimal pairs. Commands write below `out`."""

    folder: Path
    out: Path

    @property
    def text(self) -> str:
        return str(self.folder / "text")

    def commands(self) -> dict[str, list[str]]:
        """The words of each command, by what it writes."""
        corpus, run = str(self.out / "corpus"), str(self.out / "run")
        task, data = ["--task", str(self.folder / "cues.toml"), "--data"], self.folder / "tasks"
        scores = [run, *task, str(data / "cues"), "--max-length", "16", "--precision", "fp32", "--seeds", "1", "--out"]
        compare = [
            "compare",
            "mlm",
            "clm",
            "--corpus",
            corpus,
            *task,
            str(data),
            *SMALL,
            "--budget",
            "2-steps",
            "--seeds",
            "1",
        ]
        compare += ["--evaluations", "1", "--evaluation-tokens", "300", *TUNE[:6], "--finetune-seeds", "1"]
        return {
            "corpus": ["prepare", self.text, "--out", corpus, "--vocab-size", "300", "--processes", "1"],
            "run": ["pretrain", "mlm", "--corpus", corpus, "--out", run, *TRAIN],
            "resumed": ["pretrain", "--resume", run],
            "finetuned": ["finetune", *scores, str(self.out / "finetuned"), *TUNE[:6]],
            "probed": ["probe", *scores, str(self.out / "probed")],
            "pairs": ["minimal-pairs", run, "--data", str(self.folder / "pairs.jsonl"), "--precision", "fp32",
                      "--out", str(self.out / "pairs")],
            "prompted": ["few-shot", run, *task, str(data / "cues"), "--label-words", "word1", "word2", "--shots", "1",
                         "--seeds", "1", "--precision", "fp32", "--out", str(self.out / "prompted")],
            "predicted.jsonl": ["predict", str(self.out / "finetuned"), "--data", str(data / "cues" / "dev.tsv"),
                                "--precision", "fp32", "--out", str(self.out / "predicted.jsonl")],
            "embedded.npy": ["embed", run, "--data", str(data / "cues" / "dev.tsv"), "--precision", "fp32",
                             "--out", str(self.out / "embedded.npy")],
            "vectors.txt": ["export", run, "--for", "word2vec", "--out", str(self.out / "vectors.txt")],
            "exported": ["export", run, "--for", "mteb", "--out", str(self.out / "exported")],
            "pushed": ["push", run, "me/model"],
            "comparison": [*compare, "--out", str(self.out / "comparison"), "--jobs", "2"],
            "report": ["report", str(self.out / "comparison")],
            "evaluated": ["evaluate", run, "--corpus", corpus, "--evaluation-tokens", "300", "--no-tasks"],
            "shown": ["show", "mlm", "--corpus", corpus],
        }  # fmt: skip


def make_kit(folder: Path, out: Path, documents: int = 60) -> Kit:
    """Write the inputs."""
    draw = np.random.default_rng(3)
    words = np.array([f"word{i}" for i in range(40)])

    def sentence() -> str:
        return " ".join(draw.choice(words, draw.integers(3, 9))).capitalize() + "."

    (folder / "text").mkdir(parents=True)
    for name in ("a", "b"):
        texts = [" ".join(sentence() for _ in range(draw.integers(2, 6))) for _ in range(documents // 2)]
        lines = [json.dumps({"text": text}) for text in texts]
        (folder / "text" / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "cues.toml").write_text(TASK)
    (folder / "tasks" / "cues").mkdir(parents=True)
    for split, n in (("train", 40), ("dev", 24)):
        rows = [f"{sentence()}{' word3 word3' * (i % 2)}\t{['no', 'yes'][i % 2]}" for i in range(n)]
        (folder / "tasks" / "cues" / f"{split}.tsv").write_text("\n".join(["text\tlabel", *rows, ""]))
    pairs = [{"sentence_good": sentence(), "sentence_bad": sentence(), "UID": f"p{i % 3}"} for i in range(12)]
    (folder / "pairs.jsonl").write_text("".join(json.dumps(pair) + "\n" for pair in pairs))
    return Kit(folder, out)


def call(words: Sequence[str]) -> tuple[int, str, str]:
    """Run a command in this process: its exit status, standard output and standard error."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = main(list(words))
    return status, out.getvalue(), err.getvalue()


def state(folder: Path, ignored: Callable[[Path], bool] = lambda file: False) -> dict[str, Any]:
    """What the files in a folder say, by name, without times. Weights and other binary files are compared as bytes."""
    return {
        str(file.relative_to(folder)): _content(file, folder)
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name != LOCK and not ignored(file)
    }


def _content(file: Path, folder: Path) -> Any:
    if file.suffix == ".npz":
        arrays = read_arrays(file, "")
        facts = without_times(json.loads(str(arrays.pop("facts", "{}"))))
        return facts, {name: (array.dtype.str, array.tolist()) for name, array in arrays.items()}
    if file.suffix == ".json":
        return without_times(json.loads(file.read_text()))
    if file.suffix == ".jsonl":
        return [without_times(json.loads(line)) for line in file.read_text().splitlines()]
    return re.sub(rb"\d+(\.\d+)? ?(s|kB|MB|GB|minutes?)\b", b"", file.read_bytes())


def without_times(value: Any) -> Any:
    """A JSON value without what differs between two runs of the same command."""
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key not in INCIDENTAL}
    return [without_times(item) for item in value] if isinstance(value, list) else value


def copy(source: Path, target: Path) -> None:
    """Copy a file or folder. Large files, which nobody changes in place, are linked."""

    def place(one: str, other: str) -> str:
        if Path(one).stat().st_size > 2**15 and not one.endswith((".jsonl", ".txt")):
            os.link(one, other)
            return other
        return str(shutil.copy2(one, other))

    if source.is_dir():
        shutil.copytree(source, target, copy_function=place)
    else:
        place(str(source), str(target))
