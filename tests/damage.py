"""Ways to damage a file, by name."""

from collections.abc import Callable
from pathlib import Path

REGIONS = 8
"""Places at which a byte is changed: the first and the last one, and evenly between them."""


def _replaced(content: bytes) -> Callable[[Path], None]:
    return lambda file: _write(file, content)


def _write(file: Path, content: bytes) -> None:
    file.write_bytes(content)


def _keep(share: float, less: int = 0) -> Callable[[Path], None]:
    def cut(file: Path) -> None:
        content = file.read_bytes()
        _write(file, content[: max(int(share * len(content)) - less, 0)])

    return cut


def _byte(region: int, change: Callable[[int], int]) -> Callable[[Path], None]:
    def at(file: Path) -> None:
        content = bytearray(file.read_bytes())
        if content:
            place = region * (len(content) - 1) // (REGIONS - 1)
            content[place] = change(content[place])
        _write(file, bytes(content))

    return at


def _become_a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


DAMAGES: dict[str, Callable[[Path], None]] = {
    "emptied": _replaced(b""),
    "halved": _keep(0.5),
    "cut by a byte": _keep(1, 1),
    "a byte more": lambda file: _write(file, file.read_bytes() + b"\x00"),
    "[]": _replaced(b"[]"),
    "{}": _replaced(b"{}"),
    "null": _replaced(b"null"),
    "deleted": Path.unlink,
    "a folder": _become_a_folder,
    **{f"bit flipped in region {i}": _byte(i, lambda byte: byte ^ 1) for i in range(REGIONS)},
    **{f"0xff in region {i}": _byte(i, lambda byte: 0xFF) for i in range(REGIONS)},
}
"""Each damages the file that it is called with."""
