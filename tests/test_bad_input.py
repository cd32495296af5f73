"""Nonsense on the command line, in recipes and in tables of tasks: a result, or one short sentence and status 2."""

import io
import json
import os
import random
import re
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub.constants
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nlp_ssl import cli, compare_command, demo, recipe_files
from nlp_ssl.comparison import executor
from nlp_ssl.evaluation.experiment import Experiment
from nlp_ssl.export import push
from nlp_ssl.recipe import Recipe, flat
from nlp_ssl.training import run as training
from tests.training.runs import pretrain
from tests.worlds import write_corpus

EXHAUSTIVE = bool(os.environ.get("EXHAUSTIVE"))
"""Whether the slow tests try every case, which takes hours; else a part of them."""
LONGEST = 300
"""Characters of an error message, without the paths of this test's own folders."""


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    """A folder with a corpus, a run of each kind, and files of a task, word pairs and minimal pairs."""
    folder = tmp_path_factory.mktemp("world")
    corpus = write_corpus(folder / "corpus").folder
    for objective in ("mlm", "cbow", "sop"):
        assert pretrain(objective, corpus, folder / objective, "--budget", "2-steps") == 0
    rows = [f"w{i % 40} w{3 * i % 40} w{7 * i % 40}\t{i % 2}" for i in range(80)]
    (folder / "task.tsv").write_text("\n".join(["text\tlabel", *rows, ""]))
    for split in ("train", "dev"):
        (folder / "tasks" / "mine").mkdir(parents=True, exist_ok=True)
        (folder / "tasks" / "mine" / f"{split}.tsv").write_text("\n".join(["text\tlabel", *rows, ""]))
    (folder / "pairs.tsv").write_text("".join(f"w{i}\tw{i + 1}\t{i % 7}\n" for i in range(30)))
    (folder / "blimp.jsonl").write_text(
        "".join(f'{{"sentence_good": "w{i} w9", "sentence_bad": "w9 w{i}", "UID": "a"}}\n' for i in range(10, 40))
    )
    (folder / "text.txt").write_text("".join(f"w{i % 40} w{3 * i % 40} w{7 * i % 40}.\n" for i in range(80)))
    return folder


@pytest.fixture
def place(tmp_path, world, monkeypatch) -> Path:
    """An empty working directory. Commands check their input, but do no long work."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(training, "_train", lambda *arguments: 0)
    monkeypatch.setattr(Experiment, "result", lambda self: {})
    monkeypatch.setattr(executor, "execute", lambda *arguments: None)
    monkeypatch.setattr(compare_command, "conclude", lambda *arguments: {})
    monkeypatch.setattr(push, "upload", lambda *arguments: "")
    monkeypatch.setattr(demo, "cli", SimpleNamespace(main=lambda arguments: 0))
    folder = tmp_path / "place"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def check(arguments: list[str], place: Path, capsys) -> int:
    """Run a command that must not fail but with one short sentence. Returns its status."""
    before = sorted(place.rglob("*"))
    try:
        status = cli.main(arguments)
    except SystemExit as leave:
        status = leave.code
    said = capsys.readouterr().err
    what = f"{arguments}\n{said[-2000:]}"
    assert status in (0, 1, 2), what
    assert "Traceback" not in said, what
    if status == 2:
        errors = [line for line in said.splitlines() if line.startswith("nlp-ssl: error: ")]
        assert errors, what
        short = [re.sub(rf"{re.escape(str(place.parents[1]))}\S*", "…", line) for line in errors]
        assert max(map(len, short)) < LONGEST, what
        assert sorted(place.rglob("*")) == before, what
    return status


# --- command lines ---

NONSENSE = [
    *("", " ", "x", "None", "true", "-1", "0", "1", "1.5", "1e999", "nan", "inf", "9" * 40, "1_000", "０", "[1]"),
    *("a" * 4000, "\x1b[31mred", "/dev/null", "../..", "nowhere/x.toml", "--", "\udcff", "{}", "a\nb"),
]


def commands(world: Path) -> dict[str, list[str]]:
    """Arguments with which each command works."""
    task = ["--task", "mine", "--data", str(world / "task.tsv"), "--text-column", "text", "--label-column", "label"]
    several = [str(world / "tasks") if word.endswith("task.tsv") else word for word in task]
    prompts = ["--label-words", "w5", "w6", "--template", "{text} w7 {label}", "--dev-examples", "9", "--seeds", "1"]
    corpus = ["--corpus", str(world / "corpus")]
    tiny = ["--model.size", "tiny", "--batch.max-length", "32", "--batch.tokens", "256"]
    return {
        "prepare": [str(world / "text.txt"), "--out", "out", "--vocab-size", "300", "--processes", "1"],
        "show": ["mlm", *corpus],
        "pretrain": ["mlm", *corpus, "--out", "out", *tiny],
        "evaluate": [str(world / "mlm"), *corpus],
        "finetune": [str(world / "mlm"), *task, "--out", "out"],
        "similarity": [str(world / "cbow"), "--pairs", str(world / "pairs.tsv")],
        "predict": [str(world / "sop"), "--data", str(world / "task.tsv")],
        "embed": [str(world / "mlm"), "--data", str(world / "task.tsv"), "--out", "out.npy"],
        "export": [str(world / "cbow"), "--for", "word2vec", "--out", "out.bin"],
        "push": [str(world / "mlm"), "me/model"],
        "probe": [str(world / "mlm"), *task, "--out", "out"],
        "minimal-pairs": [str(world / "mlm"), "--data", str(world / "blimp.jsonl"), "--out", "out"],
        "few-shot": [str(world / "mlm"), *task, "--out", "out", *prompts],
        "compare": ["mlm", "clm", *corpus, *several, "--out", "out", *tiny, "--seeds", "1", "--dry-run"],
        "retrieval": [str(world / "mlm"), *corpus, "--out", "out"],
        "report": [str(world)],
        "demo": ["--out", "out"],
    }


def flags(command: str, capsys) -> list[str]:
    """All flags in a command's help."""
    with pytest.raises(SystemExit):
        cli.main([command, "--help"])
    found = re.findall(r"(?<![\w.-])--[a-z][\w.-]*[\w]", capsys.readouterr().out)
    return [flag for flag in dict.fromkeys(found) if flag != "--help"]


