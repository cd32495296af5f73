import platform
from importlib.metadata import version
from itertools import islice
from pathlib import Path

from nlp_ssl.corpus import pydocs

EXAMPLE = '''
"""Short line.

This paragraph says in twelve or more plain words what the whole module is for, on two
lines.

>>> doctest = "this one looks like prose but begins with the sign of an interactive session so it goes"

====  =====
name  a table is no prose even where its cells have words in them as this one surely does
====  =====
"""


class Reader:
    """x, y, z = f(1), g(2), h(3) != 4 or [5, 6] and {7: 8} is code and no prose at all."""

    def read(self, path):
        """Return every word that the file has, in the order in which they stand, without the blank ones.

        path : the place of the file, which is a parameter, and lists of parameters are not prose.
        """
'''


def test_the_prose_of_a_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "example.py").write_text(EXAMPLE, encoding="utf-8")
    paragraphs = [p for text in pydocs.docstrings(tmp_path / "example.py") for p in pydocs.prose(text)]
    assert paragraphs == [
        "This paragraph says in twelve or more plain words what the whole module is for, on two lines.",
        "Return every word that the file has, in the order in which they stand, without the blank ones.",
    ]


def test_a_file_in_another_encoding_is_read_without_the_unreadable_part(tmp_path: Path) -> None:
    (tmp_path / "old.py").write_bytes(b'"""Caf\xe9."""\n')
    assert pydocs.docstrings(tmp_path / "old.py") == ["Caf\ufffd."]


def test_documents_are_the_same_every_time() -> None:
    first = list(islice(pydocs.documents("python"), 5))
    assert first == list(islice(pydocs.documents("python"), 5))
    assert all(len(p.split()) >= pydocs.WORDS for document in first for p in document.split("\n\n"))
    assert all(document.encode() for document in first)


def test_files_of_tests_and_of_other_packages_are_not_read() -> None:
    folders = {part for name, _ in islice(pydocs.files("python"), 100) for part in name.split("/")[:-1]}
    assert folders and folders.isdisjoint({"test", "tests", "site-packages", "dist-packages"})


def test_a_package_is_capped_and_repeats_nothing(monkeypatch) -> None:
    monkeypatch.setattr(pydocs, "CHARACTERS", 50_000)
    files = list(pydocs.files("python"))
    paragraphs = [p for _, some in files for p in some]
    assert 50_000 <= sum(map(len, paragraphs)) < 50_000 + sum(map(len, files[-1][1]))
    assert len(set(paragraphs)) == len(paragraphs)


def test_the_sources_are_here() -> None:
    assert {"python", "numpy", "torch", "transformers"} <= set(pydocs.sources())


def test_a_source_is_another_one_in_another_version(monkeypatch) -> None:
    before = {source: pydocs.identity(source) for source in pydocs.sources()}
    assert before["python"] == f"python {platform.python_version()}"
    assert before["sklearn"] == f"scikit-learn {version('scikit-learn')}"
    assert len(set(before.values())) == len(before)
    monkeypatch.setattr(pydocs, "version", lambda name: "0.0.1")
    assert pydocs.identity("numpy") == "numpy 0.0.1"
