"""Checksums of files and folders."""

import shutil
from pathlib import Path

import pytest

from nlp_ssl.checksums import SEAL, changed, check_seal, checksum, checksums, seal
from nlp_ssl.errors import InputError
from nlp_ssl.json_files import write_object


def test_checksum_of_a_known_text(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    assert checksum(tmp_path / "file") == "cf4ab791c62b8d2b2109c90275287816"  # b2sum -l 128
    assert checksums(tmp_path, [tmp_path / "file"]) == {"file": "cf4ab791c62b8d2b2109c90275287816"}


def test_files_that_are_missing_other_or_outside_have_changed(tmp_path: Path) -> None:
    for place in ("a", "b", "c", "sub/d"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_text(place)
    expected = checksums(tmp_path, [tmp_path / name for name in ("a", "b", "c", "sub/d")])
    assert changed(tmp_path, expected) == []
    (tmp_path / "a").write_text("A")
    (tmp_path / "b").unlink()
    shutil.rmtree(tmp_path / "sub")
    assert changed(tmp_path, expected) == ["a", "b", "sub/d"]
    inside = tmp_path / "inside"
    inside.mkdir()
    assert changed(inside, {"../c": expected["c"], str(tmp_path / "c"): expected["c"]}) == [
        "../c",
        str(tmp_path / "c"),
    ]


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    (folder / "head").mkdir(parents=True)
    for name in ("config.json", "head/weights", "README.md"):
        (folder / name).write_text(name)
    seal(folder)
    return folder


def test_a_sealed_folder_is_as_it_was_written(sealed: Path) -> None:
    check_seal(sealed, "again")
    (sealed / "README.md").write_text("the model card is the reader's")
    (sealed / "added").touch()
    check_seal(sealed, "again")


@pytest.mark.parametrize("name", ["config.json", "head/weights"])
def test_a_changed_or_missing_file_is_named_with_what_to_do(name: str, sealed: Path) -> None:
    (sealed / name).write_text("other")
    remedy = "train again; or delete checksums.json if you changed the folder"
    with pytest.raises(InputError) as error:
        check_seal(sealed, "train again")
    assert error.value.problems == (f"{sealed / name} is damaged or changed: {remedy}",)
    (sealed / name).unlink()
    with pytest.raises(InputError) as error:
        check_seal(sealed, "train again")
    assert error.value.problems == (f"{sealed / name} is missing: {remedy}",)
    (sealed / SEAL).unlink()
    check_seal(sealed, "train again")


@pytest.mark.parametrize("content", ["", "{}", "null", '{"files": 3}'])
def test_a_damaged_seal_is_named(content: str, sealed: Path) -> None:
    (sealed / SEAL).write_text(content)
    with pytest.raises(InputError, match=r"checksums\.json is damaged.*: again; or delete"):
        check_seal(sealed, "again")


def test_a_folder_without_a_seal_is_not_checked(tmp_path: Path) -> None:
    check_seal(tmp_path, "again")
    write_object(tmp_path / SEAL, {"files": {"gone": "0"}})
    with pytest.raises(InputError, match="gone is missing"):
        check_seal(tmp_path, "again")
