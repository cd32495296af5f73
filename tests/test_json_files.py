"""The project's own JSON files."""

from dataclasses import dataclass

import pytest

from nlp_ssl.errors import InputError
from nlp_ssl.json_files import read_object, read_record


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
        (b"{}", r"of another version \(x is missing\): again"),
        (b'{"x": "3"}', r"x is '3': it must be a whole number"),
        (b'{"x": 3, "z": 1}', "unknown key z"),
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
