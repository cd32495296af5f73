import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForMaskedLM, AutoTokenizer

from nlp_ssl.cli import main
from nlp_ssl.evaluation.likelihood import LanguageModel


def export(folder, program, out) -> int:
    return main(["export", str(folder), "--for", program, "--out", str(out)])


@pytest.mark.parametrize(
    ("kind", "program", "auto", "backend"),
    [
        ("mlm", "babylm", AutoModelForMaskedLM, "mlm"),
        ("hybrid", "babylm", AutoModelForMaskedLM, "mntp"),
        ("clm", "babylm", AutoModelForCausalLM, "causal"),
        ("clm", "harness", AutoModelForCausalLM, None),
        ("hybrid", "harness", AutoModelForCausalLM, None),
    ],
)
def test_the_language_model_is_the_run_s(run, tmp_path, capsys, kind, program, auto, backend) -> None:
    assert export(run(kind), program, tmp_path / "out") == 0
    assert backend is None or f"with the backend '{backend}'" in capsys.readouterr().err
    source = run(kind) / "model" / ("decoder" if (kind, program) == ("hybrid", "harness") else "")
    ids = torch.tensor([[2, 7, 8, 9]])
    with torch.no_grad():
        one, other = (auto.from_pretrained(place)(ids).logits for place in (source, tmp_path / "out"))
    torch.testing.assert_close(one, other, atol=0, rtol=0)
    assert (tmp_path / "out" / "README.md").is_file()


def test_a_tokenizer_without_a_start_gets_cls(run, tmp_path) -> None:
    model = AutoModelForCausalLM.from_pretrained(run("clm") / "model")
    tokenizer = AutoTokenizer.from_pretrained(run("clm") / "model")
    tokenizer.bos_token = tokenizer.eos_token = None
    model.save_pretrained(tmp_path / "model")
    tokenizer.save_pretrained(tmp_path / "model")
    assert export(tmp_path / "model", "harness", tmp_path / "out") == 0
    written = AutoTokenizer.from_pretrained(tmp_path / "out")
    assert (written.bos_token, written.eos_token) == ("[CLS]", "[SEP]")


def test_models_that_the_program_cannot_score_are_refused(run, tmp_path, capsys) -> None:
    for kind, program, why in (
        ("mlm", "harness", "lm-evaluation-harness scores decoders only; use minimal-pairs, or --for babylm"),
        ("backward clm", "harness", "it predicts text backward, which other programs cannot; use minimal-pairs"),
        ("bart", "babylm", "cannot score sentences with the encoder-decoder 'bart'"),
        ("sop", "babylm", "the model has no language modelling head"),
    ):
        assert export(run(kind), program, tmp_path / "out") == 2
        assert why in capsys.readouterr().err
    assert not [*tmp_path.iterdir()]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["clm", "modernbert-decoder"])
def test_the_harness_finds_the_likelihoods_of_minimal_pairs(run, tmp_path, kind) -> None:
    pytest.importorskip("lm_eval")
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    texts = ["w1 w2 w3 fine", "w4 dull", "w5 w6 w7"]
    assert export(run(kind), "harness", tmp_path / "out") == 0
    harness = HFLM(pretrained=str(tmp_path / "out"), device="cpu", dtype="float32")
    found = harness.loglikelihood([Instance("loglikelihood", {}, ("", text), i) for i, text in enumerate(texts)])
    model = LanguageModel(run(kind) / "model", "fp32")
    ours = model.score(model.read(texts), "causal", False, lambda _: None)
    np.testing.assert_allclose([score for score, _ in found], ours, atol=1e-4)
