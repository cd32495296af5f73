"""The kinds of jobs: functions of a job's folder and arguments that return the content of its done.json.

Each call runs in its own process (`executor`), with its output in the job's log.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nlp_ssl import recipe_files
from nlp_ssl.array_files import read_arrays, write_arrays
from nlp_ssl.comparison.score_jobs import FEW_SHOT, MINIMAL_PAIRS
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.options import TaskOptions
from nlp_ssl.models.folder import model_folder
from nlp_ssl.options import parse
from nlp_ssl.tasks.flags import TaskFlags
from nlp_ssl.tasks.metrics import OF_PROBABILITIES, score

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
    precision = resolve_precision(recipe_files.load(str(run)).precision)
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
        if _is_network(model)
    ]
    found = {"scores": _lines(folder, options, result), "classes": _classes(options, result)}
    return {**found, "networks": options.seeds, "choices": choices}


def probe(folder: Path, words: Sequence[str]) -> dict[str, Any]:
    """Score frozen vectors in `folder/scores`."""
    from nlp_ssl.evaluation.probe import Probe, probe

    options = parse(Probe, "probe", words)
    result = probe(options)
    return {"scores": _lines(folder, options, result), "classes": _classes(options, result), "networks": options.seeds}


def minimal_pairs(folder: Path, words: Sequence[str]) -> dict[str, Any]:
    """Score minimal pairs in `folder/scores`; the npz files there hold `correct` and `paradigm`."""
    from nlp_ssl.evaluation.minimal_pairs import BASELINE_FILE, FEWER_TOKENS, MinimalPairs, minimal_pairs

    options = parse(MinimalPairs, "minimal-pairs", words)
    result = minimal_pairs(options)
    kinds = {
        FEWER_TOKENS: ({"title": FEWER_TOKENS}, BASELINE_FILE),
        "pretrained": ({"variant": result["variant"]}, "pairs.npz"),
    }
    lines = []
    for model in result["models"]:
        more, file = kinds[model["key"]]
        (score,) = model["scores"]["accuracy"]["seeds"]
        line = {"key": model["key"], "method": "zero-shot", "metric": "accuracy", "score": score, **more}
        lines.append({**line, "outputs": str((options.out / file).relative_to(folder))})
    return {"scores": lines, "pairs": sum(result["examples"].values())}


def few_shot(folder: Path, words: Sequence[str], metrics: Mapping[str, str], positive: str) -> dict[str, Any]:
    """Score prompts in `folder/scores`, beside the same ones with random labels and the majority class.

    `metrics` are the names of the scores by metric. Files hold `gold` and `predicted` [n] of each draw. `prompts`
    counts all prompts, and those that were too long for the model.
    """
    from nlp_ssl.evaluation.few_shot import CUT, MAJORITY, FewShot, few_shot
    from nlp_ssl.tasks.kinds.classification import Classification
    from nlp_ssl.tasks.splits import LabelledExamples

    options = parse(FewShot, FEW_SHOT, words)
    result, found = few_shot(options), read_arrays(options.out / "few_shot.npz", "")
    kind = Classification(tuple(result["label words"]), positive)
    examples = LabelledExamples([""] * len(found["gold"]), None, found["gold"])
    shared = {name: found[name] for name in ("cluster",) if name in found}
    (shots,), lines = options.shots, []
    keys = {"pretrained": f"{shots}-shots", "random_labels": f"{shots}-shots-random", MAJORITY: MAJORITY}
    for key, of in keys.items():
        title = {"title": "majority class"} if key == MAJORITY else {}
        for seed, scores in enumerate(found.get(of, ()), 1):  # [n, labels]
            predicted, probable = kind.predictions(scores, examples), kind.probabilities(scores)
            outputs, gold = folder / f"{of}-seed{seed}.npz", kind.gold(examples)
            write_arrays(outputs, {"gold": gold, "predicted": predicted, "probabilities": probable, **shared})
            line = {"key": key, "method": FEW_SHOT, "variant": result["variant"], "outputs": outputs.name, **title}
            line["finetuning_seed"] = None if key == MAJORITY else seed
            for metric, name in metrics.items():
                value = score(metric, gold, probable if metric in OF_PROBABILITIES else predicted)
                lines.append({**line, "metric": name, "score": value})
    (asked,) = (model for model in result["models"] if model["key"] == keys["pretrained"])
    prompts = {name: sum(asked[name]) for name in CUT} | {"prompts": len(asked["seconds"]) * (result["scored"] + 1)}
    return {"scores": lines, "networks": options.seeds, "prompts": prompts}


def retrieval(folder: Path, words: Sequence[str]) -> dict[str, Any]:
    """Score the retrieval of neighbouring sentences in `folder/scores`; files there hold the scores of each query."""
    from nlp_ssl.evaluation.retrieval import TFIDF, Retrieval, query_file, retrieval

    options = parse(Retrieval, "retrieval", words)
    result = retrieval(options)
    lines = []
    for model in result["models"]:
        for metric, of_metric in model["scores"].items():
            for seed, value in enumerate(of_metric["seeds"], 1):
                outputs = (options.out / "queries" / query_file(model["key"], seed)).relative_to(folder)
                line = {"key": model["key"], "method": "retrieval", "metric": metric, "score": value}
                line |= {"title": model["name"]} if model["key"] == TFIDF else {}
                drawn = seed if model["key"] == "random_init" else None
                lines.append({**line, "finetuning_seed": drawn, "outputs": str(outputs)})
    counts = {key: result[key] for key in ("queries", "candidates", "chance")}
    return {"scores": lines, "networks": options.seeds, **counts}


def similarity(folder: Path, words: Sequence[str], networks: int, sample: int) -> dict[str, Any]:
    """Correlate cosines of a run's word vectors, and of `networks` sets of random ones, with human ratings.

    `sample` seeds the random vectors. Raises InputError if the vocabulary has the words of fewer than two pairs.
    """
    import numpy as np

    from nlp_ssl.evaluation.similarity import Similarity, judgements, read_pairs
    from nlp_ssl.models.word_vectors import word_vectors

    options = parse(Similarity, "similarity", words)
    (file,) = options.pairs
    pairs, (names, vectors) = read_pairs(file), word_vectors(model_folder(options.run))
    lines = []
    for key, seed in [("pretrained", None), *(("random", seed) for seed in range(1, networks + 1))]:
        if seed is not None:
            vectors = np.random.default_rng((sample, seed)).standard_normal(vectors.shape, dtype=np.float32)
        judged, cosines = judgements(pairs, names, vectors)
        if len(judged) < 2:
            raise InputError(f"{file}: the vocabulary has both words of {len(judged)} pairs; at least 2 are needed")
        outputs = folder / f"{key}{'' if seed is None else f'-seed{seed}'}.npz"
        write_arrays(outputs, {"gold": judged, "predicted": cosines})
        found = {"score": score("spearman", judged, cosines), "outputs": outputs.name}
        lines.append({"key": key, "method": "word similarity", "finetuning_seed": seed, "metric": "spearman", **found})
    return {"scores": lines, "networks": networks, "pairs": len(judged)}


def evaluate(folder: Path, words: Sequence[str]) -> dict[str, Any]:
    """Validation metrics of a run on another recipe's objective."""
    from nlp_ssl.evaluation.evaluate import Evaluate, evaluate

    return {"metrics": evaluate(parse(Evaluate, "evaluate", words))}


