"""Texts whose labels are to be predicted: the rows of one file, all of them and in its order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nlp_ssl.console import say
from nlp_ssl.corpus.table import DataTable, read_table
from nlp_ssl.errors import InputError
from nlp_ssl.tasks.declaration import Task
from nlp_ssl.tasks.splits import CheckedTable, LabelledExamples, shortened


def read_file(file: Path) -> DataTable:
    """The table in a file. InputError if it cannot be read, or one of its rows cannot."""
    if not file.is_file():
        raise InputError(f"--data {file}: {'a folder; name a file' if file.is_dir() else 'no such file'}")
    table = read_table(file)
    if table.problems:
        raise shortened(table.problems)
    return table


def unlabelled(
    table: DataTable, kind: str, columns: Sequence[Sequence[str]], header: Sequence[str] = ()
) -> tuple[DataTable, LabelledExamples]:
    """The texts of a table without labels, an example for each row; empty texts are kept and counted.

    `columns` has the names that the column of the text may have, and for pairs those of the second text. A table
    without these columns and with as many as `header` has no header line: its first row is an example, too. Returns
    the table with its rows as they are then, and the examples. InputError with all problems.
    """
    names = tuple(tuple(each) for each in columns)
    task = Task(name="", kind=kind, columns=names, label=(), metrics=(), header=tuple(header))
    check = CheckedTable(task, "test", table)
    problems = [f"{table.where}: {check.lack}"] if check.lack else check.problems
    if not problems:
        examples = check.examples(())
        problems = check.problems
    if problems:
        raise shortened(problems)
    empty = sum(not all(texts) for texts in zip(examples.texts, examples.pairs or examples.texts, strict=True))
    if empty:
        say(f"{table.where}: {empty:,} of {len(examples):,} texts are empty")
    return check.table, examples
