"""Failures of the disk and of paths, reported as one sentence.

    with disk_errors(options.out, "run the command again; finished jobs are kept"):
        ...  # whatever is written to options.out

Library errors that hide such a failure are recognised by their text, or by a disk that is full.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nlp_ssl.errors import InputError
from nlp_ssl.signals import explain

FULL_BELOW = 2**20
"""Bytes of free space below which a disk counts as full."""

_REMEDIES = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space in your quota",
    errno.EIO: "check the disk",
    errno.EACCES: "change the permissions or choose another path",
    errno.EPERM: "change the permissions or choose another path",
    errno.EROFS: "choose another path",
    errno.ENOENT: "choose another path",
    errno.ENOTDIR: "choose another path",
    errno.EISDIR: "choose another path",
    errno.ENAMETOOLONG: "choose a shorter path",
    errno.ELOOP: "choose another path",
}
_OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EIO)  # the file does not matter
_HIDDEN = (*_OF_THE_DISK, errno.EACCES, errno.EROFS)  # libraries rephrase these


def find_disk_error(error: BaseException, folder: Path | None = None) -> OSError | None:
    """The disk error that an exception is or hides, as an OSError with its errno; None if it is something else.

    Call it before half-written files in `folder` are removed, since that may free space on a full disk.
    """
    if isinstance(error, InputError) or not isinstance(error, Exception):
        return None
    if isinstance(error, OSError) and error.errno is not None:
        return error if error.errno in _REMEDIES else None
    code = next((code for code in _HIDDEN if os.strerror(code) in str(error)), None)
    if code is None and folder is not None and _is_full(folder):
        code = errno.ENOSPC
    return None if code is None else OSError(code, os.strerror(code))


@contextmanager
def disk_errors(folder: Path | None = None, then: str = "run the command again") -> Iterator[None]:
    """Raise an InputError in place of a disk error. `then` says how to go on and what was kept, also after a signal."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        explain(interrupt, then)
        raise
    except Exception as error:
        found = find_disk_error(error, folder)
        if found is None or found.errno is None:
            raise
        place = found.filename if isinstance(found.filename, str) else None
        if found.errno in _OF_THE_DISK:
            place = str(folder or place or "a file of this command")
        elif place is None and folder is None:
            raise
        reason = os.strerror(found.errno).lower()
        raise InputError(f"{place or folder}: {reason}; {_REMEDIES[found.errno]}, then {then}") from None


def _is_full(folder: Path) -> bool:
    existing = next((place for place in (folder, *folder.absolute().parents) if place.is_dir()), None)
    return existing is not None and shutil.disk_usage(existing).free < FULL_BELOW
