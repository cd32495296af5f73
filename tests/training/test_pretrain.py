"""Pretraining from the command, in this process."""

import re
import shutil

import pytest
import torch
from transformers import AutoModel, AutoTokenizer, pipeline

from nlp_ssl import recipe_files
from nlp_ssl.objectives import all_objectives
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.training.model import head_classes
from tests.training.runs import TINY, metrics, pretrain, refused
from tests.worlds import replace_split, write_corpus

OBJECTIVES = all_objectives()


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_run_from_end_to_end(objective, corpus, tmp_path) -> None:
    out = tmp_path / "run"
    status = pretrain(objective, corpus, out, "--budget", "40-steps", "--evaluations", "2", "--save-every", "30")
    assert status == 0
    (head, *_) = head_classes(Mixture(objectives={objective: OBJECTIVES[objective]()})).values()
    kind = head.auto_class or AutoModel
    model, loading = kind.from_pretrained(out / "model", output_loading_info=True)
    assert not any(loading[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    tokenizer = AutoTokenizer.from_pretrained(out / "model")
    assert tokenizer.model_max_length == 32
    inputs = tokenizer(["w7 w8 w9"], return_tensors="pt", return_token_type_ids=False)
    if model.config.is_encoder_decoder:
        inputs["decoder_input_ids"] = inputs["input_ids"]
    assert torch.isfinite(model(**inputs)[0]).all()
    train, (evaluation,), (end,) = metrics(out, "train"), metrics(out, "evaluate"), metrics(out, "end")
    assert [line["step"] for line in train] == [10, 20, 30, 40] and evaluation["step"] == 20
    assert train[-1]["tokens_per_second"] > 0
    assert end["step"] == 40
    assert sorted(p.name for p in (out / "checkpoints").iterdir()) == ["step-00000030", "step-00000040"]
    assert f"`{objective}`" in (out / "model" / "README.md").read_text()
    again = recipe_files.load(str(out))
    assert again.budget == "40-steps" and again.model.size == "tiny"


def test_masked_words_can_be_filled_in(corpus, tmp_path) -> None:
    """In these texts every word is followed by the next one: 400 steps are enough to know."""
    out = tmp_path / "run"
    more = ["--budget", "400-steps", "--batch.tokens", "1024", "--optimizer.learning-rate", "3e-3"]
    assert pretrain("mlm", corpus, out, *more) == 0
    fill = pipeline("fill-mask", model=str(out / "model"))
    assert fill("w20 w21 w22 [MASK] w24 w25")[0]["token_str"] == "w23"
    (end,) = metrics(out, "end")
    assert end["validation"]["accuracy"] > 0.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["pretrain"], "pretrain: name a recipe: albert, "),
        (
            ["pretrain", "--seed", "1", "mlm"],
            "pretrain: name the recipe first, before --seed: nlp-ssl pretrain RECIPE --",
        ),
        (["pretrain", "--resume"], "--resume needs the run's folder: nlp-ssl pretrain --resume RUN"),
        (["pretrain", "mlm", "--resume", "--seed", "1"], "--resume needs the run's folder: nlp-ssl pretrain"),
        (["pretrain", "--resume=r"], "r holds no run: begin one with nlp-ssl pretrain RECIPE --corpus … --out r"),
        (["pretrain", "mlm", "--resume", "r"], "pretrain mlm: --corpus is required"),
        (["pretrain", "--resume", "r", "--out", "r"], "--resume r writes to that folder: leave out --out"),
        (["pretrain", "mml", "--corpus", "x", "--out", "y"], "no recipe 'mml': did you mean 'mlm'?"),
        (["pretrain", "mlm", "--corpus", "nowhere", "--out", "y"], "nowhere: no prepared corpus here"),
    ],
)
def test_wrong_arguments(arguments, message, capsys, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert message in refused(capsys, *arguments)
    assert not list(tmp_path.iterdir())


def test_the_help_lists_the_recipes_unless_one_is_named(capsys) -> None:
    from nlp_ssl.training.pretrain import main

    shown = []
    for arguments in (["--help"], ["bert", "--help"]):
        with pytest.raises(SystemExit):
            main(arguments)
        shown.append(capsys.readouterr().out)
    listed, named = ([re.sub(" +", " ", line) for line in text.splitlines()] for text in shown)
    line = " bert Predict masked tokens and the next sentence (BERT)."
    assert line in listed and line not in named


def test_a_mistyped_flag_gets_a_suggestion(corpus, tmp_path, capsys) -> None:
    assert pretrain("mlm", corpus, tmp_path / "run", "--bugdet", "3-steps") == 2
    said = capsys.readouterr()
    assert "--budget" in said.out + said.err
    assert not (tmp_path / "run").exists()


def test_a_corpus_that_cannot_serve_is_refused(tmp_path, capsys) -> None:
    folder = write_corpus(tmp_path / "corpus").folder
    replace_split(folder, "train", [[[10, 11, 12]]] * 40)  # documents of one sentence
    out = tmp_path / "run"
    for objective in ("sop", "gap_sentences"):
        said = refused(capsys, "pretrain", objective, "--corpus", str(folder), "--out", str(out), *TINY)
        sentence = f"cannot serve {objective}: none of the 40 runs of sentences in its train split has two sentences"
        assert sentence in said and "(raise --batch.max-length, or prepare longer documents)" in said
    assert not out.exists()


def test_a_full_disk_is_one_sentence_and_leaves_the_last_checkpoint(corpus, tmp_path, capsys, monkeypatch) -> None:
    from types import SimpleNamespace

    from accelerate import Accelerator

    out = tmp_path / "run"
    save_state, calls = Accelerator.save_state, []

    def fails_the_second_time(self, folder, **options):
        calls.append(1)
        save_state(self, folder, **options)
        if len(calls) == 2:
            raise RuntimeError("unexpected pos 8524544 vs 8524432")  # PyTorch's words for it

    monkeypatch.setattr(Accelerator, "save_state", fails_the_second_time)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    arguments = ["pretrain", "mlm", "--corpus", str(corpus), "--out", str(out), *TINY, "--budget", "9-steps"]
    said = refused(capsys, *arguments, "--save-every", "3")
    assert "no space left on device; free some space, then run the command again with --resume" in said
    assert "Traceback" not in said
    assert [folder.name for folder in (out / "checkpoints").iterdir()] == ["step-00000003"]
