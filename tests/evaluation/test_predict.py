"""Labels for the texts of a file."""

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from transformers import pipeline

from nlp_ssl.cli import main
from nlp_ssl.corpus.table import read_table
from nlp_ssl.tasks.kinds.token_classification import TokenClassification
from tests.evaluation.classifiers import save_by_hand, save_untrained
from tests.evaluation.conftest import tokenizer
from tests.evaluation.networks import LABELS, Run

ROOT_3 = 0.633975  # sqrt(3) / (1 + sqrt(3)): "fine" and a word without a vector


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    return save_by_hand(folder / "classes", tokenizer(), ["bad", "good"], "single_label_classification")


def predict(model: Path, data: Path, *more: str) -> int:
    return main(["predict", str(model), "--data", str(data), "--precision", "fp32", *more])


def lines(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_every_row_is_labelled_in_its_order(model: Path, tmp_path: Path, capsys) -> None:
    texts = ["w1 fine", "", "fine", "awful fine", "fine " * 20, "w2 w3 w4 w5"]
    rows = [{"id": 9 - i, "text": text} for i, text in enumerate(texts)]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert predict(model, tmp_path / "in.jsonl") == 0
    printed = capsys.readouterr()
    found = lines(printed.out)
    assert [{name: row[name] for name in ("id", "text")} for row in found] == rows
    assert [row["prediction"] for row in found] == ["good", "bad", "good", "bad", "good", "bad"]
    assert [row["probability_good"] for row in found] == [ROOT_3, 0.5, 0.75, 0.5, 0.75, 0.5]
    assert [row["probability_bad"] for row in found] == pytest.approx([1 - ROOT_3, 0.5, 0.25, 0.5, 0.25, 0.5])
    assert list(found[0]) == ["id", "text", "prediction", "probability_bad", "probability_good"]
    assert f"{tmp_path / 'in.jsonl'}: 1 of 6 texts are empty" in printed.err


def test_the_output_has_the_format_of_its_suffix(model: Path, tmp_path: Path, capsys) -> None:
    with (tmp_path / "in.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("id", "text"), ("=1", "w1\nfine"), ("2", "fine w1"), ("3", "fine")])
    for suffix in (".csv", ".jsonl", ".parquet"):
        out = tmp_path / f"out{suffix}"
        assert predict(model, tmp_path / "in.csv", "--out", str(out)) == 0
        table = read_table(out).columns
        assert table["id"] == ["=1", "2", "3"] and table["text"] == ["w1\nfine", "fine w1", "fine"]
        assert table["prediction"] == ["good"] * 3
        assert [float(value) for value in table["probability_good"]] == [ROOT_3, ROOT_3, 0.75]
    assert pq.read_table(tmp_path / "out.parquet").schema.field("probability_good").type == "double"
    assert f"3 predictions: {tmp_path / 'out.csv'}" in capsys.readouterr().err
    assert predict(model, tmp_path / "in.csv", "--out", str(tmp_path / "out.tsv")) == 2
    assert f"{tmp_path / 'in.csv'}:2: a value has a tab or a line break; use .csv or .jsonl" in capsys.readouterr().err
    assert not (tmp_path / "out.tsv").exists()


def test_longer_texts_are_cut_to_the_maximum_length(model: Path, tmp_path: Path, capsys) -> None:
    (tmp_path / "in.jsonl").write_text(json.dumps({"text": "w1 " * 6 + "fine " * 20}) + "\n")
    assert predict(model, tmp_path / "in.jsonl") == predict(model, tmp_path / "in.jsonl", "--max-length", "8") == 0
    printed = capsys.readouterr()
    assert [row["probability_good"] > 0.5 for row in lines(printed.out)] == [True, False]
    assert "truncated 1 of 1 inputs to 8 tokens" in printed.err
    assert predict(model, tmp_path / "in.jsonl", "--max-length", "7") == 2
    assert "--max-length is 7: it must be at least 8" in capsys.readouterr().err


def test_several_labels_and_numbers(tmp_path: Path) -> None:
    (tmp_path / "in.tsv").write_text("review\nfine\nawful fine\nw1\n")
    several = save_by_hand(tmp_path / "several", tokenizer(), ["bad", "good"], "multi_label_classification")
    number = save_by_hand(tmp_path / "number", tokenizer(), ["score"], "regression")
    for name, model in (("several", several), ("number", number)):
        for suffix in (".jsonl", ".csv"):
            out = str(tmp_path / f"{name}{suffix}")
            assert predict(model, tmp_path / "in.tsv", "--text-column", "review", "--out", out) == 0
    found = lines((tmp_path / "several.jsonl").read_text())
    assert [row["prediction"] for row in found] == [["good"], ["bad", "good"], []]
    assert [row["probability_good"] for row in found] == [0.75, ROOT_3, 0.5]
    assert read_table(tmp_path / "several.csv").columns["prediction"] == ["good", "bad,good", ""]
    found = lines((tmp_path / "number.jsonl").read_text())
    assert [list(row) for row in found] == [["review", "prediction"]] * 3
    assert [row["prediction"] for row in found] == pytest.approx([1.0986123, 0.5493061, 0.0])


@pytest.mark.parametrize(
    ("kind", "pairs"),
    [
        ("mlm", True),
        ("clm", False),
        *(pytest.param(kind, pairs, marks=pytest.mark.slow) for kind in ("mbart", "t5") for pairs in (False, True)),
    ],
)
def test_pipelines_of_transformers_give_the_same(run: Run, kind: str, pairs: bool, tmp_path: Path, capsys) -> None:
    columns = (("one",), ("two",)) if pairs else (("one",),)
    folder = save_untrained(run(kind) / "model", tmp_path / "model", LABELS, 12, columns=columns)
    rows = [{"one": "w1 fine", "two": "w3"}, {"one": "w2 " * 30, "two": "awful w4"}, {"one": "w5", "two": "w6 w7"}]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert predict(folder, tmp_path / "in.jsonl") == 0
    captured = capsys.readouterr()
    assert "in.jsonl: truncated 1 of 3 inputs to 12 tokens" in captured.err
    classify = pipeline("text-classification", str(folder), device="cpu")
    texts = [{"text": row["one"], "text_pair": row["two"]} if pairs else row["one"] for row in rows]
    for row, expected in zip(lines(captured.out), classify(texts, truncation=True, top_k=None), strict=True):
        assert row["prediction"] == expected[0]["label"]
        for each in expected:
            assert row[f"probability_{each['label']}"] == pytest.approx(each["score"], abs=1e-5)


def test_a_tag_for_each_word(run: Run, tmp_path: Path, capsys) -> None:
    tags = TokenClassification(["X", "Y"])
    task = {"columns": (("1", "words"),), "usual_tag": "Y"}
    folder = save_untrained(run("mlm") / "model", tmp_path / "model", tags, 8, **task)
    sentences = [["w1", "fine"], [f"w{i}" for i in range(1, 10)], ["w3"]]
    conll = "".join("".join(f"{word} N\n" for word in words) + "\n" for words in sentences)
    (tmp_path / "in.conll").write_text(conll)
    assert predict(folder, tmp_path / "in.conll", "--out", str(tmp_path / "out.conll")) == 0
    assert "in.conll: 3 of 12 words are truncated and get the most frequent tag" in capsys.readouterr().err
    table = read_table(tmp_path / "out.conll").columns
    assert table["1"] == sentences and table["2"] == [["N"] * len(words) for words in sentences]
    assert [len(found) for found in table["3"]] == [2, 9, 1] and table["3"][1][6:] == ["Y"] * 3
    rows = [{"id": i, "words": words} for i, words in enumerate([*sentences, []])]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert predict(folder, tmp_path / "in.jsonl") == 0
    found = lines(capsys.readouterr().out)
    assert [row["prediction"] for row in found] == [*table["3"], []]
    assert predict(folder, tmp_path / "in.jsonl", "--out", str(tmp_path / "no.conll")) == 2
    assert ".conll needs a value for each word in every column; use .jsonl" in capsys.readouterr().err


def test_truncated_words_need_a_tag_that_the_model_names(tmp_path: Path, capsys) -> None:
    model = save_by_hand(tmp_path / "model", tokenizer(), ["X", "Y"], None, words=True)
    sentences = [["w1", "fine"], ["w2"] * 600]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps({"text": words}) + "\n" for words in sentences))
    assert predict(model, tmp_path / "in.jsonl") == 2
    assert "in.jsonl: 90 words lie beyond the 512 tokens that this model reads" in capsys.readouterr().err
    (tmp_path / "in.jsonl").write_text(json.dumps({"text": sentences[0]}))
    assert predict(model, tmp_path / "in.jsonl") == 0
    assert lines(capsys.readouterr().out) == [{"text": ["w1", "fine"], "prediction": ["X", "Y"]}]


