"""`nlp-ssl compare`: objectives side by side, on one corpus with one budget, over seeds and tasks.

Every pretraining run, fine-tuning and probe is a job (`comparison.jobs`) with its own folder and process
(`comparison.executor`). The same command resumes after an interruption and retries failed jobs; with another
objective, seed, task or number of examples it adds the missing jobs. At the end it writes OUT/results.json and the
report, and prints a short table.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from nlp_ssl import registry
from nlp_ssl.comparison.chosen_tasks import (
    column_flags,
    damaged_sentences,
    has_neighbours,
    labelled_tasks,
    named_tasks,
    pair_files,
)
from nlp_ssl.comparison.existing import existing_models
from nlp_ssl.comparison.initial import initial_models
from nlp_ssl.comparison.options import Compare, in_tokens, parse
from nlp_ssl.comparison.plan import Plan
from nlp_ssl.comparison.skipped import say_what_is_skipped
from nlp_ssl.comparison.tasks import LabelledTask
from nlp_ssl.console import say, show_result, warn
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.disk_errors import disk_errors
from nlp_ssl.errors import InputError, listing
from nlp_ssl.evaluation.few_shot import shots_rule
from nlp_ssl.evaluation.finetune import Finetune, Protocol
from nlp_ssl.evaluation.options import MOST_SEEDS
from nlp_ssl.evaluation.sentence_pairs import read_sentence_pairs
from nlp_ssl.evaluation.similarity import read_pairs
from nlp_ssl.json_files import read_object, write_object
from nlp_ssl.output_folder import contents, exclusive
from nlp_ssl.recipe import Recipe
from nlp_ssl.sampling.examples import Body
from nlp_ssl.tasks.flags import is_declared

FOLDER_FORMAT = 2
"""Of the comparison's folder; increases when older folders cannot be continued."""


def main(arguments: Sequence[str]) -> int:
    """The command; returns the exit status: 0 if everything is done, 1 if jobs failed."""
    return 1 if run(arguments).get("failures") else 0


def run(arguments: Sequence[str]) -> dict[str, Any]:
    """Compare by the words of a command line. Returns the content of results.json; nothing after --dry-run.

    Raises InputError.
    """
    options, chosen = parse(list(arguments))
    plan = make_plan(options, chosen)
    claim(options, plan)
    from nlp_ssl.comparison.power import advice, brief, expect, power_table

    expected = expect(plan, options.spread_from)
    if options.dry_run:
        from nlp_ssl.comparison.cost import estimate

        cost = estimate(plan, options.jobs)
        texts = [cost.text]
        if expected.rows:
            texts += [power_table(expected), advice(expected, cost.seconds_per_seed, options.difference)]
        show_result("\n\n".join(texts))
        return {}
    from nlp_ssl.comparison.looks import grow

    with disk_errors(options.out, "run the command again; finished jobs are kept"), exclusive(options.out):
        write_object(options.out / "comparison.json", _identity(plan))
        jobs = plan.jobs()
        say(f"{len(jobs)} jobs, {sum(job.done for job in jobs)} of them done; logs: {options.out / 'jobs'}")
        if expected.rows:
            say(brief(expected))
        plan = grow(plan, options.difference, options.jobs)
        return conclude(options, plan, shlex.join(["nlp-ssl", *registry.plugin_flags(), "compare", *arguments]))


def make_plan(options: Compare, chosen: Mapping[str, Recipe]) -> Plan:
    """The plan of the comparison. Raises InputError with all problems of corpus, tasks and options."""
    if problems := _option_problems(options):
        raise InputError(*problems)
    corpus: Any = None
    try:
        corpus = Corpus.open(options.corpus)
        chosen = in_tokens(chosen, corpus)
    except InputError as error:
        problems += error.problems
    if options.tune and corpus is not None:
        problems += _tuning_problems(corpus, chosen)
    initial = initial_models(corpus, chosen, problems) if corpus is not None else {}
    existing = {model.name: model for model in existing_models(options.recipes, chosen, problems)}
    tasks = labelled_tasks(options, corpus, problems)
    bodies = {name: recipe.mixture.body for name, recipe in chosen.items()}
    problems += _writing_problems(tasks, bodies | {name: model.body for name, model in existing.items()})
    files = pair_files("--minimal-pairs", options.minimal_pairs, lambda p: read_sentence_pairs([p]), problems)
    made = damaged_sentences(options, corpus, problems)
    retrieval = has_neighbours(options, corpus, problems)
    word_pairs = pair_files("--word-pairs", options.word_pairs, read_pairs, problems)
    names = [task.name for task in tasks] + [pairs.name for pairs in (*files, *word_pairs)] + [p.name for p in made]
    problems += [f"two tasks are called {name!r}" for name in dict.fromkeys(names) if names.count(name) > 1]
    if not (problems or names or retrieval):
        remedy = "do what one of the lines above says, or name labelled tasks with --task"
        problems.append(f"{options.corpus}: too little held-out text for any task; {remedy}")
    if problems:
        raise InputError(*problems)
    plan = Plan(
        out=options.out,
        corpus=corpus,
        recipes=chosen,
        tasks=tasks,
        minimal_pairs=[*files, *made],
        word_pairs=word_pairs,
        looks=options.seeds,
        seeds=options.seeds[0],
        first_seed=options.first_seed,
        train_examples=tuple(dict.fromkeys(_sizes(options))),
        finetune_seeds=options.finetune_seeds,
        protocol=_protocol(options),
        max_length=options.max_length,
        precision=options.precision,
        class_weights=options.class_weights,
        tune=options.tune,
        methods=options.methods,
        shots=tuple(sorted(set(options.shots), reverse=True)),
        retrieval=retrieval,
        initial=initial,
        existing=existing,
    )
    say_what_is_skipped(plan)
    return plan


