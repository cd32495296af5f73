"""A run, from its first step or newest checkpoint to the saved model."""

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
    assert pretrain("mlm", corpus, out, "--budget", "4-steps", "--resume") == 0
    before = weights(out)
    assert pretrain("mlm", corpus, out, "--budget", "4-steps", "--resume") == 0
    assert "is finished" in capsys.readouterr().err
    assert weights(out) == before
    end = metrics(out, "end")
    text = (out / "metrics.jsonl").read_text()
    (out / "metrics.jsonl").write_text(text[: text.index('{"event": "end"')])  # killed before it was written
    assert pretrain("mlm", corpus, out, "--budget", "4-steps", "--resume") == 0
    assert metrics(out, "end") == end and weights(out) == before


def test_a_batch_without_a_row_for_each_part_is_refused(corpus, tmp_path, capsys) -> None:
    more = ["--batch.accumulation", "16", "--budget", "2-steps"]
    common = ["--corpus", str(corpus), "--out", str(tmp_path / "run"), *TINY]
    assert "batch.tokens is 256" in refused(capsys, "pretrain", "mlm", *common, *more)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("tracker", "message"), [("tensorbord", "Choose between"), ("mlflow", "pip install mlflow")])
def test_a_tracker_that_is_not_there_is_refused(tracker, message, corpus, tmp_path, capsys) -> None:
    common = ["--corpus", str(corpus), "--out", str(tmp_path / "run"), *TINY, "--budget", "2-steps"]
    assert message in refused(capsys, "pretrain", "mlm", *common, "--log-with", tracker)
    assert not (tmp_path / "run").exists()
