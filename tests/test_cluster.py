"""Work on a Dask cluster gives what the processes of this machine give."""

from __future__ import annotations

import asyncio
import multiprocessing
import operator
import os
import random
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import nlp_ssl
from nlp_ssl.cli import main
from nlp_ssl.cluster import connected
from nlp_ssl.corpus import units
from nlp_ssl.corpus.options import PrepareOptions
from nlp_ssl.corpus.prepare import prepare
from nlp_ssl.corpus.workers import start_workers
from nlp_ssl.errors import InputError

FORMS = "local:N (N processes here), the address of a scheduler (HOST:PORT), or a .toml file"


def write_texts(folder: Path, files: int) -> Path:
    folder.mkdir()
    for n in range(files):
        lines = [
            f"Person {i * i % 97} of town {n} found letter number {i * n % 89}. It was day {i}." for i in range(60)
        ]
        (folder / f"{n:02d}.txt").write_text("\n".join(lines))
    return folder


def options(text: Path, out: Path, **more: Any) -> PrepareOptions:
    rest: dict[str, Any] = {"vocab_size": 400, "document": ("line",), "processes": 1, **more}
    return PrepareOptions(text=(str(text),), out=out, **rest)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A scheduler with two workers, which are threads of this process."""
    dask = pytest.importorskip("dask.distributed")
    with dask.LocalCluster(n_workers=2, processes=False, dashboard_address=":0", protocol="tcp") as cluster:
        yield cluster.scheduler_address


@pytest.mark.parametrize("place", ["", "local", "local:0", "local:x", "here", "host:port", "a b:1"])
def test_other_values_are_refused(place: str) -> None:
    with pytest.raises(InputError) as error, connected(place, []):
        pass
    assert error.value.problems == (f"--cluster is {place!r}: it must be {FORMS}",)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('cluster = "os.system"', "cluster 'os.system' is not of Dask, such as dask_jobqueue.SLURMCluster; load its"),
        ("workers = 2", "cluster is missing"),
        ('cluster = "dask.distributed.LocalCluster"\nworker = 2', "unknown key worker: did you mean 'workers'?"),
        ('cluster = "dask_of_nobody.Cluster"', "there is no dask_of_nobody.Cluster (No module named 'dask_of_nobody')"),
        ('cluster = "dask.distributed.Cloud"', "there is no dask.distributed.Cloud"),
        (
            'cluster = "dask.distributed.SSHCluster"\n[arguments]\nbanana = 1',
            "dask.distributed.SSHCluster does not sta",
        ),
    ],
)
def test_wrong_descriptions_are_refused(text: str, problem: str, tmp_path: Path, capsys) -> None:
    pytest.importorskip("dask.distributed")
    file = tmp_path / "cluster.toml"
    file.write_text(text)
    with pytest.raises(InputError) as error, connected(str(file), []):
        pass
    assert error.value.problems[0].startswith(f"{file}: {problem}")


def test_without_dask_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dask.distributed", None)
    with pytest.raises(InputError) as error, connected("local:2", []):
        pass
    assert error.value.problems == ("--cluster needs Dask: pip install 'nlp_ssl[cluster]'",)


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys) -> None:
    pytest.importorskip("dask.distributed")
    monkeypatch.setattr("nlp_ssl.cluster.CONNECTING", 0.5)
    text = write_texts(tmp_path / "text", 1)
    assert main(["prepare", str(text), "--out", str(tmp_path / "out"), "--cluster", "127.0.0.1:9"]) == 2
    said = capsys.readouterr().err
    assert "--cluster 127.0.0.1:9: the scheduler does not answer" in said and said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_results_and_errors_come_back_in_the_order_of_calls(address: str) -> None:
    done: list[int] = []
    with start_workers(1, address) as workers:
        assert workers.run(pow, [(2, 3), (3, 2), (5, 1)], done.append) == [8, 9, 5]
        assert sorted(done) == [0, 1, 2]
        with pytest.raises(ZeroDivisionError):
            workers.run(operator.truediv, [(1, 1), (1, 0)])


def test_workers_must_see_the_files(address: str, tmp_path: Path) -> None:
    hidden = str(tmp_path / "hidden")
    with pytest.raises(InputError) as error, connected(address, [hidden]):
        pass
    assert f"does not see {hidden}; all workers need the same file system" in str(error.value)


def test_a_corpus_is_the_same_and_dask_says_nothing(tmp_path: Path, capfd, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("dask.distributed")
    monkeypatch.setattr(units, "UNIT_BYTES", 2**12)
    text = write_texts(tmp_path / "text", 6)
    alone = prepare(options(text, tmp_path / "alone"))
    said = capfd.readouterr().err
    several = prepare(options(text, tmp_path / "several", cluster="local:3"))
    assert several.fingerprint == alone.fingerprint
    assert len(capfd.readouterr().err.splitlines()) == len(said.splitlines())
    assert multiprocessing.active_children() == []


def test_a_result_counts_although_its_worker_is_killed_as_it_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    dask = pytest.importorskip("dask.distributed")
    gather, lost = dask.Client._gather, []

    async def killing(client: Any, tasks: list[Any], *arguments: Any, **options: Any) -> Any:
        results = await gather(client, tasks, *arguments, **options)
        if multiprocessing.active_children():
            for worker in multiprocessing.active_children():
                worker.kill()
            while tasks[0].status == "finished":
                await asyncio.sleep(0.01)
            lost.extend(tasks)
        return results

    with connected("local:1", []) as cluster:
        monkeypatch.setattr(dask.Client, "_gather", killing)
        assert cluster.submit(operator.add, "once", " only").result(timeout=30) == "once only"
        assert lost[0].status != "finished"


@pytest.mark.slow
@pytest.mark.parametrize("other", ["edited", "empty"])
def test_a_worker_with_other_code_is_refused(other: str, tmp_path: Path) -> None:
    dask = pytest.importorskip("dask.distributed")
    package = tmp_path / other / "nlp_ssl"
    if other == "edited":
        shutil.copytree(Path(nlp_ssl.__file__).parent, package)
        (package / "edited.py").write_text("EDITED = True\n")
    else:
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
    with dask.LocalCluster(n_workers=0, dashboard_address=None) as cluster:
        path = os.pathsep.join([str(package.parent), *filter(None, sys.path)])
        words = [sys.executable, "-m", "distributed.cli.dask_worker", cluster.scheduler_address, "--no-dashboard"]
        env = {**os.environ, "PYTHONPATH": path}
        with subprocess.Popen(words, env=env, cwd=tmp_path, stderr=subprocess.DEVNULL) as worker:
            try:
                with pytest.raises(InputError) as error, connected(cluster.scheduler_address, []):
                    pass
                reasons = {"edited": "has nlp_ssl with code", "empty": "a worker cannot import nlp_ssl"}
                assert reasons[other] in str(error.value)
            finally:
                worker.terminate()


@pytest.mark.slow
def test_killed_workers_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each run ends with the same corpus, or with a sentence and the next one continues it."""
    pytest.importorskip("dask.distributed")
    monkeypatch.setattr(units, "UNIT_BYTES", 2**11)
    monkeypatch.setattr("nlp_ssl.cluster.ALL_LOST", 10.0)
    text = write_texts(tmp_path / "text", 40)
    expected = prepare(options(text, tmp_path / "alone"))
    out, kills, draw = tmp_path / "out", 0, random.Random(1)
    ended = threading.Event()

    def kill() -> None:
        """Kill a worker after every few tasks that are done."""
        nonlocal kills
        before, wanted = 0, 2
        while not ended.wait(0.02):
            done = len(list(out.glob("work/*/*.json")))
            workers = multiprocessing.active_children()
            if done - before >= wanted and workers:
                draw.choice(workers).kill()
                kills, before, wanted = kills + 1, done, draw.randint(2, 9)
            before = min(before, done)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        while kills < 20:
            shutil.rmtree(out, ignore_errors=True)
            while not (out / "manifest.json").exists():
                try:
                    found = prepare(options(text, out, cluster="local:3"))
                except InputError as error:
                    assert "run the same command again to continue" in str(error)
            assert found.fingerprint == expected.fingerprint
            assert found.counts == expected.counts
            assert not (out / "work").exists()
    finally:
        ended.set()
        killer.join()
