"""The whole command, on networks of two layers, a few steps and forty labelled texts."""

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nlp_ssl.atomic_io import UNFINISHED
from nlp_ssl.cli import main
from nlp_ssl.compare_command import claim, make_plan
from nlp_ssl.comparison.options import parse
from nlp_ssl.comparison.plan import Plan
from nlp_ssl.comparison.results import _question
from nlp_ssl.comparison.results_file import COLUMNS
from nlp_ssl.errors import InputError
from nlp_ssl.report.formats import BUDGETS
from nlp_ssl.tasks.metrics import score
from tests.damage import DAMAGES
from tests.worlds import replace_split, write_corpus

FEW = ["--model.size", "tiny", "--batch.max-length", "32", "--batch.tokens", "256", "--budget", "4-steps"]
FEW += ["--evaluations", "2", "--evaluation-tokens", "500", "--log-every", "1", "--precision", "fp32"]
FEW += ["--learning-rates", "1e-3", "--epochs", "1", "--batch-size", "16", "--max-length", "16"]
SEEDS = ["--seeds", "2", "--finetune-seeds", "2"]

DECLARATION = """
[task]
title = "Is there a w7?"
columns = ["text"]
label = "label"
labels = ["no", "yes"]
metrics = ["accuracy", "f1"]
"""


@dataclass(frozen=True)
class World:
    """A corpus, and two tasks: `cues`, and `more` with other texts."""

    folder: Path

    def arguments(self, out: Path, *words: str) -> list[str]:
        """The command with recipes and flags; flags that are given twice have their last value."""
        recipes = [*takewhile(lambda word: not word.startswith("-"), words)]
        corpus, data = str(self.folder / "corpus"), str(self.folder / "tasks")
        common = ["--corpus", corpus, "--data", data, "--out", str(out), *FEW]
        return ["compare", *recipes, *common, *words[len(recipes) :]]

    def task(self, name: str = "cues") -> list[str]:
        return ["--task", str(self.folder / f"{name}.toml")]

    def compare(self, out: Path, *words: str) -> int:
        return main(self.arguments(out, *words))


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> World:
    folder = tmp_path_factory.mktemp("world")
    write_corpus(folder / "corpus")
    for seed, name in enumerate(("cues", "more")):
        (folder / f"{name}.toml").write_text(DECLARATION)
        (folder / "tasks" / name).mkdir(parents=True)
        draw = np.random.default_rng(seed)
        for split, n in (("train", 40), ("dev", 24)):
            rows = ["text\tlabel"]
            for i in range(n):
                words = [f"w{j}" for j in draw.integers(8, 50, 6)] + ["w7"] * (i % 2)
                rows.append(f"{' '.join(words)}\t{['no', 'yes'][i % 2]}")
            (folder / "tasks" / name / f"{split}.tsv").write_text("\n".join([*rows, ""]))
    return World(folder)


@pytest.fixture(scope="module")
def finished(world: World, tmp_path_factory) -> Path:
    """The folder of a finished comparison: two objectives, two seeds, one task."""
    out = tmp_path_factory.mktemp("finished") / "out"
    assert world.compare(out, "mlm", "clm", *world.task(), *SEEDS) == 0
    return out


@pytest.fixture
def again(finished: Path, tmp_path: Path) -> Path:
    """A copy of it to go on with."""
    return Path(shutil.copytree(finished, tmp_path / "again"))


def results(out: Path) -> dict[str, Any]:
    return json.loads((out / "results.json").read_text())


def done(out: Path) -> dict[str, int]:
    """The finished jobs, and when each was."""
    files = (out / "jobs").glob("*/*/done.json")
    return {f"{f.parent.parent.name}/{f.parent.name}": f.stat().st_mtime_ns for f in files}


def kinds(jobs: set[str]) -> list[str]:
    """Jobs without the keys in their folders' names."""
    return sorted(job.rsplit("-", 1)[0] for job in jobs)


def timeless(found: dict[str, Any], out: Path) -> dict[str, Any]:
    """Results without times, memory and the place of the folder."""

    def without(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                k: without(v) for k, v in value.items() if k not in ("seconds", "date", "peak_memory_bytes", "checksum")
            }
        if isinstance(value, list):
            return [without(item) for item in value]
        return value.replace(str(out), "OUT") if isinstance(value, str) else value

    return without(found)


