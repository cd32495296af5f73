"""`nlp-ssl compare`: objectives side by side, on one corpus with one budget, over seeds and tasks.

Every pretraining run, fine-tuning and probe is a job (`comparison.jobs`) with its own folder and process
(`comparison.executor`). The same command resumes after an interruption and retries failed jobs; with another
objective, seed, task or number of examples it adds the missing jobs. At the end it writes OUT/results.json and the
report, and prints a short table.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from nlp_ssl import registry
from nlp_ssl.atomic_io import write_text
from nlp_ssl.comparison.options import Compare, parse
from nlp_ssl.comparison.plan import MINIMAL_PAIRS, Plan
from nlp_ssl.comparison.tasks import LabelledTask, PairFile, load_labelled, load_pair_file
from nlp_ssl.console import say, warn
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.disk_errors import disk_errors
from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.experiment import is_declared
from nlp_ssl.evaluation.finetune import Finetune, Protocol
from nlp_ssl.evaluation.minimal_pairs import read_minimal_pairs
from nlp_ssl.evaluation.similarity import read_pairs
from nlp_ssl.json_files import read_object
from nlp_ssl.output_folder import contents, exclusive
from nlp_ssl.recipe import Recipe

FORMAT = 2
"""Of the comparison's folder; increases when older folders cannot be continued."""


def main(arguments: Sequence[str]) -> int:
    """The command; returns the exit status: 0 if everything is done, 1 if jobs failed."""
    options, chosen = parse(list(arguments))
    plan = make_plan(options, chosen)
    claim(options, plan)
    if options.dry_run:
        from nlp_ssl.comparison.cost import estimate

        print(estimate(plan, options.jobs), flush=True)
        return 0
    from nlp_ssl.comparison.executor import execute

    with disk_errors(options.out, "run the command again; finished jobs are kept"), exclusive(options.out):
        write_text(options.out / "comparison.json", json.dumps(_identity(plan), indent=1) + "\n")
        jobs = plan.jobs()
        say(f"{len(jobs)} jobs, {sum(job.done for job in jobs)} of them done; logs: {options.out / 'jobs'}")
        execute(plan.jobs, options.jobs)
        return conclude(options, plan, shlex.join(["nlp-ssl", *registry.plugin_flags(), "compare", *arguments]))


def make_plan(options: Compare, chosen: Mapping[str, Recipe]) -> Plan:
    """The plan of the comparison. Raises InputError with all problems of corpus, tasks and options."""
    problems = _option_problems(options)
    corpus: Any = None
    try:
        corpus = Corpus.open(options.corpus)
    except InputError as error:
        problems += error.problems
    if options.tune and corpus is not None:
        problems += _tuning_problems(corpus, chosen)
    tasks = _labelled_tasks(options, problems)
    minimal_pairs = _pair_files("--minimal-pairs", options.minimal_pairs, lambda p: read_minimal_pairs([p]), problems)
    word_pairs = _pair_files("--word-pairs", options.word_pairs, read_pairs, problems)
    names = [task.name for task in tasks] + [pairs.name for pairs in (*minimal_pairs, *word_pairs)]
    problems += [f"two tasks are called {name!r}" for name in dict.fromkeys(names) if names.count(name) > 1]
    if problems:
        raise InputError(*problems)
    plan = Plan(
        out=options.out,
        corpus=corpus,
        recipes=chosen,
        tasks=tasks,
        minimal_pairs=minimal_pairs,
        word_pairs=word_pairs,
        seeds=options.seeds,
        train_examples=tuple(dict.fromkeys(_sizes(options))),
        finetune_seeds=options.finetune_seeds,
        protocol=_protocol(options),
        max_length=options.max_length,
        precision=options.precision,
        tune=options.tune,
    )
    _say_what_is_skipped(plan)
    return plan


def _sizes(options: Compare) -> list[int | None]:
    return [None if n == "all" else n for n in options.train_examples]


def _protocol(options: Compare) -> Protocol:
    return Protocol(**{field.name: getattr(options, field.name) for field in fields(Protocol)})


def _option_problems(options: Compare) -> list[str]:
    """Options out of range, and column flags without a task that they could be for."""
    problems = [
        f"--{name} is {n}: it must be at least 1"
        for name, n in (("seeds", options.seeds), ("jobs", options.jobs))
        if n < 1
    ]
    for n in _sizes(options):
        each = Finetune(
            run=options.out,
            task="",
            out=options.out,
            seeds=options.finetune_seeds,
            train_examples=n,
            max_length=options.max_length,
            **vars(_protocol(options)),
        )
        problems += [problem for holds, problem in each.rules() if not holds and problem not in problems]
    flags = ", ".join(f"--{name.replace('_', '-')}" for name, value in _own_task(options).items() if value)
    if flags and all(map(is_declared, options.task)):
        problems.append(f"{flags}: only for tasks without a declaration, and every --task has one")
    return problems


