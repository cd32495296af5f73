"""Finished results of an evaluation command, so that nothing is computed twice.

OUT/options.json records everything that the results in OUT depend on; a command with other options refuses to use OUT.
OUT/parts has one file for each finished result. Results that do not depend on the run, such as baselines, can be shared
between commands: they also lie in a shared folder, named by a hash of everything that they depend on.
"""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, replace
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlp_ssl import registry
from nlp_ssl.array_files import read_arrays, write_arrays
from nlp_ssl.atomic_io import remove
from nlp_ssl.console import speaks, warn
from nlp_ssl.errors import InputError
from nlp_ssl.json_files import read_object, write_object
from nlp_ssl.output_folder import contents
from nlp_ssl.processes import agree

if TYPE_CHECKING:
    import numpy as np

PROTOCOL = 2
"""Version of how examples are drawn and scored. Results of another version are never mixed with these."""


def weights_fingerprint(model: Path) -> dict[str, str]:
    """A hash of each weights file in a model's folder."""
    weights = [f for f in sorted(model.iterdir()) if f.suffix in (".safetensors", ".bin")]
    return {f.name: file_digest(f.open("rb"), "blake2b").hexdigest()[:16] for f in weights}


def command(name: str, options: Any) -> str:
    """The command line with these options and the loaded plug-ins."""
    return shlex.join(["nlp-ssl", *registry.plugin_flags(), name, *arguments(options)])


def arguments(options: Any) -> list[str]:
    """The command-line arguments for a dataclass of options whose `run` is positional. Defaults are left out."""
    words = [str(options.run)]
    for field in fields(options):
        value = getattr(options, field.name)
        if field.name == "run" or (field.default is not MISSING and value == field.default):
            continue
        flag = field.name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            words += [f"--{flag}", *map(str, value if isinstance(value, tuple) else [value])]
    return words


@dataclass(frozen=True)
class CachedResult:
    """A finished result: arrays, such as outputs by split, and facts for scores.json."""

    outputs: dict[str, np.ndarray[Any, Any]]
    facts: dict[str, Any]
    name: str = ""
    """Its name in the cache."""


class ResultCache:
    """The finished results in the folder `out`, which depend on the options `mine` (JSON values by name).

    `shared` is a folder for results that other commands can use as well. InputError if `out` holds results with other
    options, or other files, or if the processes of a distributed run have different options.
    """

    def __init__(self, out: Path, mine: dict[str, Any], shared: Path | None = None) -> None:
        self.out, self.shared = out, shared
        self.done_before = True
        """Whether every result so far was in the cache."""
        stored = out / "options.json"
        if stored.exists() or contents(out / "parts"):
            theirs = read_object(
                stored, f"delete the folder {out} to compute its results again, or choose another --out"
            )
            other = [
                f"{out} holds a result with other {key}"
                f"{'' if isinstance(value, dict) else f' ({theirs.get(key)}, now {value})'}: choose another --out"
                for key, value in mine.items()
                if theirs.get(key) != value
            ]
            if other:
                raise InputError(*other)
        elif any(file.name != "parts" for file in contents(out)):
            raise InputError(f"{out} holds other files than results of this command: choose another --out")
        agree(mine)
        self._mine = mine

    def record(self) -> None:
        """Write what the results depend on, unless it is there. Until the first result, nothing is written."""
        stored = self.out / "options.json"
        if speaks() and not stored.is_file():
            (self.out / "parts").mkdir(parents=True, exist_ok=True)
            write_object(stored, self._mine)

    def part(self, name: str, work: Callable[[], CachedResult], on: dict[str, Any] | None = None) -> CachedResult:
        """The result of this name: read from the cache, or computed by `work` and added to the cache.

        `on` is everything that a shareable result depends on, as JSON values. None for a result that is not shared.
        """
        self.record()
        file = self.out / "parts" / f"{name}.npz"
        places = [file]
        if self.shared is not None and on is not None:
            key = blake2b(json.dumps(on, sort_keys=True, default=str).encode(), digest_size=8).hexdigest()
            places.append(self.shared / f"{name}-{key}.npz")
        part = next((found for place in places if (found := _read(place)) is not None), None)
        if part is None:
            self.done_before = False
            started = time.monotonic()
            part = work()
            part.facts["seconds"] = round(time.monotonic() - started, 1)
        if speaks():
            for place in places:
                if not place.is_file():
                    _write(place, part)
        return replace(part, name=name)


def _read(file: Path) -> CachedResult | None:
    """The result in a file. None if there is none; a damaged one is removed, to be computed again."""
    if not file.exists():
        return None
    try:
        outputs = read_arrays(file, "computing it again")
        return CachedResult(outputs, json.loads(str(outputs.pop("facts"))))
    except (InputError, KeyError, ValueError) as error:
        warn(str(error) if isinstance(error, InputError) else f"{file} is damaged: computing it again")
        if speaks():
            remove(file)
        return None


def _write(file: Path, part: CachedResult) -> None:
    import numpy as np

    write_arrays(file, part.outputs | {"facts": np.array(json.dumps(part.facts))})