def test_results_are_complete(finished: Path) -> None:
    found = results(finished)
    assert found["question"] == {
        "objectives": ["mlm", "clm"],
        "seeds": [1, 2],
        "looks": [2],
        "tasks": ["cues"],
        "train_examples": [None],
        "budget": "4-steps",
        "held_equal": "steps",
        "size": "tiny",
        "finetune_seeds": 2,
    }
    assert [(run["objective"], run["seed"], run["status"]) for run in found["runs"]] == [
        ("mlm", 1, "done"), ("clm", 1, "done"), ("mlm", 2, "done"), ("clm", 2, "done"),
    ]  # fmt: skip
    for run in found["runs"]:
        assert run["steps"] == 4 and [point["step"] for point in run["curve"]] == [1, 2, 3, 4]
        assert [point["step"] for point in run["validation_curve"]] == [2, 4]
        assert run["validation_curve"][-1]["loss"] == run["validation"]["loss"]
        assert 0 < run["embedding_parameters"] < run["parameters"] and run["peak_memory_bytes"] > 2**20
        assert (finished / run["folder"] / "model" / "config.json").is_file()
        assert not (finished / run["folder"] / "checkpoints").exists()
    assert found["runs"][0]["validation"] != found["runs"][2]["validation"]
    (task,) = found["tasks"]
    assert task["examples"] == {"train": 40, "dev": 24} and task["metric"] == "accuracy" and task["chance"] == 0.5
    assert task["overlap"] == {"train": {"exact": 0, "near": 0, "of": 40}, "dev": {"exact": 0, "near": 0, "of": 24}}
    assert found["failures"] == []
    for objective in found["objectives"]:
        assert len(objective["shown"]) == 3 and all(example["target"] for example in objective["shown"])
    assert (finished / "report.html").is_file()


def test_every_score_has_its_line_and_its_predictions(finished: Path) -> None:
    lines = results(finished)["scores"]
    assert all(tuple(line) == COLUMNS for line in lines)
    columns = ("model", "role", "method", "pretraining_seed", "finetuning_seed")
    keys = [tuple(line[key] for key in columns) for line in lines if line["metric"] == "accuracy"]
    expected = [(name, "text baseline", "finetune", None, None) for name in ("majority", "tfidf")]
    for method in ("finetune", "probe", "knn"):
        random_init = [
            "encoder, random initialisation",
            "decoder, random initialisation",
            *(["random vectors"] if method != "finetune" else []),
        ]
        # As many samples of what is not pretrained as there are pretraining seeds: they vary too.
        expected += [(name, "baseline", method, run, seed) for name in random_init for run in (1, 2) for seed in (1, 2)]
        # A probe of a pretrained network has nothing to draw.
        seeds = (1, 2) if method == "finetune" else (None,)
        expected += [(o, "objective", method, run, seed) for o in ("mlm", "clm") for run in (1, 2) for seed in seeds]
    assert len(keys) == len(set(keys)) and set(keys) == set(expected)
    assert len(lines) == 2 * len(keys)  # and as many for F1
    for line in lines:
        with np.load(finished / line["outputs"]) as outputs:
            assert len(outputs["gold"]) == 24
            assert score(line["metric"].split()[0], outputs["gold"], outputs["predicted"]) == line["score"]
    parts = sorted((finished / "baselines").glob("random_init*-seed?-????????????????.npz"))
    samples = {}
    for part in parts:
        with np.load(part) as stored:
            samples[part.name] = stored["dev"].tobytes()
    assert len(samples) == 2 * 2 * 2 and len(set(samples.values())) == len(samples)  # bodies, samples, seeds


def test_results_have_the_choices_of_each_network(finished: Path) -> None:
    choices = results(finished)["choices"]
    models = ("mlm", "clm", "encoder, random initialisation", "decoder, random initialisation")
    expected = {(model, seed) for model in models for seed in (1, 2)}
    assert {(c["model"], c["pretraining_seed"]) for c in choices} == expected and len(choices) == len(expected)
    for choice in choices:
        assert (choice["task"], choice["train_examples"]) == ("cues", None)
        assert choice["examples"] == {"train": 40, "selection": 8, "dev": 24}
        (tried,) = choice["tried"]  # FEW names one rate and one epoch
        assert (tried["learning_rate"], tried["epochs"]) == (choice["learning_rate"], choice["epochs"]) == (1e-3, 1)
        assert 0 <= tried["score"] <= 1
    assert "## Fine-tuning hyperparameters" in (finished / "report.md").read_text()


def test_the_commands_are_those_that_do_it(finished: Path, world: World, tmp_path: Path) -> None:
    first, *others = results(finished)["commands"]
    assert first.startswith("nlp-ssl compare mlm clm --corpus")
    assert sum("nlp-ssl pretrain" in command for command in others) == 4
    finetune = next(c for c in others if "nlp-ssl finetune" in c).split()
    out = tmp_path / "scores"
    finetune[finetune.index("--out") + 1] = str(out)
    assert main(finetune[1:]) == 0
    scores = json.loads((out / "scores.json").read_text())["models"][-1]["scores"]["accuracy"]["seeds"]
    key = {"model": "mlm", "pretraining_seed": 1, "metric": "accuracy", "method": "finetune"}
    assert scores == [s["score"] for s in results(finished)["scores"] if key.items() <= s.items()]


def test_finished_jobs_are_not_run_again(again: Path, world: World, capsys) -> None:
    before = {file: file.stat().st_mtime_ns for file in (again / "jobs").rglob("*")}
    first = results(again)
    assert world.compare(again, "mlm", "clm", *world.task(), *SEEDS) == 0
    assert {file: file.stat().st_mtime_ns for file in (again / "jobs").rglob("*")} == before
    said = capsys.readouterr()
    assert "15 jobs, 15 of them done" in said.err
    assert said.out.splitlines()[0].split()[:5] == ["task", "scored", "by", "mlm", "clm"]
    assert said.out.splitlines()[2].split()[:2] == ["cues", "finetune"]
    second = results(again)
    for found in (first, second):
        found.pop("date"), found.pop("commands"), found.pop("checksum")
    assert second == first


