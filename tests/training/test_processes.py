"""Pretraining in processes of its own: several at once, interrupted, killed."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.forked import end, start, start_together
from tests.ports import free_port
from tests.training.runs import RUNS, TINY, arguments_of, pretrain, weights
from tests.worlds import write_corpus

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "nlp_ssl.cli"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("worlds") / "corpus").folder


def arguments(objective: str, corpus: Path, out: Path, *more: str) -> list[str]:
    return ["pretrain", *arguments_of(objective), "--corpus", str(corpus), "--out", str(out), *TINY, *more]


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1"}


def run(*command: str) -> None:
    done = subprocess.run(
        command, env=environment(), capture_output=True, text=True, cwd=ROOT, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr


def launch(processes: int, *command: str) -> None:
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", str(processes)]
    run(*launcher, "--master_port", str(free_port()), "train.py", *command)


def processes_of(out: Path) -> int:
    return json.loads((out / "environment.json").read_text())["processes"]


def losses(out: Path) -> list[float]:
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return [line.get("loss", line.get("validation", {}).get("loss")) for line in lines]


SLOWER = ["clm", "sop", "bert", "pegasus", "skip_thought", "skip_gram", "rtd", "random_label", "jigsaw"]
SLOWER += ["hybrid", "cpc", "mae", "retromae", "tsdae", "token_detection", "instance_discrimination"]
SLOWER += [name for name in RUNS if ":" in name and name != "contrastive:byol"]


@pytest.mark.parametrize(
    "objective",
    ["mlm", "contrastive", "contrastive:byol", *(pytest.param(name, marks=pytest.mark.slow) for name in SLOWER)],
)
def test_processes_and_micro_batches_change_nothing(objective, corpus, tmp_path) -> None:
    """1x1, 2x1 and 2x2 (processes x micro-batches); 1x2 and 1x4 are in test_pretrain."""
    steps = ["--budget", "12-steps", "--log-every", "1", "--evaluations", "2"]
    assert pretrain(objective, corpus, tmp_path / "1x1", *steps) == 0
    for micro_batches in (1, 2):
        out = tmp_path / f"2x{micro_batches}"
        words = arguments(objective, corpus, out, *steps, "--batch.accumulation", str(micro_batches))
        started = start_together([words, words], tmp_path / "log")
        assert [end(pid, 120) for pid in started] == [0, 0], (tmp_path / "log-0").read_text()
    one = losses(tmp_path / "1x1")
    assert len(one) == 14
    assert [processes_of(tmp_path / each) for each in ("1x1", "2x1", "2x2")] == [1, 2, 2]
    assert losses(tmp_path / "2x1") == pytest.approx(one, abs=1e-5, rel=3e-6)
    assert losses(tmp_path / "2x2") == pytest.approx(one, abs=1e-5, rel=3e-6)


def test_begun_on_one_process_goes_on_with_two(corpus, tmp_path) -> None:
    steps = [
        "--budget",
        "12-steps",
        "--log-every",
        "1",
        "--evaluations",
        "2",
        "--save-every",
        "5",
        "--keep-checkpoints",
        "9",
    ]
    run(*COMMAND, *arguments("mlm", corpus, tmp_path / "run", *steps))
    whole = losses(tmp_path / "run")
    import shutil

    for gone in ("checkpoints/step-00000010", "checkpoints/step-00000012", "model"):
        shutil.rmtree(tmp_path / "run" / gone)
    launch(2, "pretrain", "--resume", str(tmp_path / "run"))
    assert processes_of(tmp_path / "run") == 2
    assert losses(tmp_path / "run") == pytest.approx(whole, abs=1e-5)


@pytest.mark.slow
def test_processes_may_have_different_numbers_of_batches_to_predict(corpus, tmp_path) -> None:
    run(*COMMAND, *arguments("mlm", corpus, tmp_path / "run", "--budget", "4-steps"))
    for split, n in (("train", 60), ("dev", 20)):
        rows = [f"w{i % 40} w{3 * i % 40} w{7 * i % 40}\t{i % 2}" for i in range(n)]
        (tmp_path / f"{split}.tsv").write_text("\n".join(["text\tlabel", *rows]) + "\n")
    data = [str(tmp_path / "train.tsv"), str(tmp_path / "dev.tsv")]
    how = "--text-column text --label-column label --seeds 1 --epochs 1 --learning-rates 1e-3 --precision fp32"
    words = ["finetune", str(tmp_path / "run"), "--task", "mine", "--data", *data, *how.split()]
    launch(2, *words, "--out", str(tmp_path / "scores"))
    predicted = np.load(tmp_path / "scores" / "parts" / "pretrained-seed1.npz")["dev"]
    assert predicted.shape == (20, 2)
    assert np.isfinite(predicted).all() and predicted.any(axis=1).all()


def test_a_signal_to_the_whole_group_saves_first(corpus, tmp_path) -> None:
    """As a batch system sends it: to the processes that make batches too."""
    steps = ["--budget", "400-steps", "--save-every", "1000", "--evaluations", "1", "--batch.workers", "2"]
    command = [*COMMAND, *arguments("mlm", corpus, tmp_path / "run", *steps)]
    process = subprocess.Popen(
        command, env=environment(), stderr=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True
    )
    wait_for(lambda: len(lines(tmp_path / "run")) >= 2, process)
    os.killpg(process.pid, signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM, said
    assert said.count("stopping after this step") == 1
    assert len(list((tmp_path / "run" / "checkpoints").iterdir())) == 1


UNSAVED = ["--budget", "250-steps", "--save-every", "1000", "--evaluations", "1"]


@pytest.fixture(scope="module")
def whole(corpus, tmp_path_factory) -> Path:
    """A run that nothing interrupted."""
    out = tmp_path_factory.mktemp("whole") / "run"
    assert pretrain("mlm", corpus, out, *UNSAVED) == 0
    return out


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_first(number, corpus, whole, tmp_path) -> None:
    words, log = arguments("mlm", corpus, tmp_path / "run", *UNSAVED), tmp_path / "log"
    pid = start(words, log)
    await_lines(tmp_path / "run", 2)
    os.kill(pid, number)
    assert end(pid) == 128 + number, log.read_text()
    said = log.read_text()
    assert (
        "stopped and saved at step" in said and f"Continue with: nlp-ssl pretrain --resume {tmp_path / 'run'}" in said
    )
    (saved,) = (tmp_path / "run" / "checkpoints").iterdir()
    assert 20 <= int(saved.name.removeprefix("step-")) < 250
    assert end(start(["pretrain", "--resume", str(tmp_path / "run")], log), 120) == 0, log.read_text()
    assert weights(tmp_path / "run") == weights(whole)


@pytest.mark.slow
@pytest.mark.parametrize(
    "objective", ["mlm", "skip_gram", "contrastive:queue", "contrastive:byol", "instance_discrimination"]
)
def test_killed_at_five_random_moments(objective, corpus, tmp_path) -> None:
    steps = ["--budget", "300-steps", "--save-every", "10", "--evaluations", "4"]
    assert pretrain(objective, corpus, tmp_path / "whole", *steps) == 0
    words = arguments(objective, corpus, tmp_path / "run", *steps)
    words[words.index("--out")] = "--resume"
    draw = random.Random(objective)
    for _ in range(5):
        before = len(lines(tmp_path / "run"))
        pid = start(words, tmp_path / "log")
        await_lines(tmp_path / "run", before + 1)
        time.sleep(draw.uniform(0, 0.5))
        os.kill(pid, signal.SIGKILL)
        assert end(pid) in (-signal.SIGKILL, 0), (tmp_path / "log").read_text()
    assert end(start(words, tmp_path / "log"), 120) == 0, (tmp_path / "log").read_text()
    assert weights(tmp_path / "run") == weights(tmp_path / "whole")
    assert losses(tmp_path / "run") == losses(tmp_path / "whole")


def lines(out: Path) -> list[str]:
    return (out / "metrics.jsonl").read_text().splitlines() if (out / "metrics.jsonl").is_file() else []


def await_lines(out: Path, number: int) -> None:
    until = time.monotonic() + 60
    while len(lines(out)) < number and time.monotonic() < until:
        time.sleep(0.02)


def wait_for(condition, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 120
    while not condition() and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def start_two(*commands: list[str]) -> list[subprocess.Popen]:
    """Two processes as a launcher on two machines would start them, each with its own command."""
    place = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    return [
        subprocess.Popen(
            [*COMMAND, *command],
            env=environment() | place | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for rank, command in enumerate(commands)
    ]


def ends(processes: list[subprocess.Popen]) -> tuple[list[int], str]:
    """The status of each process, and the errors that they print together."""
    said = [process.communicate(timeout=120)[1] for process in processes]
    assert not any("Traceback" in each for each in said), said
    errors = [line for each in said for line in each.splitlines() if line.startswith("nlp-ssl: error: ")]
    return [process.returncode for process in processes], "\n".join(errors)


LONG = ["--budget", "4000-steps", "--save-every", "20", "--evaluations", "1"]


@pytest.mark.slow
def test_a_folder_that_is_not_shared_is_refused(corpus, tmp_path) -> None:
    for rank in (0, 1):
        run(*COMMAND, *arguments("mlm", corpus, tmp_path / f"out-{rank}", "--budget", f"{8 + 4 * rank}-steps"))
    commands = [["pretrain", "--resume", str(tmp_path / f"out-{rank}")] for rank in (0, 1)]
    status, said = ends(start_two(*commands))
    assert status == [2, 2]
    assert said == (
        f"nlp-ssl: error: {tmp_path}/out-0: process 1 does not see the files that process 0 writes there; "
        "--out must be one folder that all processes share"
    )


@pytest.mark.slow
def test_another_recipe_is_refused(corpus, tmp_path) -> None:
    common = arguments("mlm", corpus, tmp_path / "run", "--budget", "8-steps")
    status, said = ends(start_two(common, [*common, "--optimizer.learning-rate", "0.5"]))
    assert status == [2, 2]
    assert said == (
        "nlp-ssl: error: process 1 has optimizer.learning_rate = 0.5, process 0 has optimizer.learning_rate = 0.001: "
        "all processes need the same command, corpus and --out folder"
    )
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
@pytest.mark.parametrize("killed", [0, 1])
def test_a_killed_process_ends_the_others(killed, corpus, tmp_path) -> None:
    command = arguments("mlm", corpus, tmp_path / "run", *LONG)
    processes = start_two(command, command)
    wait_for(lambda: len(lines(tmp_path / "run")) >= 3, processes[0])
    processes[killed].kill()
    status, said = ends(processes)
    assert status[killed] == -signal.SIGKILL and status[1 - killed] == 2
    assert said.startswith(f"nlp-ssl: error: process {killed} has ended early, and so do the others; ")


@pytest.mark.slow
def test_sigterm_to_one_process_saves_and_stops_all(corpus, tmp_path) -> None:
    command = arguments("mlm", corpus, tmp_path / "run", *LONG)
    processes = start_two(command, command)
    wait_for(lambda: len(lines(tmp_path / "run")) >= 3, processes[0])
    processes[1].terminate()
    assert ends(processes)[0] == [143, 143]
    assert list((tmp_path / "run" / "checkpoints").glob("step-*"))


@pytest.mark.slow
def test_a_dead_data_worker_of_one_process_ends_all(corpus, tmp_path) -> None:
    command = arguments("mlm", corpus, tmp_path / "run", *LONG, "--batch.workers", "1")
    processes = start_two(command, command)
    wait_for(lambda: len(lines(tmp_path / "run")) >= 3, processes[0])
    children = Path(f"/proc/{processes[1].pid}/task").glob("*/children")
    os.kill(int("".join(file.read_text() for file in children).split()[0]), signal.SIGKILL)
    status, said = ends(processes)
    assert status == [2, 2]
    assert (
        "process 1: " in said
        and "DataLoader worker" in said
        and f"continue with --resume {tmp_path / 'run'}, with fewer" in said
    )


@pytest.mark.slow
def test_a_failure_to_save_ends_all(corpus, tmp_path) -> None:
    command = arguments("mlm", corpus, tmp_path / "run", *LONG)
    processes = start_two(command, command)
    wait_for(lambda: (tmp_path / "run" / "checkpoints").is_dir(), processes[0])
    (tmp_path / "run" / "checkpoints").rename(tmp_path / "run" / "gone")
    (tmp_path / "run" / "checkpoints").write_text("a file")
    status, said = ends(processes)
    assert status == [2, 2]
    assert str(tmp_path / "run" / "checkpoints") in said


@pytest.mark.slow
def test_processes_start_from_one_model(corpus, tmp_path) -> None:
    """A decoder from an encoder's weights: two processes have the losses of one."""
    assert pretrain("mlm", corpus, tmp_path / "initial", "--budget", "2-steps") == 0
    steps = ["--budget", "6-steps", "--log-every", "1", "--evaluations", "1", "--init", str(tmp_path / "initial")]
    assert pretrain("clm", corpus, tmp_path / "one", *steps) == 0
    words = arguments("clm", corpus, tmp_path / "two", *steps)
    started = start_together([words, words], tmp_path / "log")
    assert [end(pid, 120) for pid in started] == [0, 0], (tmp_path / "log-0").read_text()
    assert [processes_of(tmp_path / each) for each in ("one", "two")] == [1, 2]
    assert losses(tmp_path / "two") == pytest.approx(losses(tmp_path / "one"), abs=1e-5, rel=3e-6)
    said = ((tmp_path / each / "model" / "README.md").read_text() for each in ("one", "two"))
    assert all("as a modernbert-decoder | taken: body, causal_lm head (" in card for card in said)
