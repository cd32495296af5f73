"""Texts whose labels are to be predicted: the rows of one file, all of them and in its order."""

from __future__ import annotations

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


def unlabelled(table: DataTable, task: Task) -> tuple[DataTable, LabelledExamples]:
    """The texts of a table, an example for each row; empty texts are kept and counted.

    Labels are not needed; declared ones show whether a file has the columns of text and label swapped. Returns the
    table, to which the first row belongs if its file has no header line, and the examples. InputError for wrong rows.
    """
    check = CheckedTable(task, "test", table, labelled=False)
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