def _own_task(options: Compare) -> dict[str, Any]:
    """The flags that describe tasks without a declaration."""
    names = ("text_column", "pair_column", "label_column", "kind", "positive", "metric")
    return {name: getattr(options, name) for name in names}


def _tuning_problems(corpus: Corpus, chosen: Mapping[str, Recipe]) -> list[str]:
    """Why learning rates could not be tuned: recipes without validation examples."""
    from nlp_ssl.training.pretrain import usable_examples

    problems, vocabulary = [], Vocabulary.of(corpus)
    for recipe in chosen.values():
        try:
            usable_examples(corpus, vocabulary, "validation", recipe)
        except InputError as error:
            problems += [f"--tune needs a validation loss: {problem}" for problem in error.problems]
    return problems


def _labelled_tasks(options: Compare, problems: list[str]) -> list[LabelledTask]:
    """The labelled tasks; problems are appended to `problems`."""
    tasks = []
    for given in dict.fromkeys(options.task):
        try:
            tasks.append(load_labelled(given, options.data, {} if is_declared(given) else _own_task(options)))
        except InputError as error:
            problems += error.problems
    return tasks


def _pair_files(
    flag: str, paths: Sequence[Path], read: Callable[[Path], object], problems: list[str]
) -> list[PairFile]:
    """The files of a flag, read once as a check; problems are appended to `problems`."""
    files = []
    for path in paths:
        if not path.exists():
            problems.append(f"{flag} {path}: no such file")
            continue
        try:
            read(path)
            files.append(load_pair_file(path))
        except InputError as error:
            problems += [f"{flag} {problem}" for problem in error.problems]
    return files


def _say_what_is_skipped(plan: Plan) -> None:
    """Print what the plan leaves out. Raises InputError for a task with too few examples for every size."""
    for task in plan.tasks:
        n = task.counts["train"]
        too_large = [f"{size:,}" for size in plan.train_examples if size is not None and size > n]
        if not plan.sizes(task):
            raise InputError(f"--train-examples {' '.join(too_large)}: {task.name} has {n:,} training examples")
        if too_large:
            say(f"{task.name} has {n:,} training examples: {', '.join(too_large)} are skipped")
    kinds = {job.kind for job in plan.jobs()}
    if plan.minimal_pairs and MINIMAL_PAIRS not in kinds:
        say("--minimal-pairs is skipped: none of these objectives gives likelihoods of texts (mlm and clm do)")
    if plan.word_pairs and "similarity" not in kinds:
        say("--word-pairs is skipped: none of these objectives trains word vectors (cbow and skip_gram do)")


def _identity(plan: Plan) -> dict[str, Any]:
    """What all jobs in one folder share; everything else is in their keys."""
    recipe = next(iter(plan.recipes.values()))
    return {"format": FORMAT, "corpus": plan.corpus.fingerprint, "budget": recipe.budget}


def claim(options: Compare, plan: Plan) -> None:
    """Check that OUT is free or holds this comparison; writes nothing. Raises InputError otherwise."""
    out = options.out
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file: choose another --out")
    stored = out / "comparison.json"
    if stored.is_file():
        theirs, mine = read_object(stored, "choose another --out"), _identity(plan)
        if theirs.get("format") != FORMAT:
            raise InputError(f"{out} was written by another version of nlp-ssl: choose another --out")
        changed = [f"{key} ({theirs.get(key)}, now {mine[key]})" for key in mine if theirs.get(key) != mine[key]]
        if changed:
            raise InputError(
                f"{out} holds a comparison with another {' and another '.join(changed)}: choose another --out"
            )
    elif any(entry.name != "lock" for entry in contents(out)):  # a lock of an earlier version
        raise InputError(f"{out} is not empty and holds no comparison: choose another --out")


def conclude(options: Compare, plan: Plan, command: str) -> int:
    """Write results.json and the report, print tables and failures; returns the exit status."""
    from nlp_ssl.comparison.analysis import boards
    from nlp_ssl.comparison.results import collect_results
    from nlp_ssl.comparison.results_file import write_results
    from nlp_ssl.comparison.summary import summary
    from nlp_ssl.report.report import write_report

    results = collect_results(plan, command)
    write_results(options.out, results)
    if results["scores"]:
        print(f"{summary(results, boards(results, options.out))}\n\n{write_report(options.out)}", flush=True)
    if ", " in results["versions"]["source"]:
        warn("These results mix code revisions. Use a new --out to rerun everything with one.")
    skipped = sum(not job.done and job.error is None for job in plan.jobs())
    for failure in results["failures"]:
        warn(f"{failure['job']} failed: {failure['error'].splitlines()[-1]}")
    if skipped:
        warn(f"{skipped} jobs were skipped, because they need a failed one")
    say(f"\nresults: {options.out / 'results.json'}")
    if results["scores"]:
        say(f"report: {options.out / 'report.html'}")
    return 1 if results["failures"] or skipped else 0
