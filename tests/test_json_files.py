"""The project's own JSON files."""

from dataclasses import dataclass

import pytest

from nlp_ssl.errors import InputError
from nlp_ssl.json_files import read_object, read_record, write_object
from tests.damage import DAMAGES


@dataclass(frozen=True)
class Point:
    x: int
    y: float = 0.5


def test_a_record_is_read_with_its_defaults(tmp_path) -> None:
    (tmp_path / "a.json").write_text('{"x": 3}')
    assert read_record(tmp_path / "a.json", Point, "again") == Point(3, 0.5)
    assert read_object(tmp_path / "a.json", "again") == {"x": 3}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is damaged: again"),
        (b'{"x": 3', "is damaged: again"),
        (b"\xff\xfe", "is damaged: again"),
        (b"[" * 100_000, "is damaged: again"),
        (b"[3]", "it does not hold a JSON object: again"),
        (b"null", "it does not hold a JSON object: again"),
        (b"{}", "is damaged or was edited: again"),
        (b'{"x": "3"}', r"x is '3': it must be a whole number"),
        (b'{"y": 3.0}', r"of another version \(x is missing\): again"),
        (b'{"x": 3, "z": 1}', "unknown key z"),
        (b'{"x": 3, "checksum": "00"}', "is damaged or was edited: again"),
    ],
)
def test_damage_is_one_sentence_that_names_the_file(content, message, tmp_path) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(InputError, match=message) as error:
        read_record(tmp_path / "a.json", Point, "again")
    assert str(tmp_path / "a.json") in str(error.value)


def test_a_missing_file_is_named(tmp_path) -> None:
    with pytest.raises(InputError, match=r"a\.json is missing: again"):
        read_object(tmp_path / "a.json", "again")


def test_what_is_written_is_read_back_and_readable(tmp_path) -> None:
    value = {"한": [1, 2.5, None], "nan": 1e-300, "file": "caf\udce9.txt"}
    write_object(tmp_path / "a.json", value)
    assert read_object(tmp_path / "a.json", "again") == value
    assert "한" in (tmp_path / "a.json").read_text(encoding="utf-8")


def test_damage_to_the_name_of_the_checksum_does_not_make_a_file_an_older_one(tmp_path) -> None:
    file = tmp_path / "a.json"
    write_object(file, {"x": 3})
    file.write_text(file.read_text().replace('"checksum"', '"chdcksum"'))
    with pytest.raises(InputError, match="is damaged or was edited: again"):
        read_object(file, "again")


@pytest.mark.parametrize("damage", DAMAGES)
def test_any_damage_is_one_sentence_or_changes_nothing(damage, tmp_path) -> None:
    file, value = tmp_path / "a.json", {"loss": 1.25, "name": "mlm", "counts": [3, 4, 5]}
    write_object(file, value)
    DAMAGES[damage](file)
    try:
        assert read_object(file, "again") == value
    except InputError as error:
        assert len(error.problems) == 1 and str(file) in str(error) and str(error).endswith(": again")
