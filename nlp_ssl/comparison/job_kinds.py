"""The kinds of jobs: functions of a job's folder and arguments that return the content of its done.json.

Each call runs in its own process (`executor`), with its output in the job's log.
"""

from __future__ import annotations

import ast
import shutil
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from nlp_ssl import recipe as recipes
from nlp_ssl.comparison.plan import MINIMAL_PAIRS
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.experiment import named_task, task_of
from nlp_ssl.evaluation.options import TaskOptions
from nlp_ssl.options import parse

ON_TEXTS = ("majority", "tfidf")
"""Baselines that are computed from the texts and have no seed."""

FROZEN = ("probe", "knn")
"""Methods that use frozen vectors."""

JobFunction = Callable[..., dict[str, Any]]


def pretrain(folder: Path, words: Sequence[str]) -> dict[str, Any]:
    """Pretrain in `folder/run`, or resume. Checkpoints of the finished run are deleted; the model is kept."""
    from nlp_ssl.runtime import resolve_precision
    from nlp_ssl.training.pretrain import main
    from nlp_ssl.training.run_folder import Metrics, read_environment

    status = main(words)
    if status:
        raise InterruptedError(f"interrupted and saved (status {status})")
    run = folder / "run"
    shutil.rmtree(run / "checkpoints", ignore_errors=True)  # gone if this job was killed just after
    lines = Metrics(run).read()
    end, snapshots = lines[-1], {line["name"]: line["tokens"] for line in lines if line["event"] == "snapshot"}
    device = read_environment(run)["device"]
    precision = resolve_precision(recipes.load(str(run)).precision)
    runtime = {"training_seconds": end["seconds"], "device": device, "precision": precision}
    return {**end, "steps": end["step"], **runtime, "snapshots": snapshots}


def finetune(folder: Path, words: Sequence[str]) -> dict[str, Any]:
    """Fine-tune in `folder/scores`, or resume. The fine-tuned model is deleted."""
    from nlp_ssl.evaluation.finetune import Finetune, finetune

    options = parse(Finetune, "finetune", words)
    result = finetune(options)
    shutil.rmtree(options.out / "model", ignore_errors=True)
    choices = [
        {"examples": result["examples"], **{key: model[key] for key in ("key", "learning_rate", "epochs", "tried")}}
        for model in result["models"]
        if model["key"] not in ON_TEXTS
    ]
    return {"scores": _lines(folder, options, result), "networks": options.seeds, "choices": choices}


def probe(folder: Path, words: Sequence[str]) -> dict[str, Any]:
    """Score frozen vectors in `folder/scores`. Baselines on texts are left out: fine-tuning jobs report them."""
    from nlp_ssl.evaluation.probe import Probe, probe

    options = parse(Probe, "probe", words)
    result = probe(options)
    models = [model for model in result["models"] if model["key"] not in ON_TEXTS]
    return {"scores": _lines(folder, options, {**result, "models": models}), "networks": options.seeds}


def minimal_pairs(folder: Path, words: Sequence[str]) -> dict[str, Any]:
    """Score minimal pairs in `folder/scores`; pairs.npz there holds `correct` and `paradigm`."""
    from nlp_ssl.evaluation.minimal_pairs import MinimalPairs, minimal_pairs

    options = parse(MinimalPairs, "minimal-pairs", words)
    result = minimal_pairs(options)
    (score,) = result["models"][-1]["scores"]["accuracy"]["seeds"]
    line = {"key": "pretrained", "method": "zero-shot", "variant": result["variant"], "metric": "accuracy"}
    outputs = (options.out / "pairs.npz").relative_to(folder)
    return {"scores": [{**line, "score": score, "outputs": str(outputs)}], "pairs": sum(result["examples"].values())}