def test_the_commands_work(world, place, capsys, monkeypatch) -> None:
    assert set(commands(world)) == set(cli.COMMANDS)
    for command, arguments in commands(world).items():
        (place / command).mkdir()
        monkeypatch.chdir(place / command)
        if command not in ("report", "retrieval"):  # there is no comparison, and too little text
            assert check([command, *arguments], place, capsys) == 0, command


def cases(world: Path, command: str, capsys) -> Iterator[list[str]]:
    """Each flag with each nonsense value, without a value, and alone; nonsense in the place of other arguments."""
    works = commands(world)[command]
    for flag in flags(command, capsys):
        for value in NONSENSE:
            yield [command, *works, flag, value]
            yield [command, *works, f"{flag}={value}"]
        yield [command, *works, flag]
        yield [command, flag]
    for value in NONSENSE:
        yield [command, value, *works[1:]]
        yield [command, *works, value]
        yield [command, value]


def chosen(arguments: list[str], part: int) -> bool:
    """Whether a case belongs to the `part`-th part of all, decided by a hash."""
    return zlib.crc32(repr([word for word in arguments if "/" not in word]).encode("utf-8", "replace")) % part == 0


@pytest.mark.parametrize(
    "part", [97, pytest.param(1 if EXHAUSTIVE else 24, marks=pytest.mark.slow)], ids=["some", "more"]
)
@pytest.mark.parametrize("command", cli.COMMANDS)
def test_command_lines(command, part, world, place, capsys) -> None:
    for arguments in cases(world, command, capsys):
        if chosen(arguments, part):
            check(arguments, place, capsys)
            for left in place.iterdir():
                shutil.rmtree(left) if left.is_dir() else left.unlink()


# --- recipes ---

VALUES = [
    *("true", "-1", "0", "1", "0.5", "1e999", "nan", "9" * 40, '""', '"x"', '"../.."', "[]", "[1]", '["a", 1]', "{}"),
    *("{ a = 1 }", "1979-05-27", '"\\u0000"', '"\\u001b[31m"', f'"{"a" * 4000}"', "[" * 3000),
]


def recipe_fields() -> list[str]:
    """The full name of every field of a recipe, and of fields that there are not."""
    recipe = recipe_files.load("mlm")
    known = [name for name in flat(recipe, Recipe) if name != "model.config"]
    config = ["num_hidden_layers", "hidden_size", "vocab_size", "pad_token_id", "dtype", "hidden_activation", "x"]
    return [*known, *(f"model.config.{name}" for name in config), "objective", "objective.x", "x", "model", "batch.x"]


def recipes() -> Iterator[str]:
    for name in recipe_fields():
        table, _, key = name.rpartition(".")
        for value in VALUES:
            objective = "" if table == "objective.mlm" or name == "objective" else "[objective.mlm]\n"
            yield f"{key} = {value}\n{objective}" if not table else f"{objective}[{table}]\n{key} = {value}\n"


