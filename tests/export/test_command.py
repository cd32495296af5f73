import shutil

import pytest

from nlp_ssl.cli import main
from nlp_ssl.export import word2vec


def export(run, program, out) -> int:
    return main(["export", str(run), "--for", program, "--out", str(out)])


def test_places_that_do_not_suit_are_refused_before_any_work(run, tmp_path, capsys) -> None:
    (tmp_path / "v.bin").mkdir()
    (tmp_path / "mine").mkdir()
    (tmp_path / "file").touch()
    wrong = {
        ("word2vec", "v.npy"): "the suffix must be one of .bin, .txt, .vec",
        ("onnx", "v.bin"): "the suffix must be one of .onnx",
        ("word2vec", "missing/v.bin"): "no such folder",
        ("word2vec", "v.bin"): "is a folder: choose another --out",
        ("mteb", "mine"): "already exists, without checksums.json, so no export: choose another",
        ("babylm", "file"): "already exists, without checksums.json",
        ("harness", "missing/model"): "no such folder",
    }
    before = sorted(tmp_path.rglob("*"))
    for (program, name), why in wrong.items():
        assert export(run("mlm"), program, tmp_path / name) == 2
        assert why in capsys.readouterr().err
    assert export(tmp_path, "word2vec", tmp_path / "w.bin") == 2
    assert "an unfinished run has no model" in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before


def test_the_same_model_is_written_again_and_no_other_over_it(run, tmp_path, capsys) -> None:
    out = tmp_path / "folder"
    for _ in range(2):
        assert export(run("mlm"), "babylm", out) == 0
    weights = (out / "model.safetensors").read_bytes()
    assert export(run("clm"), "babylm", out) == 2
    assert f"is not that of this export: delete the folder {out}, or choose another --out" in capsys.readouterr().err
    assert (out / "model.safetensors").read_bytes() == weights and [*tmp_path.iterdir()] == [out]


def test_what_a_killed_process_left_is_removed(run, tmp_path) -> None:
    (tmp_path / "folder.12.writing").mkdir()
    (tmp_path / "other.12.writing").mkdir()
    assert export(run("mlm"), "babylm", tmp_path / "folder") == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "other.12.writing"]


def test_the_program_is_told_how_to_read_it(run, tmp_path, capsys) -> None:
    said = {
        "sentence-transformers": f"SentenceTransformer('{tmp_path}/a model').encode(texts)",
        "mteb": f"mteb.evaluate(SentenceTransformer('{tmp_path}/a model'), mteb.get_tasks(tasks=[TASK]))",
        "harness": f"lm-eval --model hf --model_args pretrained='{tmp_path}/a model' --tasks TASK",
    }
    for program, words in said.items():
        assert export(run("clm"), program, tmp_path / "a model") == 0
        assert words in capsys.readouterr().err.splitlines()
        shutil.rmtree(tmp_path / "a model")


def test_an_exported_model_can_be_exported(run, tmp_path, monkeypatch) -> None:
    assert export(run("mlm"), "babylm", tmp_path / "folder") == 0
    assert export(tmp_path / "folder", "word2vec", tmp_path / "v.txt") == 0
    assert export(run("mlm"), "word2vec", tmp_path / "w.txt") == 0
    assert (tmp_path / "v.txt").read_bytes() == (tmp_path / "w.txt").read_bytes()


def test_only_the_first_of_several_processes_writes(run, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setattr(word2vec, "write", None)
    assert export(run("mlm"), "word2vec", tmp_path / "v.txt") == 0 and not [*tmp_path.iterdir()]


def test_an_unknown_program_is_refused(run, tmp_path, capsys) -> None:
    assert export(run("mlm"), "gguf", tmp_path / "v") == 2
    assert "--for gguf: choose from word2vec, sentence-transformers, mteb" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["export", "--help"])
    assert "--for {word2vec," in capsys.readouterr().out
