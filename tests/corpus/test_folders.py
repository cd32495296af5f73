import os
from pathlib import Path

import pytest

from nlp_ssl.corpus.folders import list_files


def tree(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def names(root: Path, found: list[str]) -> list[str]:
    return [name.removeprefix(f"{root}/") for name in found]


def test_files_are_sorted_by_folder(tmp_path: Path) -> None:
    tree(tmp_path, "b/x.txt", "b.txt", "a/deep/x.md", "a-b/x.txt")
    assert names(tmp_path, list_files(tmp_path).files) == ["a/deep/x.md", "a-b/x.txt", "b/x.txt", "b.txt"]


def test_links_are_followed_once(tmp_path: Path) -> None:
    outside = tree(tmp_path / "outside", "o.txt", "deep/p.txt")
    folder = tree(tmp_path / "in", "a.txt", "sub/b.txt")
    (folder / "sub" / "cycle").symlink_to(folder)
    (folder / "alias").symlink_to(folder / "sub")
    (folder / "0.txt").symlink_to("a.txt")
    (folder / "gone.txt").symlink_to("nowhere")
    (folder / "loop").symlink_to("loop")
    (folder / "more").symlink_to(outside)
    (outside / "back").symlink_to(folder)
    (folder / "passwd.txt").symlink_to(outside / "o.txt")
    found = list_files(folder)
    assert names(folder, found.files) == ["a.txt", "more/deep/p.txt", "more/o.txt", "sub/b.txt"]
    assert {reason: sorted(names(folder, some)) for reason, some in found.not_read.items()} == {
        "broken link": ["gone.txt", "loop"],
        "linked twice": ["0.txt", "alias/", "more/back/", "passwd.txt", "sub/cycle/"],
    }
    assert found.outside == [f"{folder}/more -> {outside}"]


def test_everything_that_is_not_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path, "a.txt", ".git/config", ".b.txt", "closed.txt", "out/work/x.txt", "old/manifest.json")
    tree(tmp_path, "old/tokenizer/t", "old/train/0", "begun/work/plan.json", "locked/c.txt")
    os.mkfifo(tmp_path / "pipe")
    access, scandir = os.access, os.scandir

    def closed(folder: str) -> object:
        if folder.endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    monkeypatch.setattr(os, "access", lambda path, mode: not path.endswith("closed.txt") and access(path, mode))
    monkeypatch.setattr(os, "scandir", closed)
    found = list_files(tmp_path, tmp_path / "out")
    assert names(tmp_path, found.files) == ["a.txt"]
    assert {reason: sorted(names(tmp_path, some)) for reason, some in found.not_read.items()} == {
        "hidden": [".b.txt", ".git/"],
        "no permission": ["closed.txt", "locked/"],
        "output folder": ["out/"],
        "prepared corpus": ["begun/", "old/"],
        "not a regular file": ["pipe"],
    }


def test_names_that_are_not_utf_8(tmp_path: Path) -> None:
    tree(tmp_path, "b\udcff.txt")
    assert list_files(tmp_path).files == [f"{tmp_path}/b\udcff.txt"]
