"""The files below a folder: which are read, and why others are not."""

# Paths are strings here, since a folder may have a million files.
# ruff: noqa: PTH110, PTH112, PTH116, PTH206

from __future__ import annotations

import os
import stat
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Listing:
    """The files below a folder, sorted, and everything that is not read: names by reason."""

    files: list[str] = field(default_factory=list)
    not_read: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    outside: list[str] = field(default_factory=list)  # `link -> target`, for links that lead out of the folder


def list_files(folder: Path, out: Path | None = None) -> Listing:
    """All regular files below a folder, each once. Links are followed, also out of the folder.

    Not read are: hidden files and folders, prepared corpora and the folder `out`, links that lead nowhere or to what
    is read anyway, folders and files without permission, and everything that is not a regular file.
    """
    return _Walk(folder, out).listing


class _Walk:
    """Real folders and files come first, so that a link to one of them is the one left out."""

    def __init__(self, folder: Path, out: Path | None) -> None:
        self.root, self.out = os.path.realpath(folder), None if out is None else os.path.realpath(out)
        self.listing = Listing()
        self.links: list[str] = []
        self.seen: set[tuple[int, int]] = set()  # device and inode of each file and folder
        self._folder(str(folder), first=True)
        while self.links:  # links in linked folders come last
            links, self.links = sorted(self.links), []
            for link in links:
                self._link(link)
        self.listing.files.sort(key=lambda name: name.split(os.sep))

    def _folder(self, top: str, first: bool = False) -> None:
        folders = [top]
        while folders:
            folder = folders.pop()
            if not first and os.path.realpath(folder) == self.out:
                self._skip("output folder", folder + os.sep)
            elif not first and _is_corpus(folder):
                self._skip("prepared corpus", folder + os.sep)
            elif self._is_new(folder):
                folders += self._entries(folder)
            else:
                self._skip("linked twice", folder + os.sep)
            first = False

    def _entries(self, folder: str) -> list[str]:
        """Take the files of a folder; returns its folders."""
        folders = []
        try:
            with os.scandir(folder) as scan:
                entries = sorted(scan, key=lambda entry: entry.name)
        except OSError:
            self._skip("no permission", folder + os.sep)
            return []
        for entry in entries:
            if entry.name.startswith("."):
                self._skip("hidden", entry.path + (os.sep if entry.is_dir() else ""))
            elif entry.is_symlink():
                self.links.append(entry.path)
            elif entry.is_dir():
                folders.append(entry.path)
            else:
                self._file(entry.path)
        return folders

    def _link(self, link: str) -> None:
        target = os.path.realpath(link)
        if not os.path.exists(target):
            self._skip("broken link", link)
            return
        inside = os.path.commonpath([target, self.root]) == self.root
        taken = len(self.listing.files)
        (self._folder if os.path.isdir(target) else self._file)(link)
        if not inside and len(self.listing.files) > taken:
            self.listing.outside.append(f"{link} -> {target}")

    def _file(self, path: str) -> None:
        if not stat.S_ISREG(os.stat(path).st_mode):
            self._skip("not a regular file", path)
        elif not os.access(path, os.R_OK):
            self._skip("no permission", path)
        elif self._is_new(path):
            self.listing.files.append(path)
        else:
            self._skip("linked twice", path)

    def _is_new(self, path: str) -> bool:
        status = os.stat(path)
        key = (status.st_dev, status.st_ino)
        new = key not in self.seen
        self.seen.add(key)
        return new

    def _skip(self, reason: str, name: str) -> None:
        self.listing.not_read[reason].append(name)


def _is_corpus(folder: str) -> bool:
    """Whether a folder holds a corpus, or an unfinished preparation of one."""
    place = Path(folder)
    finished = (place / "manifest.json").is_file() and (place / "tokenizer").is_dir() and (place / "train").is_dir()
    return finished or (place / "work" / "plan.json").is_file()
