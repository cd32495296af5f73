"""Checks before writing to a run's folder, and its content."""

import shutil
from pathlib import Path

import pytest

from nlp_ssl.cli import main
from nlp_ssl.training.run_folder import Metrics
from tests.training.runs import TINY, pretrain, refused, weights
from tests.worlds import write_corpus


def test_a_folder_with_another_run_is_refused(corpus, tmp_path, capsys) -> None:
    out = tmp_path / "run"
    steps = ["--budget", "3-steps"]
    assert pretrain("mlm", corpus, out, *steps) == 0
    common = ["--corpus", str(corpus), "--out", str(out), *TINY, *steps]
    said = refused(capsys, "pretrain", "mlm", *common)
    assert said.endswith(f"{out} holds a run: continue it with --resume {out}, or choose another --out\n")
    resume = ["--resume", str(out)]
    changed = refused(capsys, "pretrain", *resume, "--seed", "5", "--model.dropout", "0.2")
    assert "holds a run with another recipe: model.dropout is 0.2, before 0.0; seed is 5, before 0; " in changed
    assert "leave these flags and the recipe out to keep its values, or begin another run with --out" in changed
    said = refused(capsys, "pretrain", "clm", *resume)
    assert said.endswith(f"{out} is a run of mlm, not clm: leave out the recipe, or begin another run with --out\n")
    assert said.count("\n") == 1
    other = write_corpus(tmp_path / "other", seed=1).folder
    assert "was trained on another corpus" in refused(capsys, "pretrain", *resume, "--corpus", str(other))
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("do not lose me")
    common[3] = str(foreign)
    assert "holds other files than a run" in refused(capsys, "pretrain", "mlm", *common)
    assert [p.name for p in foreign.iterdir()] == ["thesis.txt"]


def test_a_run_whose_corpus_has_moved_is_resumed_with_its_new_place(tmp_path, capsys) -> None:
    corpus, moved, out = tmp_path / "corpus", tmp_path / "moved", tmp_path / "run"
    write_corpus(corpus)
    assert pretrain("mlm", corpus, out, "--budget", "2-steps") == 0
    corpus.rename(moved)
    said = refused(capsys, "pretrain", "--resume", str(out))
    assert said.endswith(f"{corpus}: the corpus of {out} is no longer there: name it with --corpus\n")
    assert main(["pretrain", "--resume", str(out), "--corpus", str(moved)]) == 0
    assert f"{out} is finished" in capsys.readouterr().err


def test_a_run_killed_before_its_recipe_was_written_is_taken_over(corpus, tmp_path) -> None:
    out = tmp_path / "run"
    out.mkdir()
    (out / "environment.json").write_text("{}")
    assert pretrain("mlm", corpus, out, "--budget", "2-steps") == 0


@pytest.mark.parametrize("content", ["", "[]", "null", "{", "\x00"])
def test_a_damaged_environment_is_one_sentence(content, corpus, tmp_path, capsys) -> None:
    out = tmp_path / "run"
    assert pretrain("mlm", corpus, out, "--budget", "2-steps") == 0
    (out / "environment.json").write_text(content)
    said = refused(capsys, "pretrain", "--resume", str(out))
    assert (
        "environment.json is damaged" in said and "pretrain again in another --out" in said and "Traceback" not in said
    )


@pytest.mark.parametrize("line", ["null", "[]", "3", '{"step": null}', '{"step": "x"}', "{", "\x00"])
def test_damaged_lines_of_metrics_are_dropped_on_resume(line, tmp_path) -> None:
    metrics = Metrics(tmp_path)
    metrics.append("train", 5, {"loss": 1.0})
    with metrics.path.open("a") as file:
        file.write(line + "\n")
    assert not metrics.ended
    metrics.truncate_after(5)
    assert metrics.path.read_text() == '{"event": "train", "step": 5, "loss": 1.0}\n'


def test_a_finished_run_needs_no_checkpoint_to_be_known_as_finished(corpus, tmp_path, capsys) -> None:
    """As `compare` leaves it when it is killed after it removed the checkpoints."""
    out = tmp_path / "run"
    assert pretrain("mlm", corpus, out, "--budget", "2-steps") == 0
    saved = weights(out)
    shutil.rmtree(out / "checkpoints")
    assert pretrain("mlm", corpus, out, "--budget", "2-steps", into="--resume") == 0
    assert "is finished" in capsys.readouterr().err and weights(out) == saved


def test_metrics_are_read_as_they_were_written(tmp_path) -> None:
    metrics = Metrics(tmp_path)
    assert metrics.read() == []
    metrics.append("train", 5, {"loss": 1.0})
    metrics.append("end", 6, {})
    assert metrics.read() == [{"event": "train", "step": 5, "loss": 1.0}, {"event": "end", "step": 6}]


def test_damaged_metrics_stop_a_resumed_run_and_missing_ones_are_warned_of(corpus, tmp_path, capsys) -> None:
    out = tmp_path / "run"
    more = ["--budget", "4-steps", "--log-every", "1"]
    assert pretrain("mlm", corpus, out, *more) == 0
    whole, file = weights(out), out / "metrics.jsonl"
    shutil.rmtree(out / "model")
    file.write_text(file.read_text().replace('"step": 2', '"step": 1', 1))
    said = refused(capsys, "pretrain", "--resume", str(out))
    assert "metrics.jsonl is damaged: delete it to continue without its lines up to step 4" in said
    file.unlink()
    assert pretrain("mlm", corpus, out, *more, into="--resume") == 0
    assert "metrics.jsonl is missing: it will lack the lines up to step 4" in capsys.readouterr().err
    assert weights(out) == whole


def test_a_damaged_model_of_a_finished_run_is_written_again(corpus, tmp_path) -> None:
    out = tmp_path / "run"
    assert pretrain("mlm", corpus, out, "--budget", "2-steps") == 0
    saved, file = weights(out), out / "model" / "config.json"
    config = file.read_text()
    file.write_text(config.replace("0.02", "0.03"))
    assert file.read_text() != config
    assert pretrain("mlm", corpus, out, "--budget", "2-steps", into="--resume") == 0
    assert file.read_text() == config and weights(out) == saved


def test_a_recipe_edited_in_its_run_is_refused(corpus, tmp_path, capsys) -> None:
    out = tmp_path / "run"
    assert pretrain("mlm", corpus, out, "--budget", "2-steps") == 0
    file = out / "recipe.toml"
    file.write_text(file.read_text().replace("seed = 0", "seed = 1"))
    said = refused(capsys, "pretrain", "--resume", str(out))
    assert f"{file} is damaged or was edited: pretrain again in another --out" in said
    other = ["--corpus", str(corpus), "--out", str(tmp_path / "other")]
    assert "is damaged or was edited" in refused(capsys, "pretrain", str(out), *other)
    own = Path(shutil.copy(file, tmp_path / "own.toml"))  # an edited copy is a recipe like any other
    assert pretrain(str(own), corpus, tmp_path / "third", "--budget", "2-steps") == 0
