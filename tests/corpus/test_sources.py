from pathlib import Path

import pytest

from nlp_ssl.corpus.sources import Source, Span, file_source, find_sources, formats
from nlp_ssl.errors import InputError


def test_folders_globs_and_several_paths(tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    for name in ("b.txt", "a.txt", "deep/c.jsonl", ".hidden.txt", "picture.png"):
        (tmp_path / "in" / name).write_text("x")
    names = lambda *given: [Path(s.name).name for s in find_sources([str(tmp_path / g) for g in given])]  # noqa: E731
    assert names("in") == ["a.txt", "b.txt", "c.jsonl"]
    assert names("in/*.txt", "in/b.txt") == ["a.txt", "b.txt"]


def test_suffixes_of_readers() -> None:
    assert formats() == {
        ".txt": "text",
        ".jsonl": "jsonl",
        ".json": "jsonl",
        ".csv": "csv",
        ".tsv": "tsv",
        ".parquet": "parquet",
        ".conll": "conll",
        ".conllu": "conllu",
    }


@pytest.mark.parametrize(
    ("name", "expected"), [("a.csv", "csv"), ("a.TSV.gz", "tsv"), ("a.log", "text"), ("a.jsonl.zst", "jsonl")]
)
def test_the_format_of_a_file(tmp_path: Path, name: str, expected: str) -> None:
    (tmp_path / name).write_bytes(b"12345")
    source = file_source(tmp_path / name)
    assert (source.format, source.bytes, source.is_file) == (expected, 5, True)
    assert source.compressed == name.endswith(("gz", "zst"))


def test_declared_corpora_and_hub_datasets() -> None:
    found = find_sources(["pydocs", "owner/name:config"])
    assert found[0] == Source("nlp_ssl.corpus.pydocs:python", "module")
    assert found[-1] == Source("owner/name:config", "hub")
    assert not any(source.is_file for source in found)


def test_a_declared_task_is_no_corpus(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[task]\ntitle = "A task"\n')
    for name in ("sst2", str(file)):
        with pytest.raises(InputError, match=f"{name}: it declares a task, not a corpus; give the path of a text"):
            find_sources([name])
    file.write_text("notes = about a task, no TOML")
    assert find_sources([str(file)])[0].format == "text"


def test_lines_are_counted_from_the_beginning_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"1\n2\n3\n4\n")
    span = Span(file_source(tmp_path / "a.txt"), start=4)
    assert span.where(1) == f"{tmp_path}/a.txt:3"


def test_a_name_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    (tmp_path / "b\udcff.txt").write_text("text")
    for name in (tmp_path, tmp_path / "b\udcff.txt", tmp_path / "*.txt"):
        with pytest.raises(InputError, match=r"b\\udcff.txt': its name is not UTF-8; rename the file") as error:
            find_sources([str(name)])
        str(error.value).encode()


def test_files_of_a_folder_that_are_not_read_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.txt", "b.md", "c.md", "README", ".hidden.txt"):
        (tmp_path / name).write_text("text")
    assert [Path(source.name).name for source in find_sources([str(tmp_path)])] == ["a.txt"]
    assert "4 files not read (2 '.md', 1 hidden, 1 without suffix); name text files" in capsys.readouterr().err
