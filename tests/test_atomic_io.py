"""Files are written completely or not at all."""

import errno
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from nlp_ssl.atomic_io import UNFINISHED, remove_leftovers, write_text, writing


def test_a_file_appears_when_it_is_finished(tmp_path: Path) -> None:
    final = tmp_path / "scores.json"
    final.write_text("old")
    with writing(final) as beside:
        beside.write_text("new")
        assert final.read_text() == "old"
        assert beside.parent == tmp_path and beside.name.endswith(UNFINISHED)
    assert final.read_text() == "new"
    assert list(tmp_path.iterdir()) == [final]


def test_a_folder_takes_the_place_of_another(tmp_path: Path) -> None:
    final = tmp_path / "model"
    final.mkdir()
    (final / "old").touch()
    with writing(final) as beside:
        beside.mkdir()
        (beside / "new").touch()
        assert [f.name for f in final.iterdir()] == ["old"]
    assert [f.name for f in final.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [final]


@pytest.mark.parametrize("folder", [True, False])
def test_an_error_leaves_the_old_file(tmp_path: Path, folder: bool) -> None:
    final = tmp_path / "final"
    write_text(final, "old")
    with pytest.raises(KeyboardInterrupt), writing(final) as beside:
        if folder:
            beside.mkdir()
        (beside / "half" if folder else beside).write_text("half")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == [final]
    assert final.read_text() == "old"


def test_an_error_before_anything_is_written_is_that_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), writing(tmp_path / "final"):
        _ = 1 / 0
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_recognised_before_the_partial_file_is_removed(tmp_path: Path, monkeypatch) -> None:
    final = tmp_path / "model"

    def usage(_: Path) -> SimpleNamespace:
        return SimpleNamespace(free=2**30 if not list(tmp_path.iterdir()) else 0)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    with pytest.raises(OSError, match="No space left") as caught, writing(final) as beside:
        beside.mkdir()
        raise RuntimeError("unexpected pos 8524544 vs 8524432")
    assert caught.value.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []


def test_leftovers_of_a_file_are_removed_and_those_of_others_stay(tmp_path: Path) -> None:
    for name in (f"a[1].txt.4711{UNFINISHED}", f"a1.txt.4711{UNFINISHED}", "a[1].txt"):
        (tmp_path / name).touch()
    remove_leftovers(tmp_path / "a[1].txt")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a1.txt.4711.writing", "a[1].txt"]
