"""Files of a task: one for each split, found by name or given in order."""

from pathlib import Path

import pytest

from nlp_ssl.errors import InputError
from nlp_ssl.tasks.declaration import load_task, own_task, with_flags
from nlp_ssl.tasks.sources import files, tables

TASK = with_flags(own_task("mine"), "text", None, "label", ())


def test_files_have_the_name_of_the_split_or_that_of_the_hub(tmp_path: Path) -> None:
    for name in ("train.tsv", "validation.csv.gz", "other.tsv"):
        (tmp_path / name).write_text("")
    assert files(TASK, [tmp_path]) == {"train": tmp_path / "train.tsv", "dev": tmp_path / "validation.csv.gz"}
    given = [tmp_path / "other.tsv", tmp_path / "train.tsv"]
    assert files(TASK, given) == {"train": given[0], "dev": given[1]}


def test_the_error_for_missing_data_names_the_flag() -> None:
    with pytest.raises(InputError, match=r"^task 'bbc' is not on the hub; give its files with --data FOLDER-OR-FILES$"):
        tables(load_task("bbc"), [])
