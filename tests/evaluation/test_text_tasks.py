"""Tasks with texts to write, from the command line to scores."""

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rouge_score.rouge_scorer import RougeScorer

from nlp_ssl.cli import main
from tests.ports import free_port

Run = Callable[[str], Path]
ROOT = Path(__file__).parents[2]
FLAGS = "--task echo --kind generation --text-column source --label-column target --precision fp32 --seeds 1"


@pytest.fixture
def echo(tmp_path: Path) -> Path:
    """A task whose target is the first word of the source, twice: 40 and 21 examples, and an unlabelled test."""
    folder = tmp_path / "echo"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for split, n in (("train", 40), ("dev", 21), ("test", 3)):
        texts = [(f"w{i % 10}", " w20" * int(length)) for i, length in enumerate(rng.integers(1, 70, n))]
        rows = [
            {"source": cue + rest, **({} if split == "test" else {"target": f"{cue} {cue}"})} for cue, rest in texts
        ]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def arguments(command: str, run: Path, data: Path, out: Path, *more: str) -> list[str]:
    return [command, str(run), "--data", str(data), "--out", str(out), *FLAGS.split(), *more]


def test_the_whole_command(run: Run, echo: Path, tmp_path: Path, capsys) -> None:
    out, more = tmp_path / "out", ["--epochs", "1", "--learning-rates", "1e-3"]
    metrics = ["--metric", "rouge_1", "rouge_2", "rouge_l"]
    assert main(arguments("finetune", run("mbart"), echo, out, *more, *metrics)) == 0
    assert "train: truncated" in capsys.readouterr().err  # the model has 64 positions
    result = json.loads((out / "scores.json").read_text())
    assert [model["key"] for model in result["models"]] == ["lead", "random_init", "pretrained"]
    scores = {model["key"]: model["scores"] for model in result["models"]}
    scorer = RougeScorer(["rouge1"])
    said = list(csv.DictReader((out / "predictions" / "1.tsv").open(), delimiter="\t"))
    theirs = [scorer.score(row["gold"], row["predicted"])["rouge1"].fmeasure for row in said]
    assert len(said) == 21 and scores["pretrained"]["rouge_1"]["seeds"] == pytest.approx([np.mean(theirs)])
    assert scores["lead"]["rouge_l"]["mean"] > 0  # the first characters of the source
    gap = scores["pretrained"]["rouge_1"]["vs_random_init"]
    assert gap["low"] <= gap["mean"] <= gap["high"]
    assert len((out / "submission" / "test.tsv").read_text().splitlines()) == 4
    capsys.readouterr()
    assert main(["predict", str(out), "--data", str(echo / "dev.jsonl"), "--precision", "fp32"]) == 0
    written = [json.loads(line)["prediction"] for line in capsys.readouterr().out.splitlines()]
    assert written == [row["predicted"] for row in said]


def test_other_commands_and_models_refuse_it(run: Run, echo: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "out"
    assert main(arguments("probe", run("mbart"), echo, out)) == 2
    assert "texts to write, which probe cannot score; use finetune" in capsys.readouterr().err
    assert main(arguments("finetune", run("clm"), echo, out)) == 2
    assert "'gpt2' is no encoder-decoder" in capsys.readouterr().err
    assert main(arguments("finetune", run("mbart"), echo, out, "--class-weights", "balanced")) == 2
    assert "no single class to weigh" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mbart", "bart", "t5"])
def test_a_learnable_task_is_learned(run: Run, echo: Path, tmp_path: Path, kind: str) -> None:
    more = ["--epochs", "40", "--learning-rates", "5e-3", "--no-baselines", "--folds", "2"]
    single = tmp_path / "all.jsonl"
    single.write_text("".join((echo / f"{split}.jsonl").read_text() for split in ("train", "dev")))
    assert main(arguments("finetune", run(kind), single, tmp_path / "out", *more)) == 0
    (model,) = json.loads((tmp_path / "out" / "scores.json").read_text())["models"]
    assert model["scores"]["rouge_1"]["mean"] > 0.5


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_every_text_is_written_on_two_processes(run: Run, echo: Path, tmp_path: Path, precision: str) -> None:
    more = ["--epochs", "40", "--learning-rates", "5e-3", "--no-baselines", "--precision", precision]
    command = arguments("finetune", run("mbart"), echo, tmp_path / "two", *more)
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2"]
    launcher += ["--master_port", str(free_port()), "train.py"]
    done = subprocess.run([*launcher, *command], capture_output=True, text=True, cwd=ROOT, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    (model,) = json.loads((tmp_path / "two" / "scores.json").read_text())["models"]
    assert model["scores"]["rouge_1"]["mean"] > 0.5
