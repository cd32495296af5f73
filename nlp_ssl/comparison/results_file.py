"""results.json: its format, and how it is written and read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from nlp_ssl.atomic_io import write_text
from nlp_ssl.errors import InputError
from nlp_ssl.json_files import read_object

FORMAT = 4
"""Increases when a key changes its name or meaning."""

Results = dict[str, Any]
"""Content of results.json."""
Score = dict[str, Any]
"""One of its scores, with the keys of `COLUMNS`."""

COLUMNS = (
    *("model", "role", "pretraining_seed", "tokens", "task", "train_examples", "method", "variant"),
    *("finetuning_seed", "metric", "score", "outputs"),
)
"""Keys of a score in results.json; columns of scores.csv, in this order."""


@dataclass(frozen=True)
class Setting:
    """A way to score models."""

    method: str
    """finetune, probe, knn, zero-shot or word similarity."""
    train_examples: int | None
    """None means all examples."""
    variant: str | None
    """Of zero-shot scores: causal or pseudo-log-likelihood."""


def setting_of(score: Score) -> Setting:
    """The setting in which a score was measured."""
    return Setting(score["method"], score["train_examples"], score["variant"])


def write_results(folder: Path, results: Results) -> None:
    """Write results.json with a checksum of its content."""
    plain: Results = json.loads(json.dumps(results))
    text = json.dumps(plain | {"checksum": _checksum(plain)}, indent=1, ensure_ascii=False)
    write_text(folder / "results.json", text + "\n")


def _checksum(results: Results) -> str:
    content = {key: value for key, value in results.items() if key != "checksum"}
    return blake2b(json.dumps(content, sort_keys=True).encode(), digest_size=16).hexdigest()


def load_results(folder: Path) -> Results:
    """Read a comparison's results.json. Raises InputError if it is missing, damaged or old, or lacks predictions."""
    path = folder / "results.json"
    if not path.is_file():
        raise InputError(f"{folder} has no results.json: give the --out folder of `nlp-ssl compare`")
    results: Results = read_object(path, "run `nlp-ssl compare` again")
    if results.get("format") != FORMAT:
        raise InputError(f"{path} has format {results.get('format')}, not {FORMAT}: compare again with a new --out")
    if results.get("checksum") != _checksum(results):
        raise InputError(f"{path} is damaged or was edited: run `nlp-ssl compare` again")
    named = dict.fromkeys(s["outputs"] for s in results["scores"] if s["outputs"] is not None)
    missing = [name for name in named if not (folder / name).is_file()]
    if missing:
        raise InputError(f"{folder} lacks {len(missing)} files of predictions, {missing[0]} first: run compare again")
    return results


def finished_runs(results: Results, objective: str | None = None) -> list[dict[str, Any]]:
    """Finished pretraining runs of one objective, or of all."""
    return [r for r in results["runs"] if r["status"] == "done" and objective in (None, r["objective"])]
