"""Vectors for the texts of a file."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from nlp_ssl.cli import main
from nlp_ssl.corpus.table import DataTable, read_table
from nlp_ssl.evaluation.embed import write_vectors
from nlp_ssl.evaluation.probe import Probe, _Probing
from nlp_ssl.evaluation.score_task import score_task
from tests.evaluation.classifiers import save_by_hand
from tests.evaluation.conftest import tokenizer
from tests.evaluation.networks import Run


def embed(model: Path, data: Path, out: Path, *more: str) -> int:
    return main(["embed", str(model), "--data", str(data), "--out", str(out), "--precision", "fp32", *more])


@pytest.mark.parametrize("kind", ["clm", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("mlm", "t5"))])
def test_vectors_are_those_of_probe(run: Run, cues: Path, kind: str, tmp_path: Path, monkeypatch) -> None:
    seen = {}

    def keep(self: _Probing) -> dict:
        seen.update(self._encoded(self.model, None))
        return {}

    monkeypatch.setattr(_Probing, "result", keep)
    columns = {"text_column": "text", "label_column": "label", "precision": "fp32"}
    score_task(_Probing, Probe(run=run(kind), task="cues", data=(cues,), out=tmp_path / "probed", **columns))
    assert embed(run(kind), cues / "dev.tsv", tmp_path / "dev.npy") == 0
    vectors = np.load(tmp_path / "dev.npy")
    assert vectors.dtype == np.float32 and vectors.shape == (200, 32)
    np.testing.assert_array_equal(vectors, seen["dev"])


def test_the_columns_of_the_file_and_a_vector(tmp_path: Path, capsys) -> None:
    model = save_by_hand(tmp_path / "model", tokenizer(), ["bad", "good"], None)
    with (model / "config.json").open() as config:
        assert json.load(config)["model_type"] == "static_vectors"
    rows = [{"id": 1, "text": "fine"}, {"id": 2, "text": "fine awful w1 w2 w3 w4 w5 w6"}, {"id": 3, "text": ""}]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert embed(model, tmp_path / "in.jsonl", tmp_path / "out.parquet", "--max-length", "8") == 0
    table = read_table(tmp_path / "out.parquet").columns
    assert table["id"] == [1, 2, 3] and table["text"] == [row["text"] for row in rows]
    one, sixth = np.log(3), np.log(3) / 6  # special tokens do not count; two words are cut
    np.testing.assert_allclose(np.array(table["vector"]), [[0, one], [sixth, sixth], [0, 0]], atol=1e-7)
    said = capsys.readouterr().err
    assert "in.jsonl: truncated 1 of 3 inputs to 8 tokens" in said and "in.jsonl: 1 of 3 texts are empty" in said
    assert f"3 vectors of 2 dimensions: {tmp_path / 'out.parquet'}" in said


def test_the_vector_of_a_pair_is_that_of_both_texts_read_together(run: Run, tmp_path: Path) -> None:
    rows = [{"text": "w1 w2", "other": "w3"}, {"text": "w4", "other": "w5 w6"}]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert embed(run("mlm"), tmp_path / "in.jsonl", tmp_path / "out.npy", "--pair-column", "other") == 0
    folder = run("mlm") / "model"
    model, tokenizer = AutoModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    for row, vector in zip(rows, np.load(tmp_path / "out.npy"), strict=True):
        with torch.no_grad():
            read = tokenizer(row["text"], row["other"], return_token_type_ids=True, return_tensors="pt")
            states = model(**read).last_hidden_state
        np.testing.assert_allclose(vector, states[0].mean(0).numpy(), atol=1e-5)


def test_json_lines_have_all_digits(tmp_path: Path) -> None:
    vectors = np.array([[0.1, 1 / 3], [1e-20, -7]], np.float32)
    write_vectors(tmp_path / "out.jsonl", DataTable("in", {"id": ["a", "b"]}, None, []), vectors)
    table = read_table(tmp_path / "out.jsonl").columns
    assert table["id"] == ["a", "b"] and np.array_equal(np.array(table["vector"], np.float32), vectors)


@pytest.mark.parametrize(
    ("out", "more", "problem"),
    [
        ("out.csv", [], "--out out.csv: the suffix must be one of .npy, .parquet, .jsonl"),
        ("none/out.npy", [], "--out none/out.npy: no such folder: none"),
        ("out.npy", ["--text-column", "body"], "in.jsonl: no column 'body'; found text, vector; set --text-column"),
        ("out.npy", ["--text-column", "vector"], "in.jsonl:1: the text is a list; it must be a string\n"),
        ("out.jsonl", [], "in.jsonl: there is a column 'vector' already; rename it"),
        ("out.npy", ["--max-length", "7"], "--max-length is 7: it must be at least 8"),
    ],
)
def test_unusable_files_and_options(run: Run, out: str, more, problem, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in.jsonl").write_text('{"text": "w1", "vector": [1.0]}\n')
    assert embed(run("mlm"), Path("in.jsonl"), Path(out), *more) == 2
    assert problem in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["in.jsonl"]
