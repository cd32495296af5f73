"""What cells do, each kind a function of its folder and its arguments that returns the facts of its result.

It runs in a process of its own (`running`), its output in the cell's log.
"""

from __future__ import annotations

import ast
import json
import shutil
from collections.abc import Callable, Sequence
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import tyro

import nlp_ssl
from nlp_ssl import recipe as recipes
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.downstream.finetune import Finetune, find_task

Work = Callable[..., dict[str, Any]]


def pretrain(folder: Path, words: Sequence[str]) -> dict[str, Any]:
    """Pretrain in `folder/run`, or go on with it. Of the finished run, checkpoints are removed and the model stays."""
    from nlp_ssl.models.setup import resolve_precision
    from nlp_ssl.training.pretrain import main

    status = main(words)
    if status:
        raise InterruptedError(f"interrupted and saved (status {status})")
    run = folder / "run"
    shutil.rmtree(run / "checkpoints")
    end = json.loads((run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    device = json.loads((run / "environment.json").read_text(encoding="utf-8"))["device"]
    precision = resolve_precision(recipes.load(str(run)).precision)
    return {**end, "steps": end["step"], "training_seconds": end["seconds"], "device": device, "precision": precision}


def finetune(folder: Path, words: Sequence[str]) -> dict[str, Any]:
    """Fine-tune in `folder/scores`, or go on with it; the fine-tuned model, one for each cell, is not kept.

    The facts have `scores`, in the terms of results.json; beside each is an .npz with `gold` and `predicted`.
    """
    import numpy as np

    from nlp_ssl.downstream.finetune import finetune
    from nlp_ssl.downstream.scores import predictions, score_name
    from nlp_ssl.downstream.splits import load_splits

    options = tyro.cli(Finetune, args=list(words))
    result = finetune(options)
    shutil.rmtree(options.out / "model", ignore_errors=True)
    task = find_task(options.task)
    labels, splits = load_splits(task, options.data)
    lines = []
    for model in result["models"]:
        key = model["key"]
        named = {"model": key} if key in ("majority", "tfidf") else {}
        seeds = [None] if named else list(range(1, options.seeds + 1))
        for place, seed in enumerate(seeds):
            part = key if seed is None else f"{key}-seed{seed}"
            for split in task.evaluation_splits:
                with np.load(options.out / "parts" / f"{part}.npz") as stored:
                    predicted = predictions(stored[split], labels)
                gold = splits[split].labels
                assert gold is not None
                file = folder / f"{part}-{split}.npz"
                np.savez_compressed(file, gold=gold, predicted=predicted)
                for metric in task.metrics:
                    name = score_name(task, metric, split)
                    line = {"method": "finetune", "variant": None, "finetuning_seed": seed, "metric": name}
                    score = model["scores"][name]["seeds"][place]
                    lines.append({**named, **line, "score": score, "outputs": file.name})
    return {"scores": lines, "networks": options.seeds}


def overlap(folder: Path, corpus: str, named: str, data: Sequence[str]) -> dict[str, Any]:
    """Count a task's examples that are in the corpus, by split."""
    from nlp_ssl.comparison.overlap import overlaps
    from nlp_ssl.downstream.splits import load_splits

    _, splits = load_splits(find_task(named), [Path(path) for path in data])
    texts = {split: [examples.texts, examples.pairs or []] for split, examples in splits.items()}
    return {"overlap": overlaps(Corpus.open(corpus), texts)}


KINDS: dict[str, Work] = {"pretrain": pretrain, "finetune": finetune, "overlap": overlap}


@cache
def source() -> str:
    """A hash of what this package's code says, its comments and docstrings aside."""
    digest = blake2b(digest_size=8)
    folder = Path(nlp_ssl.__file__).parent
    for file in sorted(folder.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            body = getattr(node, "body", None)
            if isinstance(body, list):
                node.body = [line for line in body if not _is_text(line)]  # type: ignore[attr-defined]
        digest.update(f"{file.relative_to(folder)}\n{ast.dump(tree)}\n".encode())
    return digest.hexdigest()


def _is_text(line: ast.AST) -> bool:
    return isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant) and isinstance(line.value.value, str)
