"""Checkpoints: damage is noticed, and the one before is offered."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from nlp_ssl.checksums import checksum
from nlp_ssl.json_files import write_object
from tests.training.runs import pretrain, refused


@pytest.fixture(scope="module")
def finished(corpus, tmp_path_factory) -> Path:
    """A run with two checkpoints whose model is gone, so that --resume has to read them."""
    out = tmp_path_factory.mktemp("run") / "run"
    assert pretrain("mlm", corpus, out, "--budget", "4-steps", "--save-every", "2") == 0
    shutil.rmtree(out / "model")
    return out


@pytest.fixture
def run(finished, tmp_path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "run"))


def resumed(capsys, corpus: Path, run: Path) -> str:
    return refused(capsys, "pretrain", "--resume", str(run), "--corpus", str(corpus))


def flip(file: Path) -> None:
    """Flip one bit in the middle."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


FILES = ("pytorch_model.bin", "optimizer.bin", "random_states_0.pkl")


@pytest.mark.parametrize("damage", [flip, cut, Path.unlink])
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_named_and_the_checkpoint_before_is_offered(name, damage, run, corpus, capsys) -> None:
    damage(run / "checkpoints" / "step-00000004" / name)
    said = resumed(capsys, corpus, run)
    what = "missing" if damage is Path.unlink else "damaged"
    assert f"step-00000004/{name} is {what}: delete the folder step-00000004 to resume from step-00000002" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    "content",
    ["", "{}", "[]", "null", "{", "\x00", '{"totals": {}, "checksums": {}}', '{"totals": 1, "checksums": []}'],
)
def test_a_damaged_state_is_refused(content, run, corpus, capsys) -> None:
    (run / "checkpoints" / "step-00000004" / "state.json").write_text(content)
    said = resumed(capsys, corpus, run)
    assert "step-00000004/state.json is damaged" in said and "resume from step-00000002" in said


def test_a_step_beyond_the_last_is_refused(run, corpus, capsys) -> None:
    path = run / "checkpoints" / "step-00000004" / "state.json"
    state = json.loads(path.read_text())
    state["totals"]["step"] = 5
    del state["checksum"]
    write_object(path, state)
    assert "state.json is damaged" in resumed(capsys, corpus, run)


def test_without_an_earlier_checkpoint_a_new_run_is_offered(run, corpus, capsys) -> None:
    shutil.rmtree(run / "checkpoints" / "step-00000002")
    flip(run / "checkpoints" / "step-00000004" / "optimizer.bin")
    assert "start again in another --out, there is no earlier checkpoint" in resumed(capsys, corpus, run)


def test_a_repaired_run_ends_with_the_same_weights(run, corpus, finished, tmp_path) -> None:
    shutil.rmtree(run / "checkpoints" / "step-00000004")
    steps = ["--budget", "4-steps", "--save-every", "2"]
    assert pretrain("mlm", corpus, run, *steps, into="--resume") == 0
    assert pretrain("mlm", corpus, tmp_path / "whole", *steps) == 0
    saved = [folder / "model" / "model.safetensors" for folder in (run, tmp_path / "whole")]
    assert checksum(saved[0]) == checksum(saved[1])


def test_weights_of_another_model_are_refused(run, corpus, capsys) -> None:
    folder = run / "checkpoints" / "step-00000004"
    file = folder / "pytorch_model.bin"
    torch.save({f"old.{name}": weight for name, weight in torch.load(file).items()}, file)
    state = json.loads((folder / "state.json").read_text())
    state["checksums"][file.name] = checksum(file)
    del state["checksum"]
    write_object(folder / "state.json", state)
    assert "step-00000004 does not fit this run" in resumed(capsys, corpus, run)
