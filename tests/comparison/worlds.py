"""Synthetic comparisons: a results.json and its predictions, from models of a given skill."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nlp_ssl.array_files import write_arrays
from nlp_ssl.comparison.results_file import RESULTS_FORMAT, write_results
from nlp_ssl.tasks.metrics import score

BODIES = {"clm": "decoder", "gap_sentences": "seq2seq"}
SKILL = {"mlm": 0.30, "clm": 0.22, "sop": 0.02, "nsp": 0.0, "emoji": 0.05, "gap_sentences": 0.15}
"""Accuracy above random initialisation on all labels, by objective."""
COST = {"clm": 2.4, "sop": 0.75}
"""FLOPs per token, relative to the others."""
KOREAN = "그런데 <b>어느 날</b> & 갑자기, 눈이 오기 시작했다."
TASKS = {"sst2": "Stanford Sentiment Treebank", "nsmc": "네이버 영화 평 <긍정/부정>"}
TEXT_BASELINES = {"majority": "majority class", "tfidf": "TF-IDF + linear model"}
CURVE = (0.25, 0.5)
"""Shares of a run after which models are probed."""


@dataclass(frozen=True)
class World:
    """Size and outcome of a synthetic comparison."""

    objectives: tuple[str, ...] = ("mlm", "clm", "sop")
    seeds: int = 2
    finetuning_seeds: int = 2
    examples: int = 160
    tokens: int = 2_000_000
    train_examples: tuple[int | None, ...] = (100, None)
    failed: str | None = None
    """An objective whose last run failed."""
    skill: Mapping[str, float] = field(default_factory=lambda: SKILL)
    uneven: float = 1.0
    """Tokens of the second objective, relative to the others."""


def write_comparison(folder: Path, world: World = World()) -> dict[str, Any]:
    """Write results.json and the predictions beside it; returns the results."""
    folder.mkdir(parents=True, exist_ok=True)
    scores = list(_scores(folder, world))
    tuned = [
        (name, seed, task, size)
        for size in world.train_examples
        for task in TASKS
        for name in world.objectives
        for seed in _seeds(world, name)
    ]
    runs = [_run(world, name, seed) for name in world.objectives for seed in range(1, world.seeds + 1)]
    results = {
        "format": RESULTS_FORMAT,
        "question": {
            "objectives": list(world.objectives),
            "seeds": list(range(1, world.seeds + 1)),
            "tasks": [*TASKS, "blimp"],
            "train_examples": list(world.train_examples),
            "budget": f"{world.tokens // 1_000_000}M-tokens",
            "held_equal": "tokens",
            "size": "mini",
            "finetune_seeds": world.finetuning_seeds,
        },
        "corpus": {
            "name": "novels",
            "fingerprint": "1f2e3d4c5b6a7988",
            "language": "ko",
            "documents": 60,
            "sentences": 410_000,
            "tokens": 9_600_000,
            "bytes": 44_400_000,
            "vocab_size": 16384,
        },
        "objectives": [_objective(name) for name in world.objectives],
        "runs": runs,
        "tasks": [
            *(_task(name, title, world.examples) for name, title in TASKS.items()),
            _task("blimp", "BLiMP: minimal pairs", world.examples, kind="minimal pairs", labels=[]),
        ],
        "scores": scores,
        "text_baselines": TEXT_BASELINES,
        "choices": [choice(*run) for run in tuned],
        "classes": [class_report(*run) for run in tuned],
        "matrix": [
            {
                "model": model,
                "pretraining_seed": seed,
                "on": on,
                "metrics": {"accuracy": 0.9 if model == on else 0.52, "majority": 0.5, "loss": 0.4},
            }
            for model in world.objectives
            for on in world.objectives
            if BODIES.get(model) == BODIES.get(on)
            for seed in range(1, world.seeds + 1)
        ],
        "failures": [{"job": f"{r['objective']}-{r['seed']}", "error": r["error"]} for r in runs if r["error"]],
        "commands": ["nlp-ssl compare mlm clm sop --corpus corpora/novels --budget 2M-tokens --seeds 2"],
        "versions": {"nlp_ssl": "0.1.0", "torch": "2.13.0", "numpy": "2.3.0"},
        "machine": {"cores": 2, "device": "cpu", "memory_bytes": 8 * 2**30, "system": "Linux"},
        "date": "2026-01-02T03:04:05+00:00",
    }
    write_results(folder, results)
    return results


def choice(model: str, seed: int, task: str, size: int | None, rate: float = 1e-3, epochs: int = 3) -> dict[str, Any]:
    """The choice of a network between two learning rates."""
    tried = [
        {"learning_rate": 1e-4, "epochs": 4, "score": 0.68, "loss": 0.7},
        {"learning_rate": 1e-3, "epochs": 3, "score": 0.715, "loss": 0.6},
    ]
    return {
        "model": model,
        "pretraining_seed": seed,
        "task": task,
        "train_examples": size,
        "examples": {"train": size or 5000, "selection": 20 if size else 500},
        "learning_rate": rate,
        "epochs": epochs,
        "tried": tried,
    }


def _objective(name: str) -> dict[str, Any]:
    shown = [
        {"text": KOREAN, "input": "그런데 [MASK] & 갑자기, 눈이 [MASK] 시작했다.", "target": "<b>어느 날</b> · 오기"},
        {"text": "She had `no` | idea.", "input": "She [MASK] `no` | idea.", "target": "had"},
    ]
    return {
        "name": name,
        "paper": "Devlin et al. 2019, BERT, NAACL, section 3.1",
        "body": BODIES.get(name, "encoder"),
        "random_init": f"{BODIES.get(name, 'encoder')}, random initialisation",
        "recipe": f'[objective.{name}]\nrate = 0.15 # "<15 %>"\n',
        "shown": shown,
    }


def _task(name: str, title: str, n: int, kind: str = "classification", labels: Sequence[str] = ("no", "yes")) -> Any:
    overlap = {"exact": 3, "near": 9}
    return {
        "name": name,
        "title": title,
        "metric": "accuracy",
        "kind": kind,
        "knowledge": "words" if kind == "classification" else "syntax",
        "labels": list(labels),
        "examples": {"train": 5000, "dev": n},
        "chance": 0.5,
        "overlap": {"train": {**overlap, "of": 5000}, "dev": {**overlap, "of": n}, "test": None},
    }


def class_report(model: str, seed: int | None, task: str, size: int | None, right: int = 30) -> dict[str, Any]:
    """Of 40 examples of "no", `right` are predicted as such; of 60 of "yes", all."""
    precision = 60 / (60 + 40 - right)
    return {
        "model": model,
        "pretraining_seed": seed,
        "task": task,
        "train_examples": size,
        "method": "finetune",
        "split": "dev",
        "classes": {
            "no": {"precision": 1.0, "recall": right / 40, "f1": 2 * right / (40 + right), "support": 40},
            "yes": {"precision": precision, "recall": 1.0, "f1": 2 * precision / (1 + precision), "support": 60},
        },
        "auc": 0.9,
        "confusion": [[right, 40 - right], [0, 60]],
    }


def _run(world: World, name: str, seed: int) -> dict[str, Any]:
    failed = name == world.failed and seed == world.seeds
    uneven = world.uneven if world.objectives.index(name) == 1 else 1.0
    tokens, flops = int(world.tokens * uneven), 2.5e7 * COST.get(name, 1.0)
    points = [tokens * i // 20 for i in range(1, 21)]
    start, drop = {"clm": (9.5, 4.0)}.get(name, (0.7, 0.2) if name in ("sop", "nsp") else (9.6, 5.0))
    wiggle = np.random.default_rng(seed).normal(0, 0.02 * drop, len(points))
    losses = [start - drop * (1 - np.exp(-4 * t / tokens)) for t in points]
    validation = {"loss": losses[-1] + 0.05, "accuracy": 0.35, "majority": 0.05}
    run = {
        "objective": name,
        "seed": seed,
        "status": "failed" if failed else "done",
        "error": "RuntimeError: out of <memory> | at step 7" if failed else None,
        "folder": f"runs/{name}-{seed}",
        "steps": tokens // 2000,
        "tokens": tokens,
        "targets": int(tokens * (1.0 if name == "clm" else 0.15)),
        "flops": flops * tokens,
        "seconds": 300.0 * COST.get(name, 1.0) + seed,
        "parameters": 7_490_048,
        "embedding_parameters": 4_194_304,
        "peak_memory_bytes": None if name == "sop" else 2**30,
        "device": "cpu",
        "precision": "bf16",
        "tuning": {
            "tried": [{"learning_rate": 5e-4, "loss": 7.0}, {"learning_rate": 1e-3, "loss": 6.5}],
            "chosen": 1e-3,
            "tokens": 100_000,
            "seconds": 20.0,
        },
        "validation": validation | ({"bits_per_byte": 1.9} if name == "clm" else {}),
        "curve": [
            {"step": t // 2000, "tokens": t, "flops": flops * t, "loss": loss + w}
            for t, loss, w in zip(points, losses, wiggle, strict=True)
        ],
        "validation_curve": [
            {"step": t // 2000, "tokens": t, "flops": flops * t, "loss": loss + 0.05, "accuracy": 0.3}
            for t, loss in zip(points[3::4], losses[3::4], strict=True)
        ],
    }
    if failed:
        run |= {"steps": 7, "tokens": 14_000, "curve": run["curve"][:1], "validation_curve": [], "validation": {}}
    return run


def _scores(folder: Path, world: World) -> Iterator[dict[str, Any]]:
    """Every score. Writes its predictions: the easiest examples are correct, as many as the model's skill allows."""
    bodies = sorted({BODIES.get(name, "encoder") for name in world.objectives})
    for t, task in enumerate(TASKS):
        rng = np.random.default_rng(t)
        gold, ease = rng.integers(0, 2, world.examples), rng.random(world.examples)

        def scored(
            task: str,
            chance: float,
            gold: np.ndarray = gold,
            ease: np.ndarray = ease,
            tokens: int | None = None,
            pretraining_seed: int | None = None,
            finetuning_seed: int | None = None,
            **entry: Any,
        ) -> dict[str, Any]:
            key = [entry["model"], pretraining_seed, tokens, task, *map(entry.get, ("train_examples", "method"))]
            name = "-".join(str(part).replace(" ", "_").replace(",", "") for part in [*key, finetuning_seed])
            noise = np.random.default_rng(list(name.encode())).normal(0, 0.15, len(gold))
            predicted = np.where(ease + noise < chance, gold, 1 - gold)
            if entry["model"] == "majority":
                predicted = np.zeros_like(gold)
            write_arrays(folder / "outputs" / f"{name}.npz", {"gold": gold, "predicted": predicted})
            return {
                "role": "text baseline" if entry["model"] in TEXT_BASELINES else "baseline",
                "tokens": tokens,
                "pretraining_seed": pretraining_seed,
                "finetuning_seed": finetuning_seed,
                "task": task,
                "variant": None,
                "metric": "accuracy",
                "score": score("accuracy", gold, predicted),
                "outputs": f"outputs/{name}.npz",
                **entry,
            }

        for size in world.train_examples:
            base = 0.55 + (0.05 if size is None else 0.0)
            for method in ("finetune", "probe", "knn"):
                how = {"train_examples": size, "method": method}
                for body in bodies:
                    for f in range(1, world.finetuning_seeds + 1) if method == "finetune" else [None]:
                        yield scored(task, base, model=f"{body}, random initialisation", finetuning_seed=f, **how)
                yield scored(task, base - 0.02, model="random vectors", **how)
                for name in world.objectives:
                    skill = world.skill.get(name, 0.1) * (1.0 if size is None else 0.7)
                    for seed in _seeds(world, name):
                        who = {"model": name, "role": "objective", "pretraining_seed": seed, **how}
                        for f in range(1, world.finetuning_seeds + 1) if method == "finetune" else [None]:
                            yield scored(task, base + skill, finetuning_seed=f, **who)
                        if method == "probe" and size is None:
                            for part in CURVE:
                                yield scored(task, base + skill * part, tokens=int(world.tokens * part), **who)
            how = {"train_examples": size, "method": "finetune"}
            yield scored(task, 0.5, model="majority", **how)
            yield scored(task, base + 0.1, model="tfidf", **how)
    yield from _zero_shot(folder, world)