def _lines(folder: Path, options: TaskOptions, result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Scores of a command with the columns of results.json; for each, an .npz file holds labels and predictions."""
    at = options.out.relative_to(folder)
    return [
        {
            "key": model["key"],
            "method": model["method"] or options.command,
            "finetuning_seed": seed,
            "metric": metric,
            **({} if _is_network(model) else {"title": model["name"]}),
            "score": scores["seeds"][index],
            "outputs": str(at / model["outputs"][scores["split"]][index]),
        }
        for model in result["models"]
        for metric, scores in model["scores"].items()
        for index, seed in enumerate(model["seeds"])
    ]


def _classes(options: TaskOptions, result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The figures of each class, for each model of a command."""
    return [
        {"key": model["key"], "method": model["method"] or options.command, **model["classes"]}
        for model in result["models"]
        if "classes" in model
    ]


def _is_network(model: Mapping[str, Any]) -> bool:
    """Whether a scored model is a network or word vectors; baselines on the texts themselves have no seeds."""
    return model["method"] is not None


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

    _, splits = load_splits(TaskFlags(**flags).task_named(task), [Path(path) for path in data])
    texts = {split: [examples.texts, examples.pairs or []] for split, examples in splits.items()}
    return {"overlap": overlaps(Corpus.open(corpus), texts)}


JOB_KINDS: dict[str, JobFunction] = {
    "pretrain": pretrain,
    "finetune": finetune,
    "probe": probe,
    MINIMAL_PAIRS: minimal_pairs,
    FEW_SHOT: few_shot,
    "retrieval": retrieval,
    "similarity": similarity,
    "evaluate": evaluate,
    "show": show,
    "overlap": overlap,
}
