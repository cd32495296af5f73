"""The file's outputs are PyTorch's."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoModelForCausalLM, AutoModelForMaskedLM, AutoModelForSequenceClassification

from nlp_ssl.cli import main
from nlp_ssl.export import onnx_file

HEADS = {"mlm": AutoModelForMaskedLM, "clm": AutoModelForCausalLM, "sop": AutoModelForSequenceClassification}
HEADS |= {"modernbert": AutoModelForMaskedLM, "modernbert-decoder": AutoModelForCausalLM}


def export(folder, out) -> int:
    return main(["export", str(folder), "--for", "onnx", "--out", str(out)])


@pytest.fixture
def session(tmp_path):
    """Runs a model's file on ids and mask: the outputs by name."""
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")

    def start(folder):
        assert export(folder, tmp_path / "model.onnx") == 0
        assert [*tmp_path.iterdir()] == [tmp_path / "model.onnx"]
        opened = runtime.InferenceSession(str(tmp_path / "model.onnx"))
        names = [output.name for output in opened.get_outputs()]

        def outputs(ids, mask):
            found = opened.run(None, {"input_ids": ids.numpy(), "attention_mask": mask.numpy()})
            return dict(zip(names, found, strict=True))

        return outputs

    return start


@pytest.mark.slow
@pytest.mark.parametrize("kind", HEADS)
def test_outputs_of_any_batch_and_length(run, session, tmp_path, kind) -> None:
    folder = run(kind) / "model"
    outputs = session(folder)
    body, model = AutoModel.from_pretrained(folder).eval(), HEADS[kind].from_pretrained(folder).eval()
    for rows, length in ((1, 3), (4, 31), (2, 64)):
        ids = torch.randint(5, 30, (rows, length), generator=torch.Generator().manual_seed(length))
        mask = torch.ones_like(ids)
        mask[-1, length - 2 :] = 0
        found, real = outputs(ids, mask), mask.numpy() == 1
        with torch.no_grad():
            states = body(input_ids=ids, attention_mask=mask).last_hidden_state.numpy()
            logits = model(input_ids=ids, attention_mask=mask).logits.numpy()
        np.testing.assert_allclose(found["last_hidden_state"][real], states[real], atol=1e-4)
        if logits.ndim == 3:
            np.testing.assert_allclose(found["logits"][real], logits[real], atol=1e-4)
        else:
            np.testing.assert_allclose(found["logits"], logits, atol=1e-4)
    content = (tmp_path / "model.onnx").read_bytes()
    assert str(Path(torch.__file__).parent).encode() not in content and str(folder).encode() not in content


@pytest.mark.slow
def test_a_body_has_hidden_states_only(run, session, tmp_path) -> None:
    assert main(["export", str(run("mlm")), "--for", "mteb", "--out", str(tmp_path.parent / "body")]) == 0
    outputs = session(tmp_path.parent / "body")
    ids = torch.tensor([[2, 7, 3]])
    assert {name: output.shape for name, output in outputs(ids, torch.ones_like(ids)).items()} == {
        "last_hidden_state": (1, 3, 32)
    }


def test_models_that_are_not_exported_are_refused(run, tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(onnx_file, "find_spec", lambda name: name)
    for kind in ("bart", "static"):
        assert export(run(kind), tmp_path / "m.onnx") == 2
        assert "only encoders and decoders are exported for onnx" in capsys.readouterr().err
    monkeypatch.setattr(onnx_file, "LARGEST", 1000)
    assert export(run("mlm"), tmp_path / "m.onnx") == 2
    assert "GiB of weights; one .onnx file holds 2 GiB" in capsys.readouterr().err
    monkeypatch.setattr(onnx_file, "LARGEST", 2**31)
    monkeypatch.setattr(onnx_file, "_export", lambda outputs, file: ["logits"])
    monkeypatch.setattr(onnx_file, "_difference", lambda outputs, file: float("nan"))
    assert export(run("mlm"), tmp_path / "m.onnx") == 2
    assert "torch.onnx exports 'bert' with outputs that differ by nan" in capsys.readouterr().err

    def fail(*_: object) -> None:
        raise RuntimeError("no such operator\nand more")

    monkeypatch.setattr(onnx_file, "_export", fail)
    assert export(run("mlm"), tmp_path / "m.onnx") == 2
    assert "torch.onnx cannot export 'bert' (no such operator and more)" in capsys.readouterr().err
    assert not [*tmp_path.iterdir()]


def test_missing_packages_are_named(run, tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(onnx_file, "find_spec", lambda name: None if "script" in name else sys)
    assert export(run("mlm"), tmp_path / "m.onnx") == 2
    assert '--for onnx: onnxscript not installed; pip install "nlp_ssl[export]"' in capsys.readouterr().err
