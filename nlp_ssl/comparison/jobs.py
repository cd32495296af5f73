"""What cells do, each kind a function of its folder and its arguments that returns the facts of its result.

It runs in a process of its own (`running`), its output in the cell's log.
"""

from __future__ import annotations

import ast
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import tyro

from nlp_ssl import recipe as recipes
from nlp_ssl.comparison.plan import MINIMAL_PAIRS
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.experiment import find_task
from nlp_ssl.evaluation.options import TaskOptions

ON_TEXTS = ("majority", "tfidf")
"""Baselines that read the texts themselves: they are drawn from no seed."""

FROZEN = ("probe", "knn")
"""Methods on frozen vectors."""

Work = Callable[..., dict[str, Any]]


def pretrain(folder: Path, words: Sequence[str]) -> dict[str, Any]:
    """Pretrain in `folder/run`, or go on with it. Of the finished run, checkpoints are removed and the model stays."""
    from nlp_ssl.runtime import resolve_precision
    from nlp_ssl.training.pretrain import main

    status = main(words)
    if status:
        raise InterruptedError(f"interrupted and saved (status {status})")
    run = folder / "run"
    shutil.rmtree(run / "checkpoints")
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    end, snapshots = lines[-1], {line["name"]: line["tokens"] for line in lines if line["event"] == "snapshot"}
    device = json.loads((run / "environment.json").read_text(encoding="utf-8"))["device"]
    precision = resolve_precision(recipes.load(str(run)).precision)
    figures = {"steps": end["step"], "training_seconds": end["seconds"], "device": device, "precision": precision}
    return {**end, **figures, "snapshots": snapshots}


def finetune(folder: Path, words: Sequence[str]) -> dict[str, Any]:
    """Fine-tune in `folder/scores`, or go on with it; the fine-tuned model, one for each cell, is not kept."""
    from nlp_ssl.evaluation.finetune import Finetune, finetune

    options = tyro.cli(Finetune, args=list(words))
    result = finetune(options)
    shutil.rmtree(options.out / "model", ignore_errors=True)
    choices = [
        {"examples": result["examples"], **{key: model[key] for key in ("key", "learning_rate", "epochs", "tried")}}
        for model in result["models"]
        if model["key"] not in ON_TEXTS
    ]
    return {"scores": _lines(folder, options, result), "networks": options.seeds, "choices": choices}


def probe(folder: Path, words: Sequence[str]) -> dict[str, Any]:
    """Score frozen vectors in `folder/scores`; the baselines on texts are fine-tuning's to report."""
    from nlp_ssl.evaluation.probe import Probe, probe

    options = tyro.cli(Probe, args=list(words))
    result = probe(options)
    models = [model for model in result["models"] if model["key"] not in ON_TEXTS]
    return {"scores": _lines(folder, options, {**result, "models": models}), "networks": options.seeds}


def minimal_pairs(folder: Path, words: Sequence[str]) -> dict[str, Any]:
    """Score minimal pairs in `folder/scores`; `pairs.npz` there has `correct` and `paradigm`."""
    from nlp_ssl.evaluation.minimal_pairs import MinimalPairs, minimal_pairs

    options = tyro.cli(MinimalPairs, args=list(words))
    result = minimal_pairs(options)
    (score,) = result["models"][-1]["scores"]["accuracy"]["seeds"]
    line = {"key": "pretrained", "method": "zero-shot", "variant": result["variant"], "metric": "accuracy"}
    outputs = (options.out / "pairs.npz").relative_to(folder)
    return {"scores": [{**line, "score": score, "outputs": str(outputs)}], "pairs": sum(result["examples"].values())}