@pytest.mark.parametrize(
    ("more", "new"),
    [
        (
            ["mlm", "clm", "sop", *SEEDS],
            [*(f"{kind}/sop-seed-{seed}" for kind in ("finetune", "pretrain", "probe") for seed in (1, 2)), "show/sop"],
        ),
        (
            ["mlm", "clm", "--seeds", "3", "--finetune-seeds", "2"],
            [f"{kind}/{name}-seed-3" for kind in ("finetune", "pretrain", "probe") for name in ("clm", "mlm")],
        ),
    ],
    ids=["objective", "seed"],
)
def test_an_addition_runs_only_its_own_jobs(more, new, again: Path, world: World) -> None:
    before = done(again)
    assert world.compare(again, *more, *world.task()) == 0
    after = done(again)
    assert {job: after[job] for job in before} == before
    added = kinds(after.keys() - before.keys())
    assert [name.removesuffix("-on-cues-all-examples") for name in added] == new
    assert results(again)["failures"] == []


@pytest.mark.slow
def test_another_task_and_more_networks_leave_the_runs_alone(again: Path, world: World) -> None:
    before = done(again)
    words = ["mlm", "clm", *world.task(), *world.task("more"), "--seeds", "2", "--finetune-seeds", "3"]
    assert world.compare(again, *words, "--train-examples", "20", "all") == 0
    after = done(again)
    # Networks are added to the jobs that there are: their first ones stay.
    touched = {job for job in before if after[job] != before[job]}
    assert kinds(touched) == [
        f"{kind}/{name}-seed-{seed}-on-cues-all-examples"
        for kind in ("finetune", "probe")
        for name in ("clm", "mlm")
        for seed in (1, 2)
    ]
    lines = results(again)["scores"]
    key = {"model": "mlm", "metric": "accuracy", "pretraining_seed": 2, "method": "finetune"}
    mine = [s for s in lines if key.items() <= s.items()]
    assert {(s["task"], s["train_examples"], s["finetuning_seed"]) for s in mine} == {
        (task, n, seed) for task in ("cues", "more") for n in (20, None) for seed in (1, 2, 3)
    }


