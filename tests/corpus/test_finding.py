from pathlib import Path

import pytest

from nlp_ssl import registry
from nlp_ssl.corpus.finding import find_sources, listed
from nlp_ssl.corpus.sources import Source
from nlp_ssl.errors import InputError


def test_folders_globs_and_several_paths(tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    for name in ("b.txt", "a.txt", "deep/c.jsonl", ".hidden.txt", "notes.md"):
        (tmp_path / "in" / name).write_text("x")
    names = lambda *given: [Path(s.name).name for s in find_sources([str(tmp_path / g) for g in given]).sources]  # noqa: E731
    assert names("in") == ["a.txt", "b.txt", "c.jsonl", "notes.md"]
    assert names("in/*.txt", "in/b.txt") == ["a.txt", "b.txt"]
    assert names("in/*") == ["a.txt", "b.txt", "c.jsonl", "notes.md"]
    assert names("in/**") == ["a.txt", "b.txt", "c.jsonl", "notes.md"]


def test_declared_corpora_and_hub_datasets() -> None:
    found = find_sources(["pydocs", "owner/name:config"]).sources
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
    assert find_sources([str(file)]).sources[0].format == "text"


def test_a_declared_corpus_is_given_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_plugins", [])
    file, code = tmp_path / "mine.toml", tmp_path / "my_corpus_of_two.py"
    code.write_text("def sources(): return ['a', 'b']\n")
    file.write_text('[corpus]\nmodule = "my_corpus_of_two"\n')
    with pytest.raises(InputError, match=r"module my_corpus_of_two is not imported .* load it with --plugin"):
        find_sources([str(file)])
    registry.load_plugins([str(code)])
    names = [source.name for source in find_sources([str(file)]).sources]
    assert names == ["my_corpus_of_two:a", "my_corpus_of_two:b"]
    for wrong in ("[corpus]\n", "corpus = 3\n", "[corpus]\nmodule = 'os:system'\n"):
        file.write_text(wrong)
        with pytest.raises(InputError, match=r"mine.toml: \[corpus\] needs module"):
            find_sources([str(file)])


def test_the_output_folder_and_what_is_given_twice_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    for name in ("a.txt", "out/b.txt"):
        (tmp_path / name).write_text("text")
    for given in (str(tmp_path), f"{tmp_path}/**"):
        found = find_sources([given, str(tmp_path / "a.txt"), f"{tmp_path}/./a.txt"], tmp_path / "out")
        assert [Path(source.name).name for source in found.sources] == ["a.txt"]
        assert list(found.not_read) == ["output folder"]


def test_a_folder_without_text(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no file to read in this folder \(it is empty\)"):
        find_sources([str(tmp_path)])
    (tmp_path / ".a.txt").touch()
    with pytest.raises(InputError, match=r"no file to read in this folder \(1 hidden: .*/.a.txt\)"):
        find_sources([str(tmp_path)])


def test_what_is_not_read_is_listed_shortly() -> None:
    assert listed({"a": ["1"], "b": ["2", "3", "4"]}) == "3 b: 2, 3, …; 1 a: 1"
    assert len(listed({"a": ["x" * 300] * 999})) < 200