def _sizes(options: Compare) -> list[int | None]:
    return [None if n == "all" else n for n in options.train_examples]


def _protocol(options: Compare) -> Protocol:
    return Protocol(**{field.name: getattr(options, field.name) for field in fields(Protocol)})


def _option_problems(options: Compare) -> list[str]:
    """Options out of range, and column flags without a task that they could be for."""
    problems = [] if 1 <= options.jobs <= 256 else [f"--jobs is {options.jobs}: it must lie in 1..256"]
    problems += [*_seed_problems(options), *_shot_problems(options)]
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
        broken = [problem.replace("--seeds", "--finetune-seeds") for holds, problem in each.rules() if not holds]
        problems += [problem for problem in broken if problem not in problems]
    flags = ", ".join(f"--{name.replace('_', '-')}" for name, value in column_flags(options).items() if value)
    if flags and all(map(is_declared, named_tasks(options))):
        problems.append(f"{flags}: only for tasks without a declaration, and every --task has one")
    return problems


def _seed_problems(options: Compare) -> list[str]:
    """What is wrong with the numbers of seeds, and with the smallest difference of interest."""
    given = " ".join(map(str, options.seeds))
    problems = []
    if not options.seeds or min(options.seeds) < 1 or max(options.seeds) > MOST_SEEDS:
        problems.append(f"--seeds is {given or 'empty'}: it must lie in 1..{MOST_SEEDS}")
    elif list(options.seeds) != sorted(set(options.seeds)):
        problems.append(f"--seeds is {given}: several numbers must increase")
    elif len(options.seeds) > 1 and options.seeds[0] == 1:
        problems.append(f"--seeds is {given}: begin with at least 2, as one seed gives no p values")
    elif not 1 <= options.first_seed <= MOST_SEEDS + 1 - options.seeds[-1]:
        problems.append(f"--first-seed is {options.first_seed}: all seeds must lie in 1..{MOST_SEEDS}")
    if options.difference <= 0:
        problems.append(f"--difference is {options.difference:g}: it must be above 0")
    return problems


def _shot_problems(options: Compare) -> list[str]:
    """What is wrong with the numbers of demonstrations."""
    holds, problem = shots_rule(options.shots)
    if not holds:
        return [problem]
    both = [k for k in options.shots if k in options.train_examples]  # results tell settings apart by it
    return [f"--shots and --train-examples both have {k}: choose another number for one" for k in both]


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


def _writing_problems(tasks: Sequence[LabelledTask], bodies: Mapping[str, Body]) -> list[str]:
    """Tasks whose labels are texts to write, and the rows whose models cannot write them."""
    silent = [name for name, body in bodies.items() if body != "seq2seq"]
    return [
        f"--task {task.given}: its labels are texts to write, which models of {listing(silent, '')} cannot learn; "
        "leave them out, or the task"
        for task in tasks
        if silent and task.task.kind_type.writes_text
    ]


def _identity(plan: Plan) -> dict[str, Any]:
    """What all jobs in one folder share; everything else is in their keys."""
    recipe = next(iter(plan.recipes.values()))
    return {"format": FOLDER_FORMAT, "corpus": plan.corpus.fingerprint, "budget": recipe.budget}


def claim(options: Compare, plan: Plan) -> None:
    """Check that OUT is free or holds this comparison; writes nothing. Raises InputError otherwise."""
    out = options.out
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file: choose another --out")
    stored = out / "comparison.json"
    if stored.exists():
        try:
            theirs, mine = read_object(stored, ""), _identity(plan)
        except InputError:  # damaged, and written again: the jobs' own keys have all of it
            return
        if theirs.get("format") != FOLDER_FORMAT:
            raise InputError(f"{out} was written by another version of nlp-ssl: choose another --out")
        changed = [f"{key} ({theirs.get(key)}, now {mine[key]})" for key in mine if theirs.get(key) != mine[key]]
        if changed:
            raise InputError(
                f"{out} holds a comparison with another {' and another '.join(changed)}: choose another --out"
            )
    elif any(entry.name != "lock" for entry in contents(out)):  # a lock of an earlier version
        raise InputError(f"{out} is not empty and holds no comparison: choose another --out")


def conclude(options: Compare, plan: Plan, command: str) -> dict[str, Any]:
    """Write results.json and the report, print tables and failures. Returns the content of results.json."""
    from nlp_ssl.comparison.analysis import boards
    from nlp_ssl.comparison.results import collect_results
    from nlp_ssl.comparison.results_file import load_results, write_results
    from nlp_ssl.comparison.summary import summary
    from nlp_ssl.report.report import write_analysed

    write_results(options.out, collect_results(plan, command))
    results = load_results(options.out)
    if results["scores"]:
        found = boards(results, options.out)
        show_result(f"{summary(results, found)}\n\n{write_analysed(options.out, results, found)}")
    if ", " in results["versions"]["source"]:
        warn("These results mix code revisions. Use a new --out to rerun everything with one.")
    for failure in results["failures"]:
        warn(f"{failure['job']} failed: {failure['error'].splitlines()[-1]}")
    if skipped := sum(not job.done and job.error is None for job in plan.jobs()):
        warn(f"{skipped} jobs were skipped, because they need a failed one")
    say(f"\nresults: {options.out / 'results.json'}")
    if results["scores"]:
        say(f"report: {options.out / 'report.html'}")
    return results
