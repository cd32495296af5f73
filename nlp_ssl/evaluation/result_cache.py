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
from dataclasses import MISSING, dataclass, fields
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlp_ssl import registry
from nlp_ssl.atomic_io import write_text, writing
from nlp_ssl.console import speaks
from nlp_ssl.errors import InputError
from nlp_ssl.json_files import read_object
from nlp_ssl.output_folder import contents

if TYPE_CHECKING:
    import numpy as np


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


class ResultCache:
    """The finished results in the folder `out`, which depend on the options `mine` (JSON values by name).

    `shared` is a folder for results that other commands can use as well. InputError if `out` holds results with other
    options, or other files.
    """

    def __init__(self, out: Path, mine: dict[str, Any], shared: Path | None = None) -> None:
        self.out, self.shared = out, shared
        self.done_before = True
        """Whether every result so far was in the cache."""
        stored = out / "options.json"
        if stored.is_file():
            theirs = read_object(stored, "choose another --out")
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
        elif speaks():
            (out / "parts").mkdir(parents=True, exist_ok=True)
            write_text(stored, json.dumps(mine, indent=1, ensure_ascii=False) + "\n")

    def part(self, name: str, work: Callable[[], CachedResult], on: dict[str, Any] | None = None) -> CachedResult:
        """The result of this name: read from the cache, or computed by `work` and added to the cache.

        `on` is everything that a shareable result depends on, as JSON values. None for a result that is not shared.
        """
        file = self.out / "parts" / f"{name}.npz"
        places = [file]
        if self.shared is not None and on is not None:
            key = blake2b(json.dumps(on, sort_keys=True, default=str).encode(), digest_size=8).hexdigest()
            places.append(self.shared / f"{name}-{key}.npz")
        there = next((place for place in places if place.is_file()), None)
        if there is None:
            self.done_before = False
            started = time.monotonic()
            part = work()
            part.facts["seconds"] = round(time.monotonic() - started, 1)
        else:
            part = _read(there)
        if speaks():
            for place in places:
                if not place.is_file():
                    _write(place, part)
        return part


def _read(file: Path) -> CachedResult:
    import numpy as np

    with np.load(file) as stored:
        facts = json.loads(str(stored["facts"]))
        return CachedResult({key: stored[key] for key in stored.files if key != "facts"}, facts)


def _write(file: Path, part: CachedResult) -> None:
    import numpy as np

    file.parent.mkdir(parents=True, exist_ok=True)
    with writing(file) as beside, beside.open("wb") as stream:
        np.savez(stream, allow_pickle=False, facts=np.array(json.dumps(part.facts)), **part.outputs)
