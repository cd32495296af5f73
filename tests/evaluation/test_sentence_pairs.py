from pathlib import Path
from types import SimpleNamespace

import pytest

from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.sentence_pairs import SentencePairs, read_sentence_pairs


def refusals(*data: Path) -> list[str]:
    with pytest.raises(InputError) as error:
        read_sentence_pairs(data)
    return list(error.value.problems)


def test_pairs_are_read_from_all_files_of_a_folder_by_name(tmp_path: Path) -> None:
    (tmp_path / "b.tsv").write_text("sentence_bad\tsentence_good\nbad two\t good two \n")
    (tmp_path / "a.jsonl").write_text('{"sentence_good": "good one", "sentence_bad": "bad one", "UID": 7}\n')
    (tmp_path / "README.md").write_text("no pairs")
    pairs = read_sentence_pairs([tmp_path])
    assert (pairs.good, pairs.bad) == (["good one", "good two"], ["bad one", "bad two"])
    assert pairs.paradigms == ["7", "b"]  # the column UID, or else the file's name
    assert pairs.where == [f"{tmp_path / 'a.jsonl'}:1", f"{tmp_path / 'b.tsv'}:2"]


def test_files_that_hold_no_pairs_are_refused(tmp_path: Path) -> None:
    assert refusals() == ["--data: no file given"]
    assert refusals(tmp_path / "none") == [f"--data {tmp_path / 'none'}: no such file or folder"]
    assert refusals(tmp_path) == [f"--data {tmp_path}: no .tsv, .csv, .jsonl, .parquet files in the folder"]
    (tmp_path / "pairs.doc").write_text("x")
    (problem,) = refusals(tmp_path / "pairs.doc")
    assert problem.startswith(f"{tmp_path / 'pairs.doc'}: not a .tsv, .csv, .jsonl, .parquet file")


def test_problems_of_all_files_are_reported_together(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("sentence_good,sentence_bad\nx,\n,y\n")
    (tmp_path / "b.csv").write_text("sentence_good,bad\nx,y\n")
    assert refusals(tmp_path) == [
        f"{tmp_path / 'a.csv'}:3: sentence_good is empty; remove the pair",
        f"{tmp_path / 'a.csv'}:2: sentence_bad is empty; remove the pair",
        f"{tmp_path / 'b.csv'}: no column 'sentence_bad'; found sentence_good, bad",
    ]


def test_a_sentence_is_a_string(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"sentence_good": ["a", "b"], "sentence_bad": {"a": 1}}\n')
    assert refusals(tmp_path) == [
        f"{tmp_path / 'a.jsonl'}:1: sentence_good is a list; it must be a string",
        f"{tmp_path / 'a.jsonl'}:1: sentence_bad is an object; it must be a string",
    ]


def test_sentences_must_fit_the_model() -> None:
    pairs = SentencePairs(["a", "b"], ["c", "d"], ["p", "p"], ["f:1", "f:2"])
    read = SimpleNamespace(tokens=SimpleNamespace(lengths=[3, 64, 2, 65]))  # good, then bad ones
    with pytest.raises(InputError) as error:
        pairs.check(read, 64)
    assert list(error.value.problems) == [
        "f:1, sentence_bad: the tokenizer finds no tokens in the sentence",
        "f:2, sentence_bad: 65 tokens with start and end, more than the model's 64 positions",
    ]
    pairs.check(SimpleNamespace(tokens=SimpleNamespace(lengths=[3, 64, 3, 64])), 64)
