"""`nlp-ssl few-shot`: score a model on a classification task by prompts, without training.

A prompt has k labelled examples of train, the demonstrations, then a text of dev (Brown et al., GPT-3, NeurIPS 2020,
section 2.1). Each label stands for a word, which is scored after the prompt by its log probability
(`nlp_ssl.evaluation.likelihood`), less that after the same prompt without the text. This removes the preference for
frequent words and for the labels of the demonstrations (Holtzman et al., EMNLP 2021, section 3; Zhao et al., ICML 2021,
section 4). The label with the highest score is predicted.

Beside each number of demonstrations stand the same ones with random labels (Min et al., EMNLP 2022, section 4): where
scores are equal, the model does not use the labels. Demonstrations are drawn once for each seed, the same for every
model, with classes in proportion, from examples whose texts do not recur in dev. The interval covers other
demonstrations and other examples.

scores.json          scores, the first prompt, versions, the command
scores.md            the printed table
few_shot.npz         `gold` int64 [n], for each setting the score of each label, float32 [seeds, n, labels], as of the
                     majority class, `majority` [1, n, labels]; `cluster` [n] if examples are not independent
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import tyro

from nlp_ssl.array_files import write_arrays
from nlp_ssl.atomic_io import write_text
from nlp_ssl.console import say, show_written, speaks, table
from nlp_ssl.disk_errors import disk_errors
from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.options import MOST_SEEDS, task_notes
from nlp_ssl.evaluation.result_cache import CachedResult, ResultCache, command, weights_fingerprint
from nlp_ssl.models.folder import as_causal, model_folder
from nlp_ssl.options import parse
from nlp_ssl.output_folder import exclusive
from nlp_ssl.tasks.declaration import CorpusTaskDeclaration, Task, with_flags
from nlp_ssl.tasks.flags import ColumnFlags, find_task

if TYPE_CHECKING:
    from nlp_ssl.statistics.intervals import Scores
    from nlp_ssl.tasks.splits import LabelledExamples

MOST_SHOTS = 64
MAJORITY = "majority"
DEV_EXAMPLES = 1000
CUT = {"shortened prompts": "demonstrations", "cut texts": "the beginning of the text"}
"""Counts of prompts that are longer than the model can read, and what these lose."""


@dataclass(frozen=True, kw_only=True)
class FewShot(ColumnFlags):
    """Score a model on a classification task by prompts with a few labelled examples. Nothing is trained."""

    run: tyro.conf.Positional[Path]
    """Folder of a pretraining run, or of any model in Hugging Face format."""
    task: str
    """Name of a declared task, path of your own declaration (.toml), or a new name together with the column flags."""
    data: tuple[Path, ...] = ()
    """Folder with train and dev files (.tsv .csv .jsonl .parquet), or these files in this order. Defaults to the
    hub."""
    out: Path
    """Folder for all results."""
    shots: tuple[int, ...] = (0, 4)
    """Numbers of demonstrations in a prompt."""
    seeds: int = 5
    """Number of draws of demonstrations."""
    label_words: tuple[str, ...] = ()
    """A word for each label, in the order of the labels. Defaults to their names."""
    template: str | None = None
    """Text and label of an example, with {text}, {pair} for pairs, and {label} at the end. Defaults to
    "{text} : {label}" or "{text} {pair} : {label}"."""
    dev_examples: int = DEV_EXAMPLES
    """Maximum number of scored examples of dev."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Precision of matrix products. auto uses bf16 where the hardware supports it. On CUDA, fp32 means TF32."""


@dataclass(frozen=True)
class _Setting:
    """A number of demonstrations, with their own or random labels."""

    shots: int
    random: bool

    @property
    def key(self) -> str:
        """Its name in files."""
        return f"{self.shots}-shots{'-random' * self.random}"

    @property
    def name(self) -> str:
        """Its name in the table."""
        return f"{self.shots} shot{'s' * (self.shots != 1)}{', random labels' * self.random}"


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    few_shot(parse(FewShot, "few-shot", arguments, notes=task_notes))
    return 0


