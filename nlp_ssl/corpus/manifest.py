"""What a corpus depends on, what a folder already holds, and the manifest."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

from nlp_ssl.console import duration, say, table, warn
from nlp_ssl.corpus.options import Options
from nlp_ssl.corpus.sources import Source
from nlp_ssl.corpus.store import CORPUS_FORMAT, SPLITS, SplitCounts
from nlp_ssl.errors import InputError
from nlp_ssl.output_folder import contents

MUCH_UNKNOWN = 0.01  # a larger share of unknown tokens is warned of …
MOST_UNKNOWN = 0.2  # … or refused

_LIBRARIES = ("tokenizers", "icu4py", "regex", "pyarrow")  # a corpus depends on their versions


def settings_of(options: Options, sources: Sequence[Source]) -> dict[str, Any]:
    """What the corpus depends on: `options` and `sources`. A run continues, or finds its corpus, only if all agree."""
    ignored = {"text", "out", "processes"}
    kept = {f.name: getattr(options, f.name) for f in fields(options) if f.name not in ignored}
    return {"options": kept, "sources": [asdict(source) for source in sources]}


def is_finished(out: Path, settings: dict[str, Any]) -> bool:
    """Whether a folder holds the finished corpus of these settings.

    False where it is empty or holds the unfinished preparation. InputError where it holds anything else.
    """
    for file, what in ((out / "manifest.json", "corpus"), (out / "work" / "plan.json", "unfinished preparation")):
        if file.is_file():
            other = _differences(json.loads(file.read_text(encoding="utf-8")), settings)
            if other:
                raise InputError(f"{out}: holds another {what} (other {other}); choose another --out or delete it")
            return what == "corpus"
    if out.is_file() or contents(out):
        raise InputError(f"{out}: exists and is not a corpus; choose another --out")
    return False


def _differences(there: dict[str, Any], settings: dict[str, Any]) -> str:
    """The options that differ, by name; "text" where the sources do."""
    options = settings["options"].items()
    names = [f"--{name.replace('_', '-')}" for name, value in options if there["options"].get(name) != value]
    if [_content(s) for s in there["sources"]] != [_content(s) for s in settings["sources"]]:
        names.append("text")
    return ", ".join(names)


def _content(source: dict[str, Any]) -> dict[str, Any]:
    """A source without its name, if its hash identifies it."""
    return {k: v for k, v in source.items() if k != "name" or not source["hash"]}


def check_unknown(counts: Mapping[str, Counter[str]], tokenizer: str) -> None:
    """Warn of many unknown tokens in the training split. InputError where they are too many to learn from."""
    share = counts["train"]["unknown"] / counts["train"]["tokens"]
    remedy = "use --tokenizer bpe, a larger --vocab-size or a smaller --min-frequency"
    found = f"--tokenizer {tokenizer}: {100 * share:.1f} % of the training tokens are unknown to it"
    if share > MOST_UNKNOWN:
        raise InputError(f"{found}; {remedy}")
    if share > MUCH_UNKNOWN:
        warn(f"{found}, so models learn nothing about that text; {remedy}")


def make_manifest(
    settings: dict[str, Any],
    counts: Mapping[str, Counter[str]],
    drops: Counter[str],
    **values: Any,
) -> dict[str, Any]:
    """The content of `manifest.json`; `counts` are those of each split, `values` are added as they are."""
    train = counts["train"]
    return {
        "format": CORPUS_FORMAT,
        "splits": {split: {field.name: counts[split][field.name] for field in fields(SplitCounts)} for split in SPLITS},
        "language": settings["options"]["language"],
        "document": sorted({source["document"] for source in settings["sources"]}),
        "dropped": dict(drops),
        "bytes_per_token": train["bytes"] / train["tokens"],
        "tokens_per_word": train["tokens"] / max(train["words"], 1),
        "unknown_rate": train["unknown"] / train["tokens"],
        "special_tokens_in_text": sum(counts[split]["special"] for split in SPLITS),
        **values,
        **settings,
        "libraries": {name: version(name) for name in _LIBRARIES},
    }


def print_summary(manifest: Mapping[str, Any], text_bytes: int, seconds: float) -> None:
    """Print the counts of a corpus, and the speed of its preparation."""
    names = ("documents", "sentences", "tokens", "bytes")
    rows = [[split, *(f"{manifest['splits'][split][name]:,}" for name in names)] for split in SPLITS]
    say(table(["split", *names], rows))
    dropped = ", ".join(f"{n:,} {reason}" for reason, n in manifest["dropped"].items() if n) or "nothing"
    say(f"dropped: {dropped}")
    if spelled := manifest["special_tokens_in_text"]:
        say(f"special tokens that the text spells, such as [MASK], read as text: {spelled:,}")
    say(
        f"vocabulary {manifest['vocab_size']:,} ({len(manifest['emoji_ids']):,} emoji), "
        f"{100 * manifest['unknown_rate']:.3f} % unknown, {manifest['tokens_per_word']:.2f} tokens per word, "
        f"{manifest['bytes_per_token']:.2f} bytes per token"
    )
    say(f"{text_bytes / 1e6:.1f} MB in {duration(seconds)}, {text_bytes / 1e6 / seconds:.1f} MB/s")
    say(f"fingerprint {manifest['fingerprint']}")
