"""Plug-ins: an objective and a head of one's own, installed as a package or named by --plugin."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors import safe_open

from nlp_ssl import registry
from nlp_ssl.cli import main, split_plugins
from nlp_ssl.comparison.plan import Job
from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.options import TaskOptions
from nlp_ssl.evaluation.result_cache import command
from tests.worlds import write_corpus

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "tests" / "example_plugin"
TINY = ["--model.size", "tiny", "--batch.max-length", "32", "--batch.tokens", "256", "--precision", "fp32"]


def test_members_are_classes_in_the_module_of_their_name() -> None:
    assert {"mlm", "clm", "rtd", "contrastive"} <= set(registry.names("objectives"))
    assert not {"base", "mixture", "_windows"} & set(registry.names("objectives"))
    assert registry.find("objectives", "mlm").__name__ == "MaskedLM"
    assert registry.find("heads", "nt_xent").__module__ == "nlp_ssl.heads.nt_xent"
    with pytest.raises(InputError, match="no such objective 'mlmm': did you mean 'mlm'"):
        registry.find("objectives", "mlmm")


def test_plugins_are_taken_out_of_a_command_line() -> None:
    words = ["--plugin", "a.py", "pretrain", "mlm", "--plugin=b.c", "--seed", "1"]
    assert split_plugins(words) == (["pretrain", "mlm", "--seed", "1"], ["a.py", "b.c"])


def test_installed_packages_are_searched_only_for_names_that_are_not_built_in(monkeypatch) -> None:
    searched = []
    monkeypatch.setattr(registry, "_announced", lambda group: searched.append(group) or {})
    assert registry.knows("objectives", "mlm") and registry.find("objectives", "mlm").name == "mlm"
    assert searched == []
    assert not registry.knows("objectives", "mlmm")
    assert searched == ["objectives"]


def test_printed_commands_have_the_plugins_that_are_loaded(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(registry, "_plugins", [])
    file = tmp_path / "mine.py"
    file.write_text("def rows():\n    return {}\n")
    registry.load_plugins([str(file), "json", str(file)])
    assert registry.plugin_flags() == ["--plugin", str(file), "--plugin", "json"]
    options = TaskOptions(run=Path("run"), task="sst2", out=Path("out"), seeds=2)
    expected = f"nlp-ssl --plugin {file} --plugin json finetune run --task sst2 --out out --seeds 2"
    assert command("finetune", options) == expected
    job = Job(name="", kind="probe", out=tmp_path, depends={}, arguments=(["run"],))
    assert job.command == f"nlp-ssl --plugin {file} --plugin json probe run"


@pytest.mark.parametrize(
    ("plugin", "message"),
    [
        ("no_such_module_here", "cannot import it: ModuleNotFoundError"),
        ("no/such/file.py", "no such file"),
        ("", "name a module or a .py file"),
    ],
)
def test_a_plugin_that_cannot_be_loaded_is_one_sentence(plugin, message, capsys) -> None:
    assert main(["show", "mlm", "--plugin", plugin]) == 2
    assert message in capsys.readouterr().err


def test_a_plugin_that_exits_is_one_sentence(tmp_path, capsys) -> None:
    (tmp_path / "exits.py").write_text("raise SystemExit(0)\n")
    assert main(["--plugin", str(tmp_path / "exits.py"), "show", "mlm"]) == 2
    assert "exits.py: cannot import it: SystemExit: 0\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text", ["", "x = 1\n", "import json\nfrom math import sqrt\n", "class Alone:\n    name = 'a'\n"]
)
def test_a_plugin_that_defines_nothing_is_one_sentence(text, tmp_path, capsys) -> None:
    (tmp_path / "defines_nothing.py").write_text(text)
    assert main(["--plugin", str(tmp_path / "defines_nothing.py"), "pretrain", "mlm"]) == 2
    assert capsys.readouterr().err == (
        f"nlp-ssl: error: --plugin {tmp_path}/defines_nothing.py: it defines nothing to load: "
        f"derive a class from {', '.join(base for _, base in registry.GROUPS.values())}\n"
    )


def test_a_plugin_cannot_take_the_name_of_a_built_in(tmp_path, capsys) -> None:
    file = tmp_path / "mine.py"
    file.write_text("from nlp_ssl.objectives.mlm import MaskedLM\nclass Mine(MaskedLM):\n    pass\n")
    assert main(["show", "mlm", "--plugin", str(file)]) == 2
    assert "'mlm' is the name of a built-in member: choose another" in capsys.readouterr().err


def run(*words: str, path: Path | None = None) -> subprocess.CompletedProcess:
    """Run the program, with the example package importable from `path`."""
    searched = os.pathsep.join(map(str, filter(None, [path, ROOT])))
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": searched}
    return subprocess.run(
        [sys.executable, "-m", "nlp_ssl", *words], env=environment, capture_output=True, text=True, check=False
    )


def install(folder: Path) -> Path:
    """Install the example package into a folder; returns the folder."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--target"]
    subprocess.run([*pip, str(folder), str(EXAMPLE)], check=True, capture_output=True)
    return folder