def few_shot(options: FewShot) -> dict[str, Any]:
    """Score the prompts, print the table and write OUT. Returns the content of OUT/scores.json.

    Raises InputError for unusable options, data or models, before anything is written.
    """
    _check(options)
    folder, task = as_causal(model_folder(options.run)), _task(options)

    from nlp_ssl.evaluation.demonstrations import PromptScorer
    from nlp_ssl.evaluation.inputs import check_unknown
    from nlp_ssl.evaluation.likelihood import LanguageModel
    from nlp_ssl.evaluation.prompts import TEMPLATES, Prompts, check_template, label_words
    from nlp_ssl.runtime import resolve_precision
    from nlp_ssl.tasks.draws import nested_order
    from nlp_ssl.tasks.splits import load_splits

    template = options.template if options.template is not None else TEMPLATES[len(task.columns) == 2]
    check_template(template, len(task.columns) == 2)
    labels, splits = load_splits(task, options.data)
    words = label_words(options.label_words, labels)
    split = next(name for name in splits if name.startswith("dev"))
    train, dev = splits["train"], splits[split]
    dev = dev.take(nested_order(len(dev), dev.labels)[: options.dev_examples])
    precision = resolve_precision(options.precision)
    model = LanguageModel(folder, precision)
    if model.backward:
        raise InputError(f"{options.run}: the model reads backward, so it would read a label before its text")
    prompts = Prompts(model, template, words)
    scorer = PromptScorer(prompts, train, dev)
    check_unknown(prompts.unknown(scorer.texts), split)
    first = scorer.first(max(options.shots)).tokens
    settings = {
        "precision": precision,
        "template": template,
        "label words": list(words),
        "model": weights_fingerprint(folder),
        "data": {"train": train.fingerprint(), split: dev.fingerprint()},
    }
    with disk_errors(options.out, "run the command again; finished results are kept"), exclusive(options.out):
        cache = ResultCache(options.out, settings)
        results = {
            setting: [
                cache.part(
                    f"{setting.key}-seed{seed}",
                    partial(scorer.result, setting.shots, setting.random, seed, f"{setting.name}, seed {seed}"),
                )
                for seed in range(1, (options.seeds if setting.shots else 1) + 1)
            ]
            for shots in sorted(set(options.shots))
            for setting in (_Setting(shots, False), *([_Setting(shots, True)] if shots else []))
        }
        if cache.done_before:
            say(f"{options.out}: all results are cached; nothing was run again")
        facts = {
            "run": str(options.run),
            "command": command("few-shot", options),
            "variant": scorer.by,
            "template": template,
            "label words": dict(zip(labels, words, strict=True)),
            "prompt": model.tokenizer.decode(first.ids[: first.starts[1]].tolist()),
            "precision": precision,
            "split": split,
            "scored": len(dev),
        }
        return _write(options.out, task, train, dev, results, facts)


def shots_rule(shots: Sequence[int]) -> tuple[bool, str]:
    """Whether numbers of demonstrations are in range, and what is wrong if not."""
    problem = f"--shots is {' '.join(map(str, shots)) or 'empty'}: numbers must lie in 0..{MOST_SHOTS}"
    return bool(shots) and all(0 <= k <= MOST_SHOTS for k in shots), problem


def _check(options: FewShot) -> None:
    """InputError for options out of range."""
    rules = [
        shots_rule(options.shots),
        (1 <= options.seeds <= MOST_SEEDS, f"--seeds is {options.seeds}: it must lie in 1..{MOST_SEEDS}"),
        (options.dev_examples >= 2, f"--dev-examples is {options.dev_examples}: it must be at least 2"),
    ]
    problems = [problem for holds, problem in rules if not holds]
    if problems:
        raise InputError(*problems)


def _task(options: FewShot) -> Task:
    """The task. InputError for one without one label for each text, or made from a corpus."""
    task = with_flags(find_task(options.task), options.text_column, options.pair_column, options.label_column, ())
    if isinstance(task, CorpusTaskDeclaration):
        raise InputError(f"--task {task.name}: its labels are no words; use nlp-ssl probe RUN --corpus")
    if task.kind != "classification":
        raise InputError(f"--task {task.name}: it is declared as {task.kind}; few-shot needs classification")
    return task