@pytest.mark.parametrize(
    "part", [29, pytest.param(1 if EXHAUSTIVE else 7, marks=pytest.mark.slow)], ids=["some", "more"]
)
def test_recipes(part, world, place, capsys) -> None:
    for number, text in enumerate(recipes()):
        if number % part == 0:
            (place.parent / "mine.toml").write_text(text, encoding="utf-8")
            tiny = ["--batch.tokens", "256"] if "[batch]" not in text else []
            command = ["pretrain", str(place.parent / "mine.toml"), "--corpus", str(world / "corpus"), "--out", "out"]
            check([*command, *tiny], place, capsys)
            shutil.rmtree(place / "out", ignore_errors=True)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"\x00", b"[objective.mlm", b"= 1", b"[objective]\nmlm = 1\n"])
def test_files_that_are_no_recipes(content, world, place, capsys) -> None:
    (place.parent / "mine.toml").write_bytes(content)
    command = ["pretrain", str(place.parent / "mine.toml"), "--corpus", str(world / "corpus"), "--out", "out"]
    assert check(command, place, capsys) == 2


# --- tables of tasks ---


def tables() -> Iterator[tuple[str, bytes]]:
    """The name and content of files that should hold a task's examples."""
    draw = random.Random(0)
    good = {
        ".csv": "".join(f"w{i % 40} w{i % 7},{i % 2}\n" for i in range(60)),
        ".tsv": "".join(f"w{i % 40} w{i % 7}\t{i % 2}\n" for i in range(60)),
        ".jsonl": "".join(json.dumps({"text": f"w{i % 40}", "label": i % 2}) + "\n" for i in range(60)),
        ".conll": "".join(f"w{i % 40} X\nw{i % 7} Y\n\n" for i in range(60)),
    }
    good[".csv"] = "text,label\n" + good[".csv"]
    good[".tsv"] = "text\tlabel\n" + good[".tsv"]
    stream = io.BytesIO()
    pq.write_table(pa.table({"text": [f"w{i % 40}" for i in range(60)], "label": [i % 2 for i in range(60)]}), stream)
    files = {suffix: text.encode() for suffix, text in good.items()} | {".parquet": stream.getvalue()}
    for suffix, content in files.items():
        yield suffix, content
        yield suffix, b""
        yield suffix, content[: len(content) // 2]
        yield suffix, content[:-1]
        yield suffix, content.replace(b"\n", b"\r")
        yield suffix, b"\xef\xbb\xbf" + content
        yield suffix, content.decode("latin-1").encode("utf-16")
        yield suffix + ".gz", content
        for _ in range(12):
            damaged = bytearray(content)
            for _ in range(draw.choice([1, 5, 50])):
                damaged[draw.randrange(len(damaged))] = draw.randrange(256)
            yield suffix, bytes(damaged)
        yield suffix, draw.randbytes(2000)
    for value in (
        "null",
        "[]",
        "{}",
        "true",
        "-1",
        "1e400",
        "NaN",
        '""',
        '"a"',
        "[1, [2]]",
        '{"text": 1}',
        '"\\ud800"',
    ):
        rows = [f'{{"text": {value}, "label": {i % 2}}}' for i in range(30)]
        yield ".jsonl", "\n".join(rows).encode()
        rows = [f'{{"text": "w{i}", "label": {value if i % 2 else 0}}}' for i in range(30)]
        yield ".jsonl", "\n".join(rows).encode()
        yield ".jsonl", f"{value}\n".encode() * 30
    for row in ("a", "a,b,c", '"a', ",", '"a""b",1', "=1+1,1", "a" * 200_000 + ",1"):
        yield ".csv", ("text,label\n" + f"{row}\n" * 30).encode()
        yield ".tsv", ("text\tlabel\n" + f"{row}\n".replace(",", "\t") * 30).encode()


@pytest.mark.parametrize("part", [4, pytest.param(1, marks=pytest.mark.slow)], ids=["some", "all"])
def test_tables(part, world, place, capsys) -> None:
    found = list(tables())
    assert len(found) > 150
    for number, (suffix, content) in enumerate(found):
        if number % part == 0:
            file = place.parent / f"task{suffix}"
            file.write_bytes(content)
            columns = ["--text-column", "text", "--label-column", "label"]
            check(
                ["finetune", str(world / "mlm"), "--task", "mine", "--data", str(file), *columns, "--out", "out"],
                place,
                capsys,
            )
            shutil.rmtree(place / "out", ignore_errors=True)
