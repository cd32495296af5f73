"""One process writes to an output folder at a time."""

import errno
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nlp_ssl.atomic_io import UNFINISHED
from nlp_ssl.errors import InputError
from nlp_ssl.output_folder import LOCK, check_file, contents, exclusive

HOLD = """
import sys, time
from pathlib import Path
from nlp_ssl.output_folder import exclusive
with exclusive(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@contextmanager
def holder(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds a folder."""
    with subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_second_writer_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with holder(tmp_path / "out"), pytest.raises(InputError) as caught, exclusive(tmp_path / "out"):
        pass
    assert caught.value.problems == (
        f"{tmp_path / 'out'}: another process is writing to this folder; wait until it ends, or choose another --out",
    )


def test_the_lock_of_a_killed_process_does_not_block(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert (tmp_path / LOCK).is_file()
        with exclusive(tmp_path):
            pass
    assert list(tmp_path.iterdir()) == []


def test_the_lock_is_held_within_a_process_as_well(tmp_path: Path) -> None:
    with exclusive(tmp_path):
        with pytest.raises(InputError, match="another process"), exclusive(tmp_path):
            pass
        (tmp_path / "kept").touch()
        with pytest.raises(InputError, match="another process"), exclusive(tmp_path):  # still held
            pass
    with exclusive(tmp_path):
        assert contents(tmp_path) == [tmp_path / "kept"]


def test_folders_that_stay_empty_are_removed_if_this_call_created_them(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(ZeroDivisionError), exclusive(tmp_path / "mine" / "a" / "b"):
        assert (tmp_path / "mine" / "a" / "b").is_dir()
        _ = 1 / 0
    assert list((tmp_path / "mine").iterdir()) == []
    with exclusive(tmp_path / "mine"):
        pass
    assert (tmp_path / "mine").is_dir()


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(InputError, match="out is a file: choose another --out"), exclusive(tmp_path / "out"):
        pass


def test_only_the_first_of_several_processes_takes_the_lock(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("RANK", "1")
    with exclusive(tmp_path), exclusive(tmp_path):
        assert list(tmp_path.iterdir()) == []


def test_contents_leave_out_unfinished_files(tmp_path: Path) -> None:
    for name in ("b", "a", LOCK, f"c.1{UNFINISHED}"):
        (tmp_path / name).touch()
    assert contents(tmp_path) == [tmp_path / "a", tmp_path / "b"]
    assert contents(tmp_path / "nowhere") == []


def test_the_next_writer_removes_what_killed_ones_left_half_written(tmp_path: Path) -> None:
    left = [tmp_path / f"model.4711{UNFINISHED}", tmp_path / "parts" / f"seed1.npz.4711{UNFINISHED}"]
    left[0].mkdir()
    (left[0] / "model.safetensors").touch()
    left[1].parent.mkdir()
    left[1].touch()
    (tmp_path / "model").mkdir()
    with exclusive(tmp_path):
        assert [entry.name for entry in contents(tmp_path)] == ["model", "parts"]
        assert not any(file.exists() for file in left)


def test_a_file_has_a_known_suffix_and_a_folder(tmp_path: Path) -> None:
    data = tmp_path / "data.csv"
    data.touch()
    check_file(tmp_path / "new.csv", (".csv", ".tsv"), data)
    with pytest.raises(InputError, match=r"--out new.txt: the suffix must be one of .csv, .tsv$"):
        check_file(Path("new.txt"), (".csv", ".tsv"), data)
    with pytest.raises(InputError, match=r"--out none/new.csv: no such folder: none$"):
        check_file(Path("none/new.csv"), (".csv",), data)
    with pytest.raises(InputError, match=r"this is the file of --data, which would be lost; choose another file$"):
        check_file(tmp_path / "." / "data.csv", (".csv",), data)


def test_a_place_where_nothing_can_be_written_is_named_before_any_work(tmp_path: Path, monkeypatch) -> None:
    def denied(*arguments, **options) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("nlp_ssl.output_folder.TemporaryFile", denied)
    with pytest.raises(InputError, match=r"a\.csv: no file can be written there \(permission denied\); choose another"):
        check_file(tmp_path / "a.csv", (".csv",), tmp_path / "data.csv")
    monkeypatch.setattr(Path, "mkdir", denied)
    message = r"new cannot be created \(permission denied\): choose another --out$"
    with pytest.raises(InputError, match=message), exclusive(tmp_path / "new"):
        pass
