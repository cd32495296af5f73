"""The tasks that a comparison's options name, read once as a check.

Problems are appended to a list, so that all of them are reported together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from nlp_ssl import registry
from nlp_ssl.comparison.options import Compare
from nlp_ssl.comparison.tasks import DamagedSentences, LabelledTask, PairFile, load_labelled, load_pair_file
from nlp_ssl.console import say
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.corpus.unknown import limit_unknown, unknown_share
from nlp_ssl.errors import InputError
from nlp_ssl.tasks.flags import DAMAGED, RETRIEVAL, ZERO_SHOT, TaskFlags, is_declared, is_from_corpus
from nlp_ssl.tasks.from_corpus.base import TooLittleTextError
from nlp_ssl.tasks.from_corpus.neighbours import FEWEST_QUERIES, neighbour_queries


def named_tasks(options: Compare) -> list[str]:
    """The tasks of --task, each once; "corpus", the default, stands for all that are made from the corpus."""
    everything = [*registry.names("corpus_tasks"), *ZERO_SHOT]
    named = options.task or ("corpus",)
    return list(dict.fromkeys(task for given in named for task in (everything if given == "corpus" else [given])))


def column_flags(options: Compare) -> dict[str, Any]:
    """The flags that describe tasks without a declaration."""
    names = [field.name for field in fields(TaskFlags) if field.name != "corpus_examples"]
    return {name: getattr(options, name) for name in names}


def labelled_tasks(options: Compare, corpus: Corpus | None, problems: list[str]) -> list[LabelledTask]:
    """The labelled tasks, with those made from the corpus; problems are appended to `problems`."""
    tasks = []
    for given in named_tasks(options):
        if given in ZERO_SHOT:
            continue
        flags = {} if is_declared(given) else column_flags(options)
        if is_from_corpus(given):
            flags = {"corpus_examples": options.corpus_examples}
        try:
            task = load_labelled(given, options.data, flags, options.corpus)
            if corpus is not None and not task.is_made:
                _check_unknown(task, corpus)
            tasks.append(task)
        except TooLittleTextError as error:
            _leave_out(given, options, error, problems)
        except InputError as error:
            problems += [problem for problem in error.problems if problem not in problems]
    of_file = [task.name for task in tasks if task.data == (options.data,) and not task.is_made]
    if len(of_file) > 1:
        names = ", ".join(of_file)
        problems.append(f"--data {options.data} is a single file, for {names}: give a folder with one folder for each")
    return tasks


def _check_unknown(task: LabelledTask, corpus: Corpus) -> None:
    """InputError if too many tokens of a task are unknown to the tokenizer of the corpus; warn of many."""
    sample = task.sample
    share = unknown_share(corpus, [*sample.texts, *(sample.pairs or []), *(sample.targets or [])])
    tokens = "the tokens of its training texts are unknown to the corpus's tokenizer"
    remedy = "prepare the text with --tokenizer bpe, or choose another task"
    limit_unknown(share, f"task {task.name!r}", tokens, "and look alike to all models", remedy)


def damaged_sentences(options: Compare, corpus: Corpus | None, problems: list[str]) -> list[DamagedSentences]:
    """The pairs of damaged sentences, if they are named; problems are appended to `problems`."""
    if DAMAGED not in named_tasks(options) or corpus is None:
        return []
    pairs = DamagedSentences(corpus=options.corpus, fingerprint=corpus.fingerprint)
    try:
        pairs.read()
    except TooLittleTextError as error:
        _leave_out(DAMAGED, options, error, problems)
        return []
    return [pairs]


def has_neighbours(options: Compare, corpus: Corpus | None, problems: list[str]) -> bool:
    """Whether to score the retrieval of neighbouring sentences; problems are appended to `problems`."""
    if RETRIEVAL not in named_tasks(options) or corpus is None:
        return False
    try:
        neighbour_queries(options.corpus, FEWEST_QUERIES)
    except TooLittleTextError as error:
        _leave_out(RETRIEVAL, options, error, problems)
        return False
    return True


def _leave_out(name: str, options: Compare, error: TooLittleTextError, problems: list[str]) -> None:
    """Say that a task cannot be made; it is a problem if the task was named."""
    if name in options.task:
        problems += error.problems
    else:
        say(f"left out: {error}")


def pair_files(flag: str, paths: Sequence[Path], read: Callable[[Path], object], problems: list[str]) -> list[PairFile]:
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
