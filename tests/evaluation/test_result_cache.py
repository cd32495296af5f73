"""The folder of a command's results, and its finished parts."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.result_cache import CachedResult, ResultCache, command, weights_fingerprint
from nlp_ssl.json_files import read_object

MINE = {"task": "sst2", "data": {"dev": "abc"}}


class Work:
    """Gives a number, and counts how often it is asked."""

    def __init__(self, value: int = 7) -> None:
        self.value, self.calls = value, 0

    def __call__(self) -> CachedResult:
        self.calls += 1
        return CachedResult({"dev": np.array([[self.value]])}, {"C": 0.1})


def test_a_finished_part_is_read_again(tmp_path: Path) -> None:
    work, cache = Work(), ResultCache(tmp_path / "out", MINE)
    part = cache.part("pretrained-seed1", work)
    assert part.outputs["dev"].tolist() == [[7]] and set(part.facts) == {"C", "seconds"}
    assert not cache.done_before
    again = ResultCache(tmp_path / "out", MINE)
    found = again.part("pretrained-seed1", work)
    assert again.done_before and work.calls == 1
    assert found.outputs["dev"].tolist() == [[7]] and found.facts == part.facts
    assert read_object(tmp_path / "out" / "options.json", "") == MINE


def test_a_shared_part_is_keyed_by_its_dependencies(tmp_path: Path) -> None:
    def value(out: str, work: Work, on: dict | None) -> int:
        cache = ResultCache(tmp_path / out, MINE, tmp_path / "shared")
        return int(cache.part("majority", work, on).outputs["dev"][0, 0])

    assert value("one", Work(1), {"texts": "a"}) == 1
    assert value("two", Work(2), {"texts": "a"}) == 1
    assert value("three", Work(3), {"texts": "b"}) == 3
    assert value("four", Work(4), None) == 4  # cannot be shared
    assert len(list((tmp_path / "shared").iterdir())) == 2
    assert (tmp_path / "two" / "parts" / "majority.npz").is_file()  # kept there too


def test_other_work_is_not_overwritten(tmp_path: Path) -> None:
    ResultCache(tmp_path / "out", MINE)
    assert not (tmp_path / "out").exists()  # nothing is written before a result
    ResultCache(tmp_path / "out", MINE).part("majority", Work())
    with pytest.raises(InputError) as error:
        ResultCache(tmp_path / "out", {"task": "cola", "data": {"dev": "def"}})
    assert [problem.split(": ")[0].removeprefix(str(tmp_path)) for problem in error.value.problems] == [
        "/out holds a result with other task (sst2, now cola)",
        "/out holds a result with other data",
    ]
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").touch()
    with pytest.raises(InputError, match="other files than results of this command"):
        ResultCache(tmp_path / "notes", MINE)


def test_the_command_line_leaves_out_defaults() -> None:
    @dataclass
    class Options:
        run: Path
        data: tuple[str, ...] = ()
        seeds: int = 3
        baselines: bool = True
        share_baselines: str | None = None

    assert command("probe", Options(Path("my run"))) == "nlp-ssl probe 'my run'"
    changed = Options(Path("r"), ("a b", "c"), 5, False, "x")
    assert command("probe", changed) == "nlp-ssl probe r --data 'a b' c --seeds 5 --no-baselines --share-baselines x"


def test_weights_are_known_by_their_content(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"one")
    (tmp_path / "config.json").write_text("{}")
    first = weights_fingerprint(tmp_path)
    assert list(first) == ["model.safetensors"] and len(first["model.safetensors"]) == 16
    (tmp_path / "model.safetensors").write_bytes(b"two")
    assert weights_fingerprint(tmp_path) != first