def similarity(folder: Path, words: Sequence[str], networks: int, sample: int) -> dict[str, Any]:
    """Correlate cosines of a run's word vectors, and of `networks` sets of random ones, with human ratings.

    `sample` seeds the random vectors. Raises InputError if the vocabulary has the words of fewer than two pairs.
    """
    import numpy as np

    from nlp_ssl.evaluation.similarity import Similarity, judgements, read_pairs
    from nlp_ssl.models.export import word_vectors
    from nlp_ssl.tasks.metrics import score

    options = parse(Similarity, "similarity", words)
    (file,) = options.pairs
    pairs, (names, vectors) = read_pairs(file), word_vectors(options.run / "model")
    lines = []
    for key, seed in [("pretrained", None), *(("random", seed) for seed in range(1, networks + 1))]:
        if seed is not None:
            vectors = np.random.default_rng((sample, seed)).standard_normal(vectors.shape, dtype=np.float32)
        judged, cosines = judgements(pairs, names, vectors)
        if len(judged) < 2:
            raise InputError(f"{file}: the vocabulary has both words of {len(judged)} pairs; at least 2 are needed")
        outputs = folder / f"{key}{'' if seed is None else f'-seed{seed}'}.npz"
        np.savez_compressed(outputs, gold=judged, predicted=cosines)
        found = {"score": score("spearman", judged, cosines), "outputs": outputs.name}
        lines.append({"key": key, "method": "word similarity", "finetuning_seed": seed, "metric": "spearman", **found})
    return {"scores": lines, "networks": networks, "pairs": len(judged)}


def evaluate(folder: Path, words: Sequence[str]) -> dict[str, Any]:
    """Validation metrics of a run on another recipe's objective."""
    from nlp_ssl.evaluation.evaluate import Evaluate, evaluate

    return {"metrics": evaluate(parse(Evaluate, "evaluate", words))}


def _lines(folder: Path, options: TaskOptions, result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Scores of a command with the columns of results.json; for each, an .npz file holds `gold` and `predicted`."""
    import numpy as np

    from nlp_ssl.evaluation.scores import score_name
    from nlp_ssl.tasks.positive_class import with_positive
    from nlp_ssl.tasks.splits import load_splits

    task = task_of(options)
    labels, splits = load_splits(task, options.data)
    task = with_positive(task, labels, splits["train"])
    kind = task.kind_type(labels, task.positive)
    lines = []
    for model in result["models"]:
        key, method = model["key"], model["method"] or options.command
        drawn = key not in ON_TEXTS and (key, options.command) != ("pretrained", "probe")
        for index, seed in enumerate(range(1, options.seeds + 1) if drawn else [None]):
            prefix = options.sample(key)[0] if drawn else key
            name = "-".join([prefix, *([f"seed{seed}"] if drawn else []), *([method] if method in FROZEN else [])])
            with np.load(options.out / "parts" / f"{name}.npz") as stored:
                outputs = {split: stored[split] for split in splits if split != "train"}
            for split, output in outputs.items():
                if splits[split].labels is None:
                    continue
                gold, predicted = kind.gold(splits[split]), kind.predictions(output, splits[split])
                file = folder / f"{name}-{split}.npz"
                np.savez_compressed(file, gold=gold, predicted=predicted)
                for metric in task.metrics:
                    named = score_name(task, metric, split)
                    score = model["scores"][named]["seeds"][index]
                    line = {"key": key, "method": method, "finetuning_seed": seed, "metric": named}
                    lines.append({**line, "score": score, "outputs": file.name})
    return lines


def show(folder: Path, words: Sequence[str]) -> dict[str, Any]:
    """A few examples as text: `shown`, each with `text`, `input` and `target`."""
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


def overlap(folder: Path, corpus: str, task: str, data: Sequence[str], flags: Mapping[str, Any]) -> dict[str, Any]:
    """Count the examples of a task that occur in the corpus, by split."""
    from nlp_ssl.comparison.overlap import overlaps
    from nlp_ssl.tasks.splits import load_splits

    _, splits = load_splits(named_task(task, **flags), [Path(path) for path in data])
    texts = {split: [examples.texts, examples.pairs or []] for split, examples in splits.items()}
    return {"overlap": overlaps(Corpus.open(corpus), texts)}


JOB_KINDS: dict[str, JobFunction] = {
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
    """Hash of this package's code without comments and docstrings."""
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
