"""A run, from its first step or newest checkpoint to the saved model."""

import os
import subprocess
import sys

import pytest

from tests.training.runs import TINY, metrics, pretrain, refused, weights


def test_snapshots_are_models_as_they_were(corpus, tmp_path) -> None:
    whole, short = tmp_path / "whole", tmp_path / "short"
    flat = ["--optimizer.schedule", "constant", "--optimizer.warmup", "0"]
    assert pretrain("clm", corpus, whole, "--budget", "12-steps", "--snapshots", "2", *flat) == 0
    assert pretrain("clm", corpus, short, "--budget", "6-steps", *flat) == 0
    assert sorted(path.name for path in (whole / "snapshots").iterdir()) == ["1-of-2", "1-of-4"]
    assert weights(whole / "snapshots" / "1-of-2") == weights(short) != weights(whole)
    assert [(line["name"], line["step"]) for line in metrics(whole, "snapshot")] == [("1-of-4", 3), ("1-of-2", 6)]


def test_resume_without_a_checkpoint_starts_afresh_and_after_the_end_does_nothing(corpus, tmp_path, capsys) -> None:
    out = tmp_path / "run"
    assert pretrain("mlm", corpus, out, "--budget", "4-steps", into="--resume") == 0
    before = weights(out)
    assert pretrain("mlm", corpus, out, "--budget", "4-steps", into="--resume") == 0
    assert "is finished" in capsys.readouterr().err
    assert weights(out) == before
    end = metrics(out, "end")
    text = (out / "metrics.jsonl").read_text()
    (out / "metrics.jsonl").write_text(text[: text.index('{"event": "end"')])  # killed before it was written
    assert pretrain("mlm", corpus, out, "--budget", "4-steps", into="--resume") == 0
    assert metrics(out, "end") == end and weights(out) == before


def test_a_batch_without_a_row_for_each_part_is_refused(corpus, tmp_path, capsys) -> None:
    more = ["--batch.accumulation", "16", "--budget", "2-steps"]
    common = ["--corpus", str(corpus), "--out", str(tmp_path / "run"), *TINY]
    assert "batch.tokens is 256" in refused(capsys, "pretrain", "mlm", *common, *more)
    assert not (tmp_path / "run").exists()


def test_activations_are_checkpointed_to_the_same_weights_or_refused(corpus, tmp_path, capsys) -> None:
    steps = ["--budget", "3-steps", "--model.dropout", "0.1"]
    assert pretrain("mlm", corpus, tmp_path / "plain", *steps) == 0
    assert pretrain("mlm", corpus, tmp_path / "run", *steps, "--activation-checkpointing") == 0
    assert weights(tmp_path / "run") == weights(tmp_path / "plain")
    capsys.readouterr()
    assert pretrain("skip_gram", corpus, tmp_path / "none", *steps, "--activation-checkpointing") == 2
    assert capsys.readouterr().err == (
        "nlp-ssl: error: activation_checkpointing: 'static_vectors' does not support it; train without it, or with "
        "more --batch.accumulation\n"
    )
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(("tracker", "message"), [("tensorbord", "Choose between"), ("mlflow", "pip install mlflow")])
def test_a_tracker_that_is_not_installed_is_refused(tracker, message, corpus, tmp_path, capsys) -> None:
    common = ["--corpus", str(corpus), "--out", str(tmp_path / "run"), *TINY, "--budget", "2-steps"]
    assert message in refused(capsys, "pretrain", "mlm", *common, "--log-with", tracker)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("objective", "config", "message"),
    [
        ("clm", "vocab_size = 5", "vocab_size is 5: the corpus has"),
        ("clm", 'dtype = "float16"', "dtype: weights are float32 in training"),
        ("mlm", "pad_token_id = -5", "pad_token_id: the tokenizer of the corpus decides it"),
        ("clm", "eos_token_id = [1, 2]", "eos_token_id: the tokenizer of the corpus decides it"),
        ("clm", "is_encoder_decoder = true", "is_encoder_decoder: the objective decides it"),
        ("clm", "initializer_range = inf", "initializer_range = inf: a training step fails: "),
        ("clm", "initializer_range = nan", "initializer_range = nan: a training step fails: "),
        ("clm", "norm_eps = nan", "norm_eps = nan: a training step fails: the loss is nan"),
    ],
)
def test_a_config_that_cannot_be_trained_is_refused_before_anything_is_written(
    objective, config, message, corpus, tmp_path, capsys
) -> None:
    recipe, out = tmp_path / "mine.toml", tmp_path / "run"
    recipe.write_text(f"[objective.{objective}]\n[model.config]\n{config}\n")
    common = ["--corpus", str(corpus), "--out", str(out), *TINY, "--budget", "2-steps"]
    (problem,) = refused(capsys, "pretrain", str(recipe), *common).splitlines()
    assert problem.startswith(f"nlp-ssl: error: [model.config] {message}")
    assert not out.exists()


@pytest.mark.slow
def test_a_compilation_that_fails_is_one_sentence_before_anything_is_written(corpus, tmp_path) -> None:
    common = ["--corpus", str(corpus), "--out", str(tmp_path / "run"), *TINY, "--budget", "2-steps", "--compile"]
    broken = {"CXX": str(tmp_path / "none"), "TORCHINDUCTOR_CACHE_DIR": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "nlp_ssl", "pretrain", "mlm", *common]
    found = subprocess.run(command, env={**os.environ, **broken}, capture_output=True, text=True)
    assert found.returncode == 2
    (problem,) = found.stderr.splitlines()
    assert problem.startswith("nlp-ssl: error: --compile: torch.compile fails (InvalidCxxCompiler: No working C++")
    assert "; train without it, or install a C++ compiler, or set TORCHINDUCTOR_CACHE_DIR to a new folder" in problem
    assert not (tmp_path / "run").exists()


def test_the_trial_of_a_config_changes_nothing(corpus, tmp_path) -> None:
    recipe, tried, untried = tmp_path / "mine.toml", tmp_path / "tried", tmp_path / "untried"
    recipe.write_text("[objective.mlm]\n[model.config]\nnorm_eps = 1e-5\n")  # the default of the architecture
    assert pretrain(str(recipe), corpus, tried, "--budget", "3-steps", "--model.dropout", "0.1") == 0
    assert pretrain("mlm", corpus, untried, "--budget", "3-steps", "--model.dropout", "0.1") == 0
    assert weights(tried) == weights(untried)


def test_a_batch_too_small_to_compare_its_examples_is_named(corpus, tmp_path, capsys) -> None:
    assert pretrain("contrastive:barlow_twins", corpus, tmp_path / "run", "--budget", "1-steps") == 0
    said = capsys.readouterr().err
    assert "warning: contrastive: examples are compared within a batch, which holds only " in said
    assert "; raise --batch.tokens" in said and "\n1 step of 256 tokens" in said