def similarity(folder: Path, words: Sequence[str], networks: int, sample: int) -> dict[str, Any]:
    """Compare a run's word vectors, and so many random ones of a sample, with people's judgement of word pairs."""
    import numpy as np

    from nlp_ssl.evaluation.similarity import Similarity, judgements, read_pairs
    from nlp_ssl.models.export import word_vectors
    from nlp_ssl.tasks.metrics import score

    options = tyro.cli(Similarity, args=list(words))
    (file,) = options.pairs
    pairs, (names, vectors) = read_pairs(file), word_vectors(options.run / "model")
    lines = []
    for key, seed in [("pretrained", None), *(("random", seed) for seed in range(1, networks + 1))]:
        if seed is not None:
            vectors = np.random.default_rng((sample, seed)).standard_normal(vectors.shape, dtype=np.float32)
        judged, cosines = judgements(pairs, names, vectors)
        if len(judged) < 2:
            raise InputError(
                f"{file}: the corpus's vocabulary has the words of {len(judged)} of its pairs, 2 are needed"
            )
        outputs = folder / f"{key}{'' if seed is None else f'-seed{seed}'}.npz"
        np.savez_compressed(outputs, gold=judged, predicted=cosines)
        found = {"score": score("spearman", judged, cosines), "outputs": outputs.name}
        lines.append({"key": key, "method": "word similarity", "finetuning_seed": seed, "metric": "spearman", **found})
    return {"scores": lines, "networks": networks, "pairs": len(judged)}


def evaluate(folder: Path, words: Sequence[str]) -> dict[str, Any]:
    """Take a run's held-out figures on another recipe's task."""
    from nlp_ssl.evaluation.evaluate import Evaluate, evaluate

    return {"figures": evaluate(tyro.cli(Evaluate, args=list(words)))}


def _lines(folder: Path, options: TaskOptions, result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The scores of a command, in the terms of results.json; beside each is an .npz with `gold` and `predicted`."""
    import numpy as np

    from nlp_ssl.evaluation.scores import score_name
    from nlp_ssl.tasks.splits import load_splits

    task = find_task(options.task)
    labels, splits = load_splits(task, options.data)
    kind = task.kind_type(labels)
    lines = []
    for model in result["models"]:
        key, method = model["key"], model["method"] or options.command
        drawn = key not in ON_TEXTS and (key, options.command) != ("pretrained", "probe")
        for place, seed in enumerate(range(1, options.seeds + 1) if drawn else [None]):
            called = options.sample(key)[0] if drawn else key
            part = "-".join([called, *([f"seed{seed}"] if drawn else []), *([method] if method in FROZEN else [])])
            with np.load(options.out / "parts" / f"{part}.npz") as stored:
                outputs = {split: stored[split] for split in splits if split != "train"}
            for split, output in outputs.items():
                if splits[split].labels is None:
                    continue
                gold, predicted = kind.gold(splits[split]), kind.predictions(output, splits[split])
                file = folder / f"{part}-{split}.npz"
                np.savez_compressed(file, gold=gold, predicted=predicted)
                for metric in task.metrics:
                    name = score_name(task, metric, split)
                    score = model["scores"][name]["seeds"][place]
                    line = {"key": key, "method": method, "finetuning_seed": seed, "metric": name}
                    lines.append({**line, "score": score, "outputs": file.name})
    return lines


def show(folder: Path, words: Sequence[str]) -> dict[str, Any]:
    """A few examples in words: `shown`, each with `text`, `input` and `target`."""
    from nlp_ssl.show.command import Show
    from nlp_ssl.show.command import show as show_recipe
    from nlp_ssl.training.pretrain import parse

    shown = []
    for example in show_recipe(parse("show", Show, [*words, "--sample", "5000"]))["examples"]:
        targets = {key: value for key, value in example.items() if key.endswith(":")}
        several = [f"{key} {value}" for key, value in targets.items()]
        target = "; ".join(several if len(several) > 1 else targets.values())
        shown.append({"text": example["text"], "input": example["input"], "target": target})
    return {"shown": shown}


def overlap(folder: Path, corpus: str, named: str, data: Sequence[str]) -> dict[str, Any]:
    """Count a task's examples that are in the corpus, by split."""
    from nlp_ssl.comparison.overlap import overlaps
    from nlp_ssl.tasks.splits import load_splits

    _, splits = load_splits(find_task(named), [Path(path) for path in data])
    texts = {split: [examples.texts, examples.pairs or []] for split, examples in splits.items()}
    return {"overlap": overlaps(Corpus.open(corpus), texts)}


KINDS: dict[str, Work] = {
    "pretrain": pretrain,
    "finetune": finetune,
    "probe": probe,
    MINIMAL_PAIRS: minimal_pairs,
    "similarity": similarity,
    "evaluate": evaluate,
    "show": show,
    "overlap": overlap,
}


@cache
def source() -> str:
    """A hash of what this package's code says, its comments and docstrings aside."""
    digest = blake2b(digest_size=8)
    folder = Path(__file__).parent.parent
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
