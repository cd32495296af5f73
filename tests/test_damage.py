"""Damage by generation: each file that a command writes is damaged in many ways, and the command that reads it is run.

It gives the result that it gives without the damage, because the file is not needed for it or is made again; or it
ends with status 2, one sentence with the file's name, and a remedy that works.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nlp_ssl.checksums import SEAL
from nlp_ssl.corpus.prepare import _Preparation
from nlp_ssl.export import push
from tests.comparison.worlds import World, write_comparison
from tests.damage import DAMAGES
from tests.harm import Kit, call, copy, make_kit, state

FEW = 10
"""Damaged files of each scenario in `make test`."""
MORE = None if os.environ.get("EXHAUSTIVE") else 100
"""Of each scenario in the slow tests; all with EXHAUSTIVE=1."""

Result = Callable[[Path], Any]


@dataclass(frozen=True)
class Scenario:
    """Files that are damaged, and the command that reads them."""

    damaged: str
    """A folder of the kit, whose files are damaged one at a time."""
    command: str
    """The name of the command in `Kit.commands`."""
    files: str = "*"
    """The pattern of the files."""
    written: str | None = None
    """The folder whose content is the command's result; None for what it prints."""
    before: Callable[[Path], None] = lambda out: None
    """What is done to the kit's folder before the command, with or without damage."""
    unread: tuple[str, ...] = ()
    """Names of files that nobody reads, and that are not written again."""
    slow: bool = False
    """Whether only the slow tests damage these files, because another scenario does the same."""


def without_model(out: Path) -> None:
    """As if a run was killed after its last checkpoint, so that --resume has to read what it wrote."""
    shutil.rmtree(out / "run" / "model")


def with_unfinished_corpus(out: Path) -> None:
    shutil.rmtree(out / "corpus")
    (out / "unfinished").rename(out / "corpus")


CARD = ("README.md",)
SCENARIOS = {
    "show reads a corpus": Scenario("corpus", "shown"),
    "prepare finds its corpus": Scenario("corpus", "corpus", written="corpus"),
    "prepare goes on": Scenario("corpus/work", "corpus", written="corpus", before=with_unfinished_corpus),
    "evaluate reads a run": Scenario("run", "evaluated", unread=CARD),
    "export reads a model": Scenario("run/model", "vectors.txt", written="vectors.txt", unread=CARD),
    "embed reads a model": Scenario("run/model", "embedded.npy", written="embedded.npy", unread=CARD, slow=True),
    "predict reads a model": Scenario(
        "finetuned/model", "predicted.jsonl", written="predicted.jsonl", unread=CARD, slow=True
    ),
    "export finds its folder": Scenario("exported", "exported", written="exported", slow=True),
    "push reads a model": Scenario("run/model", "pushed", unread=CARD, slow=True),
    "minimal-pairs reads a model": Scenario("run/model", "pairs", unread=CARD),
    "a run is resumed": Scenario(
        "run", "resumed", written="run", before=without_model, unread=("checkpoints", "snapshots")
    ),
    "a finished run is resumed": Scenario(
        "run/model", "resumed", written="run/model", unread=("README.md", "checksums.json")
    ),
    "finetune finds its results": Scenario("finetuned", "finetuned", written="finetuned", unread=("model",)),
    "probe finds its results": Scenario("probed", "probed", written="probed"),
    "minimal-pairs finds its results": Scenario("pairs", "pairs", written="pairs"),
    "few-shot finds its results": Scenario("prompted", "prompted", written="prompted"),
    "report reads a comparison": Scenario("comparison", "report", written="comparison", unread=("outputs",)),
}


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Kit:
    """Everything, undamaged; `unfinished` is a preparation that was killed before its manifest was written."""
    folder = tmp_path_factory.mktemp("kit")
    kit = make_kit(folder / "in", folder / "out")
    commands = kit.commands()

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_Preparation, "_finish", die)
        assert call(commands["corpus"])[0] == 130
    shutil.copytree(kit.out / "corpus", kit.out / "unfinished")
    for name in ("corpus", "run", "finetuned", "probed", "pairs", "prompted", "exported"):
        status, _, said = call(commands[name])
        assert status == 0, said
    write_comparison(kit.out / "comparison", World(seeds=1, finetuning_seeds=1, examples=40, train_examples=(None,)))
    return kit