def test_a_file_without_a_header_has_the_columns_of_the_task(run: Run, tmp_path: Path, capsys) -> None:
    task = {"columns": (("sentence",),), "header": ("id", "sentence")}
    folder = save_untrained(run("mlm") / "model", tmp_path / "model", LABELS, **task)
    (tmp_path / "in.tsv").write_text("a\tw1 fine\nb\tw2\n")
    assert predict(folder, tmp_path / "in.tsv") == 0
    assert [(row["id"], row["sentence"]) for row in lines(capsys.readouterr().out)] == [("a", "w1 fine"), ("b", "w2")]


@pytest.mark.parametrize(
    ("more", "content", "problem"),
    [
        (["--text-column", "body"], "text\nw1\n", "in.tsv: no column 'body'; found text; set --text-column or --pair-"),
        (["--out", "out.txt"], "text\nw1\n", "--out out.txt: the suffix must be one of .csv, .tsv, .jsonl, .parquet, "),
        (["--out", "none/out.csv"], "text\nw1\n", "--out none/out.csv: no such folder: none"),
        (["--out", "out.conll"], "text\nw1\n", "--out out.conll: .conll is for labels of words, and this model labels"),
        (["--out", "in.tsv"], "text\nw1\n", "--out in.tsv: this is the file of --data, which would be lost; choose"),
        (["--pair-column", "text"], "text\nw1\n", " was fine-tuned on single texts"),
        ([], "text\tprediction\nw1\tx\n", "in.tsv: there is a column 'prediction' already; rename it"),
        ([], "text\tid\nw1\n", "in.tsv:2: 1 columns, the header has 2; a value cannot contain a tab or a line break"),
        ([], "text\n", "in.tsv: no examples in it"),
        ([], "text\nunheard of\n", "in.tsv: 100.0 % of the tokens are unknown to the model's tokenizer"),
    ],
)
def test_unusable_files_and_options(model: Path, more, content, problem, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in.tsv").write_text(content)
    assert predict(model, Path("in.tsv"), *more) == 2
    assert problem in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["in.tsv"]


def test_a_model_without_a_classifier_and_a_file_that_is_none(run: Run, model: Path, tmp_path: Path, capsys) -> None:
    (tmp_path / "in.tsv").write_text("text\nw1\n")
    assert predict(run("mlm"), tmp_path / "in.tsv") == 2
    expected = f"{run('mlm') / 'model'}: this model has no classifier; train one with `nlp-ssl finetune`\n"
    assert capsys.readouterr().err == f"nlp-ssl: error: {expected}"
    assert predict(model, tmp_path) == predict(model, tmp_path / "none.tsv") == 2
    said = capsys.readouterr().err
    assert f"--data {tmp_path}: a folder; name a file" in said and "none.tsv: no such file" in said


def test_escape_sequences_reach_no_terminal(tmp_path: Path, capsys) -> None:
    model = save_by_hand(tmp_path / "model", tokenizer(), ["bad\x9b31m", "good"], None)
    (tmp_path / "in.tsv").write_text("text\nawful\n")
    assert predict(model, tmp_path / "in.tsv") == 0
    printed = capsys.readouterr().out
    assert "\x9b" not in printed and lines(printed)[0]["prediction"] == "bad\x9b31m"
