"""The project's own files of arrays (.npz): each carries a checksum. Damage becomes one sentence that names the file.

The entry `checksum` is BLAKE2b of the names, types, shapes and values of the others. A file without it was written by
an earlier version, and is read as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlp_ssl.atomic_io import writing
from nlp_ssl.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    Arrays = Mapping[str, np.ndarray[Any, Any]]


def write_arrays(path: Path, arrays: Arrays) -> None:
    """Write arrays of numbers or strings with their checksum. The file appears complete or not at all."""
    import numpy as np

    path.parent.mkdir(parents=True, exist_ok=True)
    with writing(path) as beside, beside.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, checksum=np.array(_checksum(arrays)), **arrays)


def read_arrays(path: Path, remedy: str) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays in a file. InputError, ending in `remedy`, if it is missing or damaged."""
    import numpy as np

    try:
        with np.load(path) as stored:
            arrays = {name: stored[name] for name in stored.files}
        expected = str(arrays.pop("checksum", ""))
        if expected and expected != _checksum(arrays):
            raise ValueError("another checksum")
    except (FileNotFoundError, PermissionError) as error:
        raise InputError(
            f"{path} is {'missing' if isinstance(error, FileNotFoundError) else 'not readable'}: {remedy}"
        ) from None
    except Exception:  # zipfile, zlib and NumPy raise a dozen types
        raise InputError(f"{path} is damaged: {remedy}") from None
    return arrays


def _checksum(arrays: Arrays) -> str:
    digest = blake2b(digest_size=16)
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].dtype.str} {arrays[name].shape}\n".encode())
        digest.update(arrays[name].tobytes())
    return digest.hexdigest()
