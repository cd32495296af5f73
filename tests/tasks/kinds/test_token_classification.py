"""A label for each word."""

from pathlib import Path

import numpy as np
import pytest

from nlp_ssl.errors import InputError
from nlp_ssl.tasks.declaration import load_task, own_task, with_flags
from nlp_ssl.tasks.kinds.token_classification import TokenClassification
from nlp_ssl.tasks.splits import load_splits

CONLL = "The DT B-NP\ndog NN I-NP\n\nIt PRP B-NP\nruns VBZ B-VP\n. . O\n"
WORDS = [["The", "dog"], ["It", "runs", "."]]


@pytest.fixture
def conll(tmp_path: Path) -> Path:
    for split in ("train", "dev"):
        (tmp_path / f"{split}.conll").write_text(CONLL)
    return tmp_path


def test_conll_columns(conll: Path) -> None:
    labels, splits = load_splits(load_task("conll2000_chunks"), [conll])
    assert labels == ("B-NP", "B-VP", "I-NP", "O")
    assert splits["train"].words == WORDS and splits["train"].texts == ["The dog", "It runs ."]
    assert splits["train"].labels.tolist() == [[0, 2, -1], [0, 1, 3]]
    assert splits["train"].take(np.array([1])).words == WORDS[1:]


def test_jsonl_and_conllu(tmp_path: Path) -> None:
    for split in ("train", "dev"):
        (tmp_path / f"{split}.jsonl").write_text('{"w": ["a", "b"], "t": ["X", "Y"]}\n{"w": ["c"], "t": ["X"]}\n')
        rows = ["# text = ab c", "1-2\tab" + "\t_" * 8, "1\ta\t_\tDET" + "\t_" * 6, "2\tb\t_\tNOUN" + "\t_" * 6]
        (tmp_path / f"{split}.conllu").write_text("\n".join([*rows, "", *rows, "", ""]))
    task = with_flags(own_task("mine"), "w", None, "t", (), "token_classification")
    labels, splits = load_splits(task, [tmp_path / "train.jsonl", tmp_path / "dev.jsonl"])
    assert labels == ("X", "Y") and splits["dev"].labels.tolist() == [[0, 1], [0, -1]]
    labels, splits = load_splits(load_task("ud_korean_gsd"), [tmp_path / "train.conllu", tmp_path / "dev.conllu"])
    assert labels == ("DET", "NOUN") and splits["dev"].words == [["a", "b"], ["a", "b"]]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ('{"w": ["a", "b"], "t": ["X"]}', "train.jsonl:2: 2 words but 1 tags"),
        ('{"w": [], "t": []}', "train.jsonl:2: the text has no words"),
        ('{"w": "a b", "t": ["X"]}', "train.jsonl:2: the text is not a list of words"),
        ('{"w": ["a", " "], "t": ["X", "X"]}', "train.jsonl:2: the text has an empty word"),
        ('{"w": ["a"], "t": "X"}', "train.jsonl:2: 'X' is not a list of tags"),
    ],
)
def test_bad_rows_are_reported(tmp_path: Path, row: str, problem: str) -> None:
    good = '{"w": ["a", "b"], "t": ["X", "Y"]}\n'
    (tmp_path / "train.jsonl").write_text(good + row + "\n")
    (tmp_path / "dev.jsonl").write_text(good)
    task = with_flags(own_task("mine"), "w", None, "t", (), "token_classification")
    with pytest.raises(InputError) as error:
        load_splits(task, [tmp_path])
    assert any(said.endswith(problem) for said in error.value.problems), error.value.problems


def test_spans_need_span_tags() -> None:
    with pytest.raises(InputError, match="mine has the tag 'NN', but span_f1 requires"):
        TokenClassification(["NN", "O"]).check_metrics("mine", ["span_f1"])
    TokenClassification(["B-NP", "O"]).check_metrics("mine", ["span_f1"])


def test_outputs_of_words_become_sentences(conll: Path) -> None:
    labels, splits = load_splits(load_task("conll2000_pos"), [conll])
    kind, dev = TokenClassification(labels), splits["dev"]
    assert labels == (".", "DT", "NN", "PRP", "VBZ") and kind.units(dev) == 5
    outputs = np.eye(5)[[1, 2, 3, 4, 4]]
    assert kind.predictions(outputs, dev).tolist() == [[1, 2, -1], [3, 4, 4]]
    assert kind.score("accuracy", outputs, dev) == 4 / 5
    _, rows = kind.prediction_table(outputs, dev)
    assert rows[0] == ["1", "DT", "DT", "The"] and rows[4] == ["2", ".", "VBZ", "."]
    assert kind.submission(outputs, dev, names=True) == ["DT NN", "PRP VBZ VBZ"]
    np.testing.assert_allclose(kind.prior(dev.labels), [0.2] * 5)


def test_a_word_votes_for_its_tag() -> None:
    assert TokenClassification("AB").votes(np.array([1, 0])).tolist() == [[0, 1], [1, 0]]