def _zero_shot(folder: Path, world: World) -> Iterator[dict[str, Any]]:
    rng = np.random.default_rng(9)
    ease, paradigm = rng.random(world.examples), np.array([f"paradigm {i % 8}" for i in range(world.examples)])
    models = [
        *(
            (f"{body}, random initialisation", None)
            for body in sorted({BODIES.get(name, "encoder") for name in world.objectives})
        ),
        *((name, seed) for name in world.objectives for seed in _seeds(world, name)),
    ]
    for model, seed in models:
        variants = ["causal"] if "clm" in model or "decoder" in model else ["causal", "pseudo-log-likelihood"]
        for variant in variants:
            name = f"{model}-{seed}-blimp-{variant}".replace(" ", "_").replace(",", "")
            noise = np.random.default_rng(list(name.encode())).normal(0, 0.15, world.examples)
            correct = ease + noise < 0.5 + world.skill.get(model, 0.0) / 2
            write_arrays(folder / "outputs" / f"{name}.npz", {"correct": correct, "paradigm": paradigm})
            yield {
                "model": model,
                "role": "baseline" if seed is None else "objective",
                "pretraining_seed": seed,
                "tokens": None,
                "task": "blimp",
                "train_examples": None,
                "method": "zero-shot",
                "variant": variant,
                "finetuning_seed": None,
                "metric": "accuracy",
                "score": float(correct.mean()),
                "outputs": f"outputs/{name}.npz",
            }


def _seeds(world: World, name: str) -> list[int]:
    return [s for s in range(1, world.seeds + 1) if not (name == world.failed and s == world.seeds)]
