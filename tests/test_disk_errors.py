"""Failures of the disk and of paths become one sentence."""

import errno
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from safetensors import SafetensorError

from nlp_ssl.disk_errors import disk_errors, find_disk_error
from nlp_ssl.errors import InputError

THEN = "run the command again; finished work is kept"


def sentence(error: Exception, folder: Path | None) -> str:
    with pytest.raises(InputError) as caught, disk_errors(folder, THEN):
        raise error
    return str(caught.value)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (errno.ENOSPC, "no space left on device; free some space"),
        (errno.EDQUOT, "disk quota exceeded; free some space in your quota"),
        (errno.EIO, "input/output error; check the disk"),
        (errno.EACCES, "permission denied; change the permissions or choose another path"),
        (errno.EROFS, "read-only file system; choose another path"),
    ],
)
def test_the_sentence_has_the_folder_the_reason_and_the_remedy(code: int, said: str, tmp_path: Path) -> None:
    assert sentence(OSError(code, os.strerror(code)), tmp_path) == f"{tmp_path}: {said}, then {THEN}"


def test_a_file_without_permission_is_named(tmp_path: Path) -> None:
    error = PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "file"))
    assert sentence(error, None).startswith(f"{tmp_path / 'file'}: permission denied; ")
    assert sentence(error, tmp_path).startswith(f"{tmp_path / 'file'}: permission denied; ")


def test_a_real_path_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="not a directory; choose another path"), disk_errors():
        (tmp_path / "file" / "inside").write_text("")


def test_library_errors_that_name_the_reason(tmp_path: Path) -> None:
    said = "no space left on device; free some space"
    assert said in sentence(SafetensorError("I/O error: No space left on device (os error 28)"), tmp_path)
    assert "quota exceeded" in sentence(RuntimeError("write failed: Disk quota exceeded"), tmp_path)


def test_library_errors_that_hide_the_reason_count_on_a_full_disk_only(tmp_path: Path, monkeypatch) -> None:
    error = RuntimeError("unexpected pos 8524544 vs 8524432")  # of PyTorch
    with pytest.raises(RuntimeError, match="unexpected pos"), disk_errors(tmp_path, THEN):
        raise error
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=2**20 - 1))
    assert "no space left on device" in sentence(error, tmp_path / "not yet there")
    assert find_disk_error(error) is None  # without a folder nobody knows which disk


@pytest.mark.parametrize(
    "error",
    [
        InputError("No space left on device"),
        KeyError("name"),
        FileNotFoundError(errno.ENOENT, "No such file"),
        BrokenPipeError(errno.EPIPE, "Broken pipe"),
        PermissionError(errno.EPERM, "Operation not permitted"),  # of no file
        KeyboardInterrupt(),
    ],
)
def test_other_errors_pass_unchanged(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught, disk_errors():
        raise error
    assert caught.value is error


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_device_that_is_full(tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, match="a file of this command: no space left on device"),
        disk_errors(),
        Path("/dev/full").open("w") as full,
    ):
        full.write("text")