def test_minimal_pairs_where_a_text_has_a_likelihood(world: World, tmp_path: Path) -> None:
    pairs = tmp_path / "pairs"
    pairs.mkdir()
    for name in ("one", "two"):
        rows = [{"sentence_good": f"w{i} w{i + 1}", "sentence_bad": f"w{i} w{i - 3}"} for i in range(10, 20)]
        (pairs / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    out = tmp_path / "out"
    few = ["--seeds", "1", "--finetune-seeds", "1", "--minimal-pairs", str(pairs)]
    assert world.compare(out, "clm", "sop", *world.task(), *few) == 0
    found = results(out)
    baseline, line = [line for line in found["scores"] if line["task"] == "pairs"]
    assert (line["model"], line["method"], line["variant"]) == ("clm", "zero-shot", "causal")
    assert (baseline["model"], baseline["role"], baseline["score"]) == ("fewer tokens", "text baseline", 0.5)
    with np.load(out / line["outputs"]) as outputs:
        assert outputs["correct"].mean() == line["score"] and set(outputs["paradigm"]) == {"one", "two"}
    assert [(task["name"], task["examples"]) for task in found["tasks"]][1:] == [("pairs", {"dev": 20})]


def test_few_shot_prompts_where_labels_have_a_likelihood(world: World, tmp_path: Path, capsys) -> None:
    data = tmp_path / "data" / "cues"
    data.mkdir(parents=True)
    for split in ("train", "dev"):  # labels that the tokenizer knows
        rows = (world.folder / "tasks" / "cues" / f"{split}.tsv").read_text()
        (data / f"{split}.tsv").write_text(rows.replace("\tno", "\tw8").replace("\tyes", "\tw9"))
    task = ["--task", "cues", "--text-column", "text", "--label-column", "label", "--data", str(data.parent)]
    out, few = tmp_path / "out", ["--methods", "few-shot", "--shots", "1", *SEEDS, "--seeds", "1", *task]
    assert world.compare(out, "mlm", "clm", "sop", *few, "--jobs", "2") == 0
    captured = capsys.readouterr()
    assert "skipped: few-shot of sop, which can score no label after a text (mlm and clm can)" in captured.err
    assert "few-shot, 1 label " in captured.out and "or from chance for few-shot tasks" in captured.out
    lines = results(out)["scores"]
    mine = [s for s in lines if s["role"] == "objective"]
    assert [(s["model"], s["variant"], s["pretraining_seed"], s["finetuning_seed"]) for s in mine] == [
        (model, variant, 1, draw)
        for model, variant in (("mlm", "pseudo-log-likelihood"), ("clm", "causal"))
        for draw in (1, 2)
    ]
    assert {s["model"] for s in lines} == {"mlm", "clm", "mlm, random labels", "clm, random labels", "majority"}
    assert {s["score"] for s in lines if s["model"] == "majority"} == {0.5}
    with np.load(out / mine[0]["outputs"]) as outputs:
        assert score("accuracy", outputs["gold"], outputs["predicted"]) == mine[0]["score"]
    assert "### Few-shot prompts, 1 label\n" in (out / "report.md").read_text()  # one table for both variants


def test_word_pairs_where_words_have_vectors(world: World, tmp_path: Path) -> None:
    pairs = tmp_path / "likeness.tsv"
    pairs.write_text("".join(f"w{i}\tw{i + 1}\t{(i * 7) % 10}\n" for i in range(10, 30)) + "nowhere\tw7\t3\n")
    out = tmp_path / "out"
    few = ["--seeds", "1", "--finetune-seeds", "2", "--word-pairs", str(pairs)]
    assert world.compare(out, "cbow", "mlm", *world.task(), *few) == 0
    found = results(out)
    lines = [line for line in found["scores"] if line["task"] == "likeness"]
    assert [(line["model"], line["pretraining_seed"], line["finetuning_seed"]) for line in lines] == [
        ("cbow", 1, None),
        ("random vectors", 1, 1),
        ("random vectors", 1, 2),
    ]
    for line in lines:
        with np.load(out / line["outputs"]) as outputs:
            assert len(outputs["gold"]) == 20
            assert line["score"] == pytest.approx(score("spearman", outputs["gold"], outputs["predicted"]))
    assert [(task["name"], task["examples"]) for task in found["tasks"]][1:] == [("likeness", {"dev": 20})]
    assert "likeness" in (out / "report.html").read_text()


def test_probes_along_the_runs(world: World, tmp_path: Path) -> None:
    out = tmp_path / "out"
    few = ["--seeds", "1", "--finetune-seeds", "1", "--budget", "8-steps", "--snapshots", "2"]
    assert world.compare(out, "mlm", "clm", *world.task(), *few) == 0
    found = results(out)
    (run,) = [run for run in found["runs"] if run["objective"] == "mlm"]
    read = {point["step"]: point["tokens"] for point in run["curve"]}
    along = [line for line in found["scores"] if line["tokens"] is not None and line["model"] == "mlm"]
    assert {(line["method"], line["tokens"]) for line in along} == {
        (method, read[step]) for method in ("probe", "knn") for step in (2, 4)
    }
    at_the_end = [line for line in found["scores"] if line["tokens"] is None and line["model"] == "mlm"]
    assert {line["method"] for line in at_the_end} == {"finetune", "probe", "knn"}
    half = out / run["folder"] / "snapshots" / "1-of-2"
    assert (half / "model" / "model.safetensors").is_file() and (half / "recipe.toml").is_file()
    assert "Learning curves by tokens" in (out / "report.html").read_text()


def test_a_failed_job_is_recorded_and_the_others_go_on(world: World, tmp_path: Path, capsys) -> None:
    (tmp_path / "odd.toml").write_text('[objective.mlm]\n[model]\narchitecture = "brt"\n')
    words = [str(tmp_path / "odd.toml"), "clm", *world.task(), "--seeds", "1", "--finetune-seeds", "1"]
    out = tmp_path / "out"
    assert world.compare(out, *words) == 1
    found = results(out)
    (failure,) = found["failures"]
    assert failure["job"] == "pretrain odd seed 1" and "model.architecture is 'brt'" in failure["error"]
    runs = {run["objective"]: run for run in found["runs"]}
    assert (runs["odd"]["status"], runs["odd"]["error"]) == ("failed", failure["error"])
    assert runs["odd"]["steps"] is None and runs["clm"]["status"] == "done"
    assert {line["model"] for line in found["scores"]} == {
        *("majority", "tfidf", "random vectors", "decoder, random initialisation", "clm")
    }
    said = capsys.readouterr().err
    assert "pretrain odd seed 1 failed: " in said and "2 jobs were skipped" in said and "Traceback" not in said
    # Mended, it is tried again, and nothing else.
    before = done(out)
    (tmp_path / "odd.toml").write_text("[objective.mlm]\n")
    assert world.compare(out, *words) == 0
    after = done(out)
    assert results(out)["failures"] == [] and {job: after[job] for job in before} == before


def wait_for(condition: Callable[[], object], process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 120
    while not condition():
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_killed_and_called_again(how, finished: Path, world: World, tmp_path: Path) -> None:
    """Wherever it was killed, in the end all is as if it had not been."""
    out = tmp_path / "out"
    words = world.arguments(out, "mlm", "clm", *world.task(), *SEEDS)
    command = [sys.executable, "-m", "nlp_ssl.cli", *words]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[2], stderr=subprocess.DEVNULL)
    wait_for(lambda: list(out.glob("jobs/finetune/*/job.json")), process)
    process.send_signal(how)
    assert process.wait() == (-how if how == signal.SIGKILL else 128 + how)
    time.sleep(0.5)  # the job at work notices
    before = done(out)
    assert 0 < len(before) < 15
    assert main(words) == 0
    after = done(out)
    assert {job: after[job] for job in before} == before and len(after) == 15
    assert timeless(results(out), out) == timeless(results(finished), finished)


def test_the_learning_rate_is_chosen_by_the_validation_loss(world: World, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert world.compare(out, "mlm", *world.task(), "--seeds", "1", "--finetune-seeds", "1", "--tune") == 0
    (run,) = results(out)["runs"]
    tried = {line["learning_rate"]: line["loss"] for line in run["tuning"]["tried"]}
    assert sorted(tried) == [3e-4, 1e-3, 3e-3] and len(set(tried.values())) == 3
    chosen = min(tried, key=lambda rate: tried[rate])
    assert run["tuning"]["chosen"] == chosen and run["tuning"]["tokens"] > 0
    assert f"\nlearning_rate = {chosen!r}\n" in (out / run["folder"] / "recipe.toml").read_text()
    assert len(done(out)) == 2 + 3 + 1 + 2  # overlap and examples, pilots, the run, its scores


def test_a_dry_run_prints_the_cost_and_writes_nothing(world: World, tmp_path: Path, capsys) -> None:
    out, pairs = tmp_path / "out", tmp_path / "pairs.jsonl"
    pairs.write_text('{"sentence_good": "w10 w11", "sentence_bad": "w10 w7"}\n')
    more = [*SEEDS, "--minimal-pairs", str(pairs), "--dry-run", "--jobs", "2"]
    assert world.compare(out, "mlm", "pegasus", *world.task(), *more) == 0
    assert not out.exists()
    lines = capsys.readouterr().out.splitlines()
    assert not any(line.startswith("minimal-pairs pegasus") for line in lines)  # it reads one text and writes another
    for job in ("pretrain mlm seed 1", "finetune mlm seed 1", "probe mlm seed 1", "minimal-pairs mlm seed 1"):
        row = next(line for line in lines if line.startswith(job))
        assert "to do" in row and row.split()[-1].endswith("s"), row
    assert any(line.startswith("17 of 17 jobs to do") for line in lines)


def test_a_dry_run_marks_finished_jobs(finished: Path, world: World, capsys) -> None:
    assert world.compare(finished, "mlm", "clm", *world.task(), *SEEDS, "--dry-run") == 0
    said = capsys.readouterr().out
    assert "0 of 15 jobs to do" in said and "done in" in said and "to do\n" not in said


def test_a_dry_run_takes_the_spread_from_an_earlier_comparison(finished: Path, world: World, tmp_path: Path, capsys):
    words = ["mlm", "clm", *world.task(), *SEEDS, "--dry-run"]
    for extra, source in ([], "assumed"), (["--spread-from", str(finished)], "measured"):
        assert world.compare(tmp_path / "out", *words, *extra) == 0
        said = capsys.readouterr().out
        rows = [
            line.split() for line in said.splitlines() if line.startswith(("finetune, all", "probe, all", "knn, all"))
        ]
        assert [(row[3], row[4], row[5], row[-1]) for row in rows] == [("cues", "24", "2", source)] * 3
        assert "Best use of the next hour:" in said
    assert world.compare(tmp_path / "out", *words, "--spread-from", str(tmp_path)) == 2


def test_a_comparison_grows_until_it_has_an_answer(finished: Path, again: Path, world: World, capsys) -> None:
    words = ["mlm", "clm", *world.task(), "--finetune-seeds", "2", "--seeds", "2", "3"]
    assert world.compare(again, *words, "--difference", "100") == 0
    found = results(again)
    assert (found["question"]["seeds"], found["question"]["looks"]) == ([1, 2], [2, 3])
    assert "after 2 seeds, every difference is significant or known to within 100 points" in capsys.readouterr().err
    before = done(again)
    assert world.compare(again, *words, "--difference", "0.001") == 0
    assert re.search("after 2 seeds, [123] of 3 differences are undecided", capsys.readouterr().err)
    assert results(again)["question"]["seeds"] == [1, 2, 3]
    assert before.items() <= done(again).items()


@pytest.mark.parametrize(
    ("seeds", "problem"),
    [
        (["999", "--first-seed", "3"], "all seeds must lie in 1..1000"),
        (["2", "--first-seed", "0"], "all seeds must lie in 1..1000"),
        (["0"], "it must lie in 1..1000"),
        (["3", "10000000000"], "it must lie in 1..1000"),
        (["3", "2"], "several numbers must increase"),
        (["3", "3"], "several numbers must increase"),
        (["1", "5"], "begin with at least 2"),
    ],
)
def test_impossible_numbers_of_seeds_are_refused(
    world: World, tmp_path: Path, capsys, seeds: list[str], problem: str
) -> None:
    assert world.compare(tmp_path / "out", "mlm", *world.task(), "--seeds", *seeds) == 2
    flag, given = ("--first-seed", seeds[-1:]) if "--first-seed" in seeds else ("--seeds", seeds)
    assert f"{flag} is {' '.join(given)}: {problem}" in capsys.readouterr().err


def test_side_by_side_gives_the_same(finished: Path, world: World, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert world.compare(out, "mlm", "clm", *world.task(), *SEEDS, "--jobs", "3") == 0
    ours, theirs = timeless(results(out), out), timeless(results(finished), finished)
    for found in (ours, theirs):
        found.pop("commands")
    assert ours == theirs


# -- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "messages"),
    [
        (["mml", "--task", "sst2"], ["no recipe 'mml': did you mean 'mlm'?"]),
        (["mlm", "clmm", "sopp", "--task", "sst2"], ["no recipe 'clmm'", "no recipe 'sopp'"]),
        (["mlm", "mlm", "--task", "sst2"], ["mlm is named twice: remove one"]),
        (["mlm", "--task", "sts2"], ["no task 'sts2'"]),
        (["mlm", "--task", "sst2", "--task", "cola"], ["task 'sst2': no folder", "task 'cola': no folder"]),
        (["mlm", "--task", "TASK", "--seeds", "0"], ["--seeds is 0: it must lie in 1..1000"]),
        (["mlm", "--task", "TASK", "--train-examples", "5"], ["--train-examples is 5: it must be at least 20"]),
        (["mlm", "--task", "TASK", "--train-examples", "500"], ["500: cues has 40 training examples"]),
        (["mlm", "--task", "TASK", "--corpus", "nowhere"], ["nowhere: no prepared corpus here"]),
    ],
)
def test_wrong_input_is_refused_before_anything_is_written(words, messages, world: World, tmp_path, capsys) -> None:
    task = str(world.folder / "cues.toml")
    words = [task if word == "TASK" else word for word in words]
    corpus = [] if "--corpus" in words else ["--corpus", str(world.folder / "corpus")]
    out = tmp_path / "out"
    assert main(["compare", *words, *corpus, "--data", str(world.folder / "tasks"), "--out", str(out), *FEW]) == 2
    said = capsys.readouterr().err
    assert all(message in said for message in messages), said
    assert not out.exists()


@pytest.mark.slow
def test_an_own_table_in_a_single_file_is_scored(world: World, tmp_path: Path) -> None:
    file = str(world.folder / "tasks" / "cues" / "train.tsv")
    columns = ["--text-column", "text", "--label-column", "label", "--data", file]
    assert world.compare(tmp_path / "out", "mlm", "--task", "own", *columns, "--seeds", "1") == 0
    (task,) = results(tmp_path / "out")["tasks"]
    assert (task["name"], task["examples"]) == ("own", {"train": 32, "dev": 8})
    lines = results(tmp_path / "out")["scores"]
    assert {line["method"] for line in lines if line["model"] == "mlm"} == {"finetune", "probe", "knn"}


def test_options_are_checked_before_anything_is_read(world: World, tmp_path: Path, capsys) -> None:
    corpus, out = str(world.folder / "corpus"), str(tmp_path / "out")
    wrong = ["--seeds", "0", "--jobs", "257", "--finetune-seeds", "1001"]
    assert main(["compare", "mlm", "--corpus", corpus, "--out", out, *FEW, *wrong]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "nlp-ssl: error: --jobs is 257: it must lie in 1..256",
        "nlp-ssl: error: --seeds is 0: it must lie in 1..1000",
        "nlp-ssl: error: --finetune-seeds is 1001: it must lie in 1..1000",
    ]


def test_learning_rates_cannot_be_tuned_without_a_validation_split(world: World, tmp_path: Path, capsys) -> None:
    corpus = shutil.copytree(world.folder / "corpus", tmp_path / "corpus")
    replace_split(corpus, "validation", [])
    words = world.arguments(tmp_path / "out", "mlm", *world.task(), "--tune", "--corpus", str(corpus))
    assert main(words) == 2
    assert "its validation split is empty" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("budget", ["0.001-minutes", "4-steps", "2-epochs", "1k-tokens", "1G-flops"])
def test_every_kind_of_budget_can_be_held_equal(budget: str, world: World, tmp_path: Path) -> None:
    options, chosen = parse(world.arguments(tmp_path / "out", "mlm", *world.task(), "--budget", budget)[1:])
    assert _question(make_plan(options, chosen))["held_equal"] in BUDGETS


def test_recipes_that_differ_only_in_dropout_share_a_random_initialisation(world: World, tmp_path: Path) -> None:
    for name, dropout in (("a", 0.0), ("b", 0.1)):
        (tmp_path / f"{name}.toml").write_text(f"[model]\ndropout = {dropout}\n[objective.mlm]\n")
    (tmp_path / "c.toml").write_text('[model]\narchitecture = "bert"\n[objective.mlm]\n')
    a, b, c = (str(tmp_path / f"{name}.toml") for name in "abc")
    plan = make_plan(*parse(world.arguments(tmp_path / "out", a, b, *world.task())[1:]))
    assert {plan.random_init(name) for name in plan.recipes} == {"encoder, random initialisation"}
    plan = make_plan(*parse(world.arguments(tmp_path / "out", a, b, c, *world.task())[1:]))
    assert [plan.random_init(name) for name in plan.recipes] == [
        "a, random initialisation",
        "a, random initialisation",
        "c, random initialisation",
    ]


def test_recipes_of_different_budgets_are_refused(world: World, tmp_path: Path, capsys) -> None:
    for name, budget in (("a", 3), ("b", 5)):
        (tmp_path / f"{name}.toml").write_text(f'budget = "{budget}-steps"\n[objective.mlm]\n')
    common = ["--corpus", str(world.folder / "corpus"), *world.task(), "--out", str(tmp_path / "out")]
    assert main(["compare", str(tmp_path / "a.toml"), str(tmp_path / "b.toml"), *common]) == 2
    assert "different budgets (a 3-steps, b 5-steps): give all of them one with --budget" in capsys.readouterr().err


def test_a_folder_with_something_else_is_refused(finished: Path, world: World, tmp_path: Path, capsys) -> None:
    before = done(finished)
    assert world.compare(finished, "mlm", *world.task(), *SEEDS, "--budget", "5-steps") == 2
    assert "holds a comparison with another budget (4-steps, now 5-steps)" in capsys.readouterr().err
    other = write_corpus(tmp_path / "other", seed=1).folder
    assert world.compare(finished, "mlm", *world.task(), *SEEDS, "--corpus", str(other)) == 2
    assert "another corpus" in capsys.readouterr().err
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.txt").write_text("do not lose me")
    assert world.compare(tmp_path / "thesis", "mlm", *world.task(), *SEEDS) == 2
    assert "is not empty and holds no comparison" in capsys.readouterr().err
    assert done(finished) == before and len(list((tmp_path / "thesis").iterdir())) == 1


def test_unfinished_files_of_a_killed_comparison_are_ignored(world: World, tmp_path: Path) -> None:
    (tmp_path / f"comparison.json.1{UNFINISHED}").touch()
    options, chosen = parse(world.arguments(tmp_path, "mlm", *world.task())[1:])
    claim(options, make_plan(options, chosen))


def test_an_existing_model_is_a_row_that_is_only_scored(again: Path, world: World, tmp_path: Path) -> None:
    (run,) = (again / "jobs" / "pretrain").glob("mlm-seed-1-*")
    shutil.copytree(run / "run", tmp_path / "older")
    before = done(again)
    assert world.compare(again, "mlm", "clm", str(tmp_path / "older"), *world.task(), *SEEDS) == 0
    assert kinds(set(done(again)) - set(before)) == [
        "finetune/older-on-cues-all-examples",
        "probe/older-on-cues-all-examples",
    ]
    found = results(again)
    assert found["question"]["objectives"] == ["mlm", "clm", "older"]
    assert [run["objective"] for run in found["runs"]] == ["mlm", "clm", "mlm", "clm"]

    def scores(model: str, seed: int | None) -> list[tuple[str, str, float]]:
        lines = [s for s in found["scores"] if (s["model"], s["pretraining_seed"]) == (model, seed)]
        return [(line["method"], line["metric"], line["score"]) for line in lines]

    assert scores("older", None) == scores("mlm", 1)  # the same network, on the same draws
    report = (again / "report.md").read_text()
    assert "older is an existing model, one network" in report
    assert "older: an existing model, scored as it is, without pretraining here." in report


DAMAGED = {
    "0xff in region 3": [
        "jobs/pretrain/mlm-seed-1-*/run/metrics.jsonl",
        "jobs/probe/mlm-seed-1-*/done.json",
        "comparison.json",
        "results.json",
    ],
    "bit flipped in region 4": [
        "jobs/pretrain/clm-seed-1-*/run/model/model.safetensors",
        "jobs/finetune/mlm-seed-1-*/scores/scored/*.npz",
        "jobs/finetune/mlm-seed-2-*/scores/options.json",
        "baselines/*.npz",
    ],
    "deleted": [
        "jobs/pretrain/clm-seed-2-*/run/model/config.json",
        "jobs/probe/clm-seed-2-*/scores/scored/*.npz",
        "jobs/overlap/*/done.json",
    ],
}
"""Ways to damage files of a comparison, and the files."""


@pytest.mark.parametrize("damage", DAMAGED)
def test_damaged_results_are_computed_again(damage: str, again: Path, finished: Path, world: World) -> None:
    files = [next(iter(sorted(again.glob(pattern)))) for pattern in DAMAGED[damage]]
    jobs = {"/".join(file.relative_to(again).parts[1:3]) for file in files if file.is_relative_to(again / "jobs")}
    before = done(again)
    for file in files:
        DAMAGES[damage](file)
    assert world.compare(again, "mlm", "clm", *world.task(), *SEEDS) == 0
    after = done(again)
    assert {job for job in after if after[job] != before.get(job)} == jobs and after.keys() == before.keys()
    assert timeless(results(again), again) == timeless(results(finished), finished)


def test_pairs_that_no_objective_can_score_are_named(world: World, tmp_path: Path, capsys) -> None:
    words, sentences = tmp_path / "words.tsv", tmp_path / "sentences.jsonl"
    words.write_text("tea\tcup\t5\nred\tcup\t1\nred\ttea\t2\n")
    sentences.write_text('{"sentence_good": "the red cup", "sentence_bad": "red the cup"}\n')
    both = ["--word-pairs", str(words), "--minimal-pairs", str(sentences)]
    for objective, left_out, reason in (
        ("mlm", "words", "trains word vectors (cbow and skip_gram do)"),
        ("cbow", "sentences", "gives likelihoods of texts (mlm and clm do)"),
    ):
        make_plan(*parse(world.arguments(tmp_path / "out", objective, *world.task(), *both)[1:]))
        said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("skipped: ")]
        assert said == [f"skipped: {left_out}, as none of these objectives {reason}"]


ECHO = """
[task]
kind = "generation"
columns = ["text"]
label = "first"
metrics = ["rouge_1", "rouge_l"]
"""


@pytest.fixture
def echo(world: World, tmp_path: Path) -> list[str]:
    """Flags of a task whose texts to write are the first three words of texts."""
    (tmp_path / "tasks" / "echo").mkdir(parents=True)
    (tmp_path / "echo.toml").write_text(ECHO)
    for split in ("train", "dev"):
        rows = (world.folder / "tasks" / "cues" / f"{split}.tsv").read_text().splitlines()[1:]
        texts = [row.partition("\t")[0] for row in rows]
        lines = [f"{text}\t{' '.join(text.split()[:3])}" for text in texts]
        (tmp_path / "tasks" / "echo" / f"{split}.tsv").write_text("\n".join(["text\tfirst", *lines, ""]))
    return ["--task", str(tmp_path / "echo.toml"), "--data", str(tmp_path / "tasks")]


def test_objectives_that_cannot_write_are_named(world: World, tmp_path: Path, echo: list[str], capsys) -> None:
    assert world.compare(tmp_path / "out", "mlm", "bart", "clm", *echo) == 2
    assert "echo.toml: its labels are texts to write, which models of mlm, clm cannot learn" in capsys.readouterr().err
    assert world.compare(tmp_path / "out", "bart", *echo, "--methods", "probe") == 2
    assert "--methods probe: only finetune scores echo, a text to write" in capsys.readouterr().err
    plan = make_plan(*parse(world.arguments(tmp_path / "out", "bart", "t5", *echo)[1:]))
    assert {job.kind for job in plan.jobs()} == {"overlap", "show", "pretrain", "finetune", "evaluate"}


@pytest.mark.slow
def test_texts_are_written_and_scored(world: World, tmp_path: Path, echo: list[str], capsys) -> None:
    assert world.compare(tmp_path / "out", "bart", "t5", *echo, *SEEDS, "--learning-rates", "1e-2") == 0
    assert re.search(r"echo +finetune .* first sentences \(lead\)", capsys.readouterr().out)
    found = results(tmp_path / "out")
    assert {line["metric"] for line in found["scores"]} == {"rouge_1", "rouge_l"}
    keys = [(s["model"], s["pretraining_seed"]) for s in found["scores"] if s["metric"] == "rouge_l"]
    assert ("lead", None) in keys and {seed for model, seed in keys if model == "t5"} == {1, 2}


def test_two_at_once_in_one_folder_are_refused(again: Path, world: World, capsys) -> None:
    from nlp_ssl.output_folder import exclusive

    with exclusive(again):
        assert world.compare(again, "mlm", *world.task(), *SEEDS) == 2
    assert "another process is writing to this folder" in capsys.readouterr().err


def plan_without_a_task(world: World, tmp_path: Path, documents: list[Any], *words: str) -> Plan:
    corpus = Path(shutil.copytree(world.folder / "corpus", tmp_path / "corpus"))
    replace_split(corpus, "validation", documents)
    common = ["--corpus", str(corpus), "--out", str(tmp_path / "out"), "--corpus-examples", "500", *words]
    return make_plan(*parse(["mlm", "sop", *common]))


def test_without_a_task_the_corpus_gives_them(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    documents = np.random.default_rng(5).integers(5, 30, (120, 12, 8)).tolist()
    plan = plan_without_a_task(world, tmp_path, documents)
    assert [task.name for task in plan.tasks] == ["bigram_shift", "half_order", "next_sentence"]
    assert [task.counts for task in plan.tasks] == [{"train": n, "dev": 500} for n in (250, 250, 248)]
    assert [pairs.name for pairs in plan.minimal_pairs] == ["damaged_sentences"]
    assert {job.kind for job in plan.jobs()} == {"show", "pretrain", "probe", "minimal-pairs", "retrieval"}
    assert "left out: " in (said := capsys.readouterr().err) and "gives 0 dev examples for odd_word" in said


def test_too_little_held_out_text_for_any_task(world: World, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="for any task; do what one of the lines above says, or"):
        plan_without_a_task(world, tmp_path, [[[5, 6, 7]], [[8, 9]]])
    shutil.rmtree(tmp_path / "corpus")
    with pytest.raises(InputError, match="0 dev examples for half_order, at least 200 are needed; prepare more text"):
        plan_without_a_task(world, tmp_path, [[[5, 6, 7]], [[8, 9]]], "--task", "half_order")
