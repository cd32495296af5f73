"""The library's vectors are ours."""

import json

import numpy as np
import pytest
import torch

from nlp_ssl.cli import main
from nlp_ssl.evaluation.checkpoints import load_checkpoint
from nlp_ssl.evaluation.encoder import Encoder
from nlp_ssl.evaluation.inputs import encode
from nlp_ssl.models.static import StaticVectorsForSequenceClassification
from nlp_ssl.tasks.splits import LabelledExamples

TEXTS = ["w1 w2 w3 fine", "w4", "w5 [MASK] w6 w7 unknown", " ".join(["w8 w9 dull"] * 40)]  # the last one is cut


def export(folder, out, program="sentence-transformers") -> int:
    return main(["export", str(folder), "--for", program, "--out", str(out)])


def our_vectors(folder, longest: int = 64):
    checkpoint = load_checkpoint(folder)
    tokens = encode(checkpoint, LabelledExamples(TEXTS, None, None), longest)
    return Encoder(checkpoint, True, 0, "fp32").vectors(tokens, lambda _: None)


SLOW = ("mlm", "clm", "t5", "modernbert")


@pytest.mark.parametrize("kind", ["modernbert-decoder", *(pytest.param(kind, marks=pytest.mark.slow) for kind in SLOW)])
def test_vectors_are_those_of_the_probe(run, tmp_path, kind) -> None:
    library = pytest.importorskip("sentence_transformers")
    assert export(run(kind), tmp_path / "out") == 0
    model = library.SentenceTransformer(str(tmp_path / "out"), device="cpu")
    found = model.encode(TEXTS)
    assert model.max_seq_length == 64 and found.shape == (4, 32)
    np.testing.assert_allclose(found, our_vectors(run(kind) / "model"), atol=1e-5)


def test_static_vectors_are_the_mean_of_the_words(run, tmp_path) -> None:
    library = pytest.importorskip("sentence_transformers")
    assert export(run("static"), tmp_path / "out") == 0
    found = library.SentenceTransformer(str(tmp_path / "out"), device="cpu").encode(TEXTS)
    checkpoint = load_checkpoint(run("static") / "model")
    table = checkpoint.body["vectors.weight"]
    network = StaticVectorsForSequenceClassification.from_pretrained(run("static") / "model")
    network.classifier = torch.nn.Identity()
    for text, vector in zip(TEXTS, found, strict=True):
        ids = checkpoint.tokenizer(text, split_special_tokens=True, return_tensors="pt")["input_ids"]
        torch.testing.assert_close(network(ids).logits[0].detach(), torch.from_numpy(vector), atol=1e-6, rtol=0)
    torch.testing.assert_close(torch.from_numpy(found[1]), table[9], atol=0, rtol=0)  # "w4"


def test_the_folder_by_hand(run, tmp_path) -> None:
    assert export(run("mlm"), tmp_path / "out", "mteb") == 0
    modules = json.loads((tmp_path / "out" / "modules.json").read_text())
    assert [(module["path"], module["type"].rpartition(".")[2]) for module in modules] == [
        ("", "Transformer"),
        ("1_Pooling", "Pooling"),
    ]
    assert json.loads((tmp_path / "out" / "sentence_bert_config.json").read_text()) == {"max_seq_length": 64}
    assert (tmp_path / "out" / "README.md").read_text().startswith("---\nlibrary_name: sentence-transformers\nlanguage")
    assert json.loads((tmp_path / "out" / "config.json").read_text())["architectures"] == ["BertModel"]


def test_models_that_the_library_cannot_run_are_refused(run, tmp_path, capsys) -> None:
    for kind, why in {
        "bart": "of the encoder-decoders, sentence-transformers runs only t5, this is 'bart'",
        "backward clm": "it reads text backward, which sentence-transformers cannot; use probe or retrieval",
    }.items():
        assert export(run(kind), tmp_path / "out") == 2
        assert why in capsys.readouterr().err
    assert not [*tmp_path.iterdir()]