def _write(
    out: Path,
    task: Task,
    train: LabelledExamples,
    dev: LabelledExamples,
    results: dict[_Setting, list[CachedResult]],
    facts: dict[str, Any],
) -> dict[str, Any]:
    """Print the table and write all files. Returns the content of scores.json."""
    import numpy as np

    from nlp_ssl.evaluation.scores import provenance
    from nlp_ssl.statistics.intervals import measure

    gold, labels = np.asarray(dev.labels), list(facts["label words"])
    scores = {setting: np.stack([part.outputs["scores"] for part in parts]) for setting, parts in results.items()}
    most_frequent = np.bincount(np.asarray(train.labels), minlength=len(labels)).argmax()
    constant = np.zeros((1, len(gold), len(labels)), np.float32)
    constant[..., most_frequent] = 1
    cluster = dev.clusters
    majority = measure("accuracy", gold, constant.argmax(-1)[None], cluster=cluster, pretrained=False)
    models: list[dict[str, Any]] = [
        {"key": "chance", "name": "chance", "scores": {"accuracy": {"mean": 1 / len(labels)}}},
        {"key": MAJORITY, "name": "majority class", "scores": {"accuracy": {"mean": majority.mean}}},
    ]
    for setting, parts in results.items():
        predicted = scores[setting].argmax(-1)  # [seeds, n]
        measured = measure("accuracy", gold, predicted[None], cluster=cluster)
        shares = np.bincount(predicted.ravel(), minlength=len(labels)) / predicted.size
        models.append(
            {
                "key": setting.key,
                "name": setting.name,
                "scores": {"accuracy": _accuracy(measured, majority)},
                "predicted": dict(zip(labels, shares.tolist(), strict=True)),
                **{
                    name: [part.facts[name] for part in parts] for name in ("shortened prompts", "cut texts", "seconds")
                },
            }
        )
    result = {
        "task": task.name,
        "title": task.title,
        "paper": task.paper,
        **facts,
        "models": models,
        **provenance(),
    }
    if speaks():
        shared = {"gold": gold, MAJORITY: constant, **({} if cluster is None else {"cluster": cluster})}
        write_arrays(out / "few_shot.npz", {**shared, **{s.key: found for s, found in scores.items()}})
        _report(out, result)
    return result


def _accuracy(measured: Scores, majority: Scores) -> dict[str, Any]:
    """The accuracy with its interval, and the difference from the majority class."""
    from nlp_ssl.statistics.intervals import difference, interval

    found, gap = interval(measured), difference(measured, majority)
    return {
        "seeds": measured.values[0].tolist(),
        **asdict(found),
        "vs_majority": {"mean": gap.mean, "low": gap.low, "high": gap.high, "verdict": gap.verdict},
    }


def _report(out: Path, result: dict[str, Any]) -> None:
    """Print the table, with a line below it for prompts that were too long, and write it and the result."""
    from nlp_ssl.evaluation.scores import markdown

    header = ["prompt", "accuracy [95 %]", "vs majority class", "most predicted label"]
    lines, notes = [], []
    for model in result["models"]:
        score = model["scores"]["accuracy"]
        if "low" not in score:
            lines.append([model["name"], f"{100 * score['mean']:.1f}", "", ""])
            continue
        label, share = max(model["predicted"].items(), key=lambda item: item[1])
        lines.append(
            [
                model["name"],
                f"{100 * score['mean']:.1f} [{100 * score['low']:.1f}, {100 * score['high']:.1f}]",
                score["vs_majority"]["verdict"],
                f"{label} {share:.0%}",
            ]
        )
        prompts = len(score["seeds"]) * (result["scored"] + 1)  # one is without a text
        for name, what in CUT.items():
            if cut := sum(model[name]):
                notes.append(
                    f"{model['name']}: {cut:,} of {prompts:,} prompts are too long for the model and lost {what}"
                )
    caption = f"{result['task']}, {result['variant']}: % right of {result['scored']:,} examples, {result['split']}"
    write_text(out / "scores.md", markdown(caption, header, lines, result["command"], notes))
    write_text(out / "scores.json", json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    show_written("\n".join([caption, "", table(header, lines), *notes]), out)