@pytest.fixture(autouse=True)
def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without checksums is uploaded without them."""
    monkeypatch.setattr(push, "upload", lambda folder, files, *_: f"{sorted({*files} - {SEAL})} are on the hub")


def run(scenario: Scenario, kit: Kit) -> tuple[int, Any, str]:
    """The status of the command, its result and what it said."""
    status, printed, said = call(kit.commands()[scenario.command])
    if scenario.written is None or status:
        return status, re.sub(r"\S+ per second +\S+|per second .*", "", printed), said
    return status, _written(kit.out / scenario.written, scenario), said


def _written(place: Path, scenario: Scenario) -> Any:
    def ignored(file: Path) -> bool:
        return bool({file.name, *(part.name for part in file.parents)} & set(scenario.unread))

    return place.read_bytes() if place.is_file() else state(place, ignored)


def cases(scenario: Scenario, kit: Kit) -> list[tuple[str, str]]:
    """The name of each file, with each damage."""
    source = kit.out / scenario.damaged
    if scenario.before is with_unfinished_corpus:
        source = kit.out / "unfinished" / "work"
    files = [str(file.relative_to(source)) for file in sorted(source.rglob(scenario.files)) if file.is_file()]
    return [(file, damage) for file in files for damage in DAMAGES]


def fault(scenario: Scenario, kit: Kit, expected: Any, name: str, damage: str, scratch: Path) -> str:
    """What is wrong with the outcome of a damage; empty if nothing is."""
    mine = Kit(kit.folder, kit.out)
    saved = scratch / "saved"
    copy(kit.out, saved)
    try:
        scenario.before(kit.out)
        file = kit.out / scenario.damaged / name
        if not file.exists():
            return ""
        shutil.copy2(file, scratch / "copy")
        file.unlink()
        shutil.move(scratch / "copy", file)
        DAMAGES[damage](file)
        try:
            status, result, said = run(scenario, mine)
        except Exception as error:
            return f"traceback: {type(error).__name__}: {error}"
        if status == 0:
            warned = any(line.startswith("warning") and name in line for line in said.splitlines())
            return "" if result == expected or warned else f"another result: {_difference(expected, result)}"
        problems = [line for line in said.splitlines() if line.startswith("nlp-ssl: error: ")]
        if status != 2 or not problems:
            return f"status {status}: {said[-300:]}"
        places = str(kit.out)
        if any(len(line.replace(places, "")) > 300 for line in problems):
            return f"too long: {problems[0]}"
        if not any(Path(name).name in line for line in problems):
            return f"the file is not named: {problems[0]}"
        return follow_remedy(scenario, mine, " ".join(problems), expected, kit)
    finally:
        shutil.rmtree(kit.out)
        saved.rename(kit.out)


def follow_remedy(scenario: Scenario, kit: Kit, problem: str, expected: Any, whole: Kit) -> str:
    """Do what the sentence says, and run the command again; says what is wrong then."""
    commands = kit.commands()
    if "delete the folder and prepare" in problem:
        shutil.rmtree(kit.out / "corpus")
        call(commands["corpus"])
    elif found := re.search(r"delete the folder (step-\d+) to resume", problem):
        shutil.rmtree(kit.out / "run" / "checkpoints" / found[1])
    elif found := re.search(r"delete the folder (\S+) to compute", problem):
        shutil.rmtree(found[1])
    elif "of this export" in problem or "so no export" in problem:
        shutil.rmtree(kit.out / "exported")
    elif "another --out" in problem:
        shutil.rmtree(kit.out / "run")
        status, _, said = call(commands["run"])
        assert status == 0, said
        if scenario.before is without_model:
            return ""
    elif "the command that wrote it" in problem and scenario.damaged.startswith("finetuned"):
        shutil.rmtree(kit.out / "finetuned")
        status, _, said = call(commands["finetuned"])
        assert status == 0, said
    elif "the command that wrote it" in problem:
        status, _, said = call(commands["resumed"])
        if status:
            return f"the remedy fails: {problem}: {said[-300:]}"
    elif "metrics.jsonl is damaged: delete it" in problem:
        (kit.out / "run" / "metrics.jsonl").unlink()
    elif "run `nlp-ssl compare` again" in problem or "run compare again" in problem:
        return ""  # see test_compare_command
    else:
        return f"no remedy: {problem}"
    status, result, said = run(scenario, kit)
    if status:
        return f"the remedy fails: {problem}: {said[-300:]}"
    if "metrics.jsonl is missing: it will lack" in said:
        result, expected = ({**found, "metrics.jsonl": None} for found in (result, expected))
    return "" if result == expected else f"the remedy gives another result: {problem} {_difference(expected, result)}"


def _difference(one: Any, other: Any) -> str:
    if isinstance(one, dict) and isinstance(other, dict):
        keys = [key for key in one.keys() | other.keys() if one.get(key) != other.get(key)]
        return ", ".join(f"{key}: {str(one.get(key))[:100]} -> {str(other.get(key))[:100]}" for key in sorted(keys)[:4])
    return f"{str(one)[:200]} -> {str(other)[:200]}"


def try_cases(name: str, kit: Kit, scratch: Path, most: int | None) -> None:
    scenario = SCENARIOS[name]
    copy(kit.out, scratch / "first")
    scenario.before(kit.out)
    status, expected, said = run(scenario, kit)
    assert status == 0, said
    shutil.rmtree(kit.out)
    (scratch / "first").rename(kit.out)
    chosen = cases(scenario, kit)
    if most is not None and len(chosen) > most:
        numbers = np.random.default_rng(0).choice(len(chosen), most, replace=False)
        chosen = [chosen[i] for i in sorted(numbers)]
    check = partial(fault, scenario, kit, expected)
    faults = [f"{file}, {damage}: {found}" for file, damage in chosen if (found := check(file, damage, scratch))]
    print(f"{name}: {len(chosen)} damaged files, {len(faults)} faults")
    assert not faults, f"{len(faults)} of {len(chosen)}:\n" + "\n".join(faults)


@pytest.mark.parametrize("name", [name for name, scenario in SCENARIOS.items() if not scenario.slow])
def test_damage_is_noticed_or_changes_nothing(name: str, kit: Kit, tmp_path: Path) -> None:
    try_cases(name, kit, tmp_path, FEW)


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
def test_more_damage_is_noticed_or_changes_nothing(name: str, kit: Kit, tmp_path: Path) -> None:
    try_cases(name, kit, tmp_path, MORE)
