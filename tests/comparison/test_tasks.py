from pathlib import Path

import pytest

from nlp_ssl.comparison.tasks import SAMPLE, load_labelled, load_pair_file
from nlp_ssl.errors import InputError
from tests.comparison.plans import labelled_task

FLAGS = {"text_column": "text", "label_column": "label"}


def test_a_labelled_task_has_its_counts_labels_and_a_sample(tmp_path: Path) -> None:
    task = labelled_task(tmp_path)
    assert (task.name, task.given, task.labels) == ("mine", "mine", ("0", "1"))
    assert task.counts == {"train": 40, "dev": 24}
    assert task.data == (tmp_path / "mine",)
    assert len(task.sample.texts) == SAMPLE == 300  # a smaller train set repeats its examples
    assert (task.sample.texts[0], task.sample.texts[-1]) == ("w5 w6 w7 w8", "w5 w6 w7 w47")


def test_the_key_of_a_task_changes_with_its_declaration_and_its_data(tmp_path: Path) -> None:
    task = labelled_task(tmp_path)
    assert labelled_task(tmp_path).key == task.key
    assert load_labelled("mine", tmp_path, {**FLAGS, "metric": ("f1",)}).key != task.key
    (tmp_path / "mine" / "dev.tsv").write_text("text\tlabel\nx\t0\ny\t1\n")
    assert load_labelled("mine", tmp_path, FLAGS).key != task.key


def test_task_data_that_were_replaced_have_changed(tmp_path: Path) -> None:
    task = labelled_task(tmp_path)
    assert not task.changed()
    file = tmp_path / "mine" / "dev.tsv"
    file.write_text(file.read_text().replace("w9\t1", "w9\t0"))
    assert task.changed()


def test_a_task_without_its_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        load_labelled("mine", tmp_path, FLAGS)
    folder = tmp_path / "mine"
    assert str(error.value) == f"task 'mine': no folder {folder}: --data needs one folder for each task, of its name"


def test_a_single_file_is_divided_into_train_and_dev(tmp_path: Path) -> None:
    labelled_task(tmp_path)
    file = tmp_path / "mine" / "train.tsv"
    task = load_labelled("mine", file, FLAGS)
    assert (task.data, task.source) == ((file,), {"data": (file,)})
    assert task.counts == {"train": 30, "dev": 10}


def test_pairs_are_named_by_their_file_without_suffixes(tmp_path: Path) -> None:
    for name in ("blimp.jsonl.gz", "pairs"):
        (tmp_path / name).write_text("{}")
    assert load_pair_file(tmp_path / "blimp.jsonl.gz").name == "blimp"
    assert load_pair_file(tmp_path / "pairs").name == "pairs"


def test_pairs_that_were_replaced_have_changed(tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text("{}")
    pairs, folder = load_pair_file(file), load_pair_file(tmp_path)
    assert not pairs.changed() and not folder.changed()
    file.write_text("{} ")
    assert pairs.changed() and folder.changed()


def test_a_renamed_file_in_a_folder_of_pairs_is_a_change(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{}")
    pairs = load_pair_file(tmp_path)
    (tmp_path / "a.jsonl").rename(tmp_path / "b.jsonl")
    assert pairs.changed()


def test_tasks_of_one_data_set_share_a_declared_folder(tmp_path: Path) -> None:
    labelled_task(tmp_path)
    (tmp_path / "mine").rename(tmp_path / "shared")
    declared = tmp_path / "one.toml"
    declared.write_text('[task]\nfolder = "shared"\ncolumns = ["text"]\nlabel = "label"\nmetrics = ["accuracy"]\n')
    assert load_labelled(str(declared), tmp_path, {}).data == (tmp_path / "shared",)