@pytest.mark.slow
def test_an_installed_objective_works_with_every_command(tmp_path) -> None:
    corpus, site = str(write_corpus(tmp_path / "corpus", documents=80).folder), install(tmp_path / "site")
    for name in ("train", "dev"):
        lines = [f"w{7 + i % 2} w{9 + i % 5}\t{i % 2}" for i in range(60)]
        (tmp_path / "tasks" / "own").mkdir(parents=True, exist_ok=True)
        (tmp_path / "tasks" / "own" / f"{name}.tsv").write_text("\n".join(["sentence\tlabel", *lines]) + "\n")
    task = tmp_path / "own.toml"
    task.write_text('[task]\ncolumns = ["sentence"]\nlabel = "label"\nmetrics = ["accuracy"]\n')
    trained, steps = str(tmp_path / "run"), ["--budget", "12-steps", "--evaluations", "2"]
    data, fine = ["--task", str(task)], ["--epochs", "1", "--learning-rates", "0.001"]
    compared = ["--data", str(tmp_path / "tasks"), "--seeds", "1", "--finetune-seeds", "1"]
    compared += ["--out", str(tmp_path / "comparison")]
    calls = [
        ["show", "queue_contrast", "--corpus", corpus, *TINY[2:6]],
        ["pretrain", "queue_contrast", "--corpus", corpus, "--out", trained, *TINY, *steps],
        ["finetune", trained, *data, "--data", str(tmp_path / "tasks" / "own"), "--out", str(tmp_path / "fine"), *fine],
        ["compare", "queue_contrast", "mlm", "--corpus", corpus, *data, *fine, *TINY, *steps, *compared],
    ]
    for words in calls:
        done = run(*words, path=site)
        assert done.returncode == 0, done.stderr
    evaluated = run("evaluate", trained, "--corpus", corpus, path=site)
    assert evaluated.returncode == 2 and "the run saved only the body" in evaluated.stderr
    without = run("pretrain", "queue_contrast", "--corpus", corpus, "--out", str(tmp_path / "none"), *TINY)
    assert without.returncode == 2 and "no recipe 'queue_contrast'" in without.stderr
    # A run of a stranger's objective names it, and imports nothing.
    stranger = run("show", trained, "--corpus", corpus)
    assert stranger.returncode == 2 and "an objective of a plug-in needs --plugin MODULE" in stranger.stderr


@pytest.mark.slow
def test_an_averaged_copy_and_a_queue_are_in_checkpoints_and_not_in_the_model(tmp_path) -> None:
    corpus = str(write_corpus(tmp_path / "corpus", documents=80).folder)
    plugin = ["--plugin", "nlp_ssl_example.objective", "--plugin", "nlp_ssl_example.head"]

    def pretrain(out: str, *more: str, into: str = "--out") -> bytes:
        common = ["pretrain", "queue_contrast", "--corpus", corpus, into, str(tmp_path / out), *TINY, *plugin]
        done = run(*common, "--budget", "20-steps", "--log-every", "5", "--evaluations", "1", *more, path=EXAMPLE)
        assert done.returncode == 0, done.stderr
        return (tmp_path / out / "model" / "model.safetensors").read_bytes()

    def losses(out: str) -> list[float]:
        lines = [json.loads(line) for line in (tmp_path / out / "metrics.jsonl").read_text().splitlines()]
        return [line["loss"] for line in lines if line["event"] == "train"]

    whole = pretrain("whole")
    pretrain("parts", "--save-every", "8", "--keep-checkpoints", "9")
    import shutil

    for gone in ("checkpoints/step-00000016", "checkpoints/step-00000020", "model"):
        shutil.rmtree(tmp_path / "parts" / gone)
    assert pretrain("parts", into="--resume") == whole
    assert losses("parts") == losses("whole")
    with safe_open(tmp_path / "whole" / "model" / "model.safetensors", "pt") as model:
        assert not any("queue" in key or "averaged" in key for key in model.keys())  # noqa: SIM118
