"""The project's own files of arrays."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from nlp_ssl.array_files import read_arrays, write_arrays
from nlp_ssl.errors import InputError
from tests.damage import DAMAGES

ARRAYS = {
    "gold": np.arange(40) % 2,
    "scores": np.linspace(0, 1, 40, dtype=np.float32),
    "names": np.array(["a", "한글"]),
}


def test_arrays_read_back(tmp_path: Path) -> None:
    write_arrays(tmp_path / "new" / "a.npz", ARRAYS)
    found = read_arrays(tmp_path / "new" / "a.npz", "again")
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype and found[name].tolist() == array.tolist()
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["a.npz"]


def test_a_file_without_a_checksum_is_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", gold=np.array([1, 2]))
    assert read_arrays(tmp_path / "a.npz", "again")["gold"].tolist() == [1, 2]


def test_other_arrays_under_the_same_checksum_are_damage(tmp_path: Path) -> None:
    write_arrays(tmp_path / "a.npz", ARRAYS)
    with np.load(tmp_path / "a.npz") as stored:
        changed = dict(stored) | {"gold": 1 - ARRAYS["gold"]}
    np.savez(tmp_path / "a.npz", **changed)
    with pytest.raises(InputError, match=r"a\.npz is damaged: again"):
        read_arrays(tmp_path / "a.npz", "again")


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_one_sentence_or_changes_nothing(damage: str, tmp_path: Path) -> None:
    file = tmp_path / "a.npz"
    write_arrays(file, ARRAYS)
    DAMAGES[damage](file)
    try:
        found = read_arrays(file, "again")
    except InputError as error:
        assert error.problems[0] in (f"{file} is damaged: again", f"{file} is missing: again")
    else:
        assert {name: array.tolist() for name, array in found.items()} == {
            name: array.tolist() for name, array in ARRAYS.items()
        }
    shutil.rmtree(tmp_path)
