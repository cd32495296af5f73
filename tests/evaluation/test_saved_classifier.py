"""What a saved classifier says of itself."""

import json
from pathlib import Path

import numpy as np
import pytest
from transformers import BertConfig

from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.saved_classifier import SavedClassifier, kind_of
from nlp_ssl.models.folder import model_folder
from nlp_ssl.tasks.splits import LabelledExamples
from tests.evaluation.classifiers import save_untrained
from tests.evaluation.networks import LABELS, THREE, Run, model_of


@pytest.mark.parametrize(
    ("head", "fields", "expected"),
    [
        ("BertForTokenClassification", {"num_labels": 3}, "token_classification"),
        ("BertForSequenceClassification", {"num_labels": 3}, "classification"),
        ("BertForSequenceClassification", {"num_labels": 1}, "regression"),
        ("BertForSequenceClassification", {"num_labels": 2, "problem_type": "regression"}, "regression"),
        ("BertForSequenceClassification", {"problem_type": "multi_label_classification"}, "multilabel"),
    ],
)
def test_the_kind_of_task_of_another_programs_classifier(head: str, fields: dict, expected: str) -> None:
    assert kind_of(BertConfig(architectures=[head], **fields)) == expected


def test_outputs_are_those_of_the_network_that_was_saved(run: Run, tmp_path: Path) -> None:
    folder = save_untrained(run("mlm") / "model", tmp_path / "model", LABELS)
    network = SavedClassifier(folder, "fp32")
    assert network.kind.labels == ("bad", "good")
    outputs = network.outputs(THREE, "here")
    tokens = [[2, 6, 7, 8, 37, 3], [2, 9, 3], [2, 10, 11, 3]]
    expected = [model_of(run, "mlm")(input_ids=_row(ids)).logits[0].tolist() for ids in tokens]
    np.testing.assert_allclose(outputs, expected, atol=1e-5)
    assert network.outputs(LabelledExamples(["w1 " * 99], None, None), "here").shape == (1, 2)


def _row(ids: list[int]):
    import torch

    return torch.tensor([ids])


def test_what_it_has_learned_is_checked(run: Run, tmp_path: Path) -> None:
    folder = save_untrained(run("mlm") / "model", tmp_path / "model", LABELS)
    task = json.loads((folder / "task.json").read_text())
    (folder / "task.json").write_text(json.dumps(task | {"columns": [["body"]]}))
    with pytest.raises(InputError, match=r"task\.json is damaged or changed"):
        model_folder(folder)
    (folder / "checksums.json").unlink()
    with pytest.raises(InputError, match=r"task\.json is damaged or was edited: run finetune again"):
        SavedClassifier(folder, "fp32")
