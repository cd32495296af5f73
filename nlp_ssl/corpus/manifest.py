"""What a corpus depends on, what a folder already holds, and the manifest."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import fields
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Any

from nlp_ssl.console import duration, printable, say, table, warn
from nlp_ssl.corpus.assignment import DIVIDED, Assignment
from nlp_ssl.corpus.inputs import PRINTED, Inputs
from nlp_ssl.corpus.options import PrepareOptions
from nlp_ssl.corpus.split_likeness import concerns
from nlp_ssl.corpus.store import CORPUS_FORMAT, REMEDY, SPLITS, SplitCounts, lost_manifest
from nlp_ssl.corpus.tokenizer_training import ALGORITHMS
from nlp_ssl.corpus.unknown import limit_unknown
from nlp_ssl.errors import InputError
from nlp_ssl.json_files import read_object
from nlp_ssl.output_folder import contents, require_folder

LISTED = 100  # groups of sources, and names of files for each reason, that the manifest lists

_LIBRARIES = ("tokenizers", "icu4py", "regex", "pyarrow")  # a corpus depends on their versions


def settings_of(options: PrepareOptions, inputs: Inputs) -> dict[str, Any]:
    """What the corpus depends on: options and text. A run continues, or finds its corpus, only if both agree."""
    ignored = {"text", "out", "processes", "cluster"}
    kept = {f.name: getattr(options, f.name) for f in fields(options) if f.name not in ignored}
    digest = blake2b(digest_size=16)
    for source in inputs.sources:
        digest.update(f"{source.content}\n".encode("utf-8", "surrogateescape"))
    plain: dict[str, Any] = json.loads(json.dumps({"options": kept, "text": digest.hexdigest()}))
    return plain


def sources_of(inputs: Inputs, assignment: Assignment, empty: int) -> dict[str, Any]:
    """What was read and what was not, for the manifest: at most `LISTED` groups, and names, for any number of files.

    `empty` documents were read, too. Each divided one counts in the splits for each of its pieces.
    """
    groups = []
    for number, group in enumerate(inputs.groups[:LISTED]):
        sources = [inputs.sources[number] for number in group.sources]
        first = sources[0]
        groups.append(
            {
                "name": printable(group.name),
                "files": len(sources),
                "bytes": sum(source.bytes for source in sources),
                "format": first.format,
                "document": first.document,
                "characters": first.characters,
                "text_column": first.text_column,
                "encodings": sorted({source.encoding for source in sources}),
                "unwrapped": sum(source.width is not None for source in sources),
                "hash": first.hash if len(sources) == 1 else None,
                "documents": int(assignment.group_documents[number]),
                "train_bytes": int(assignment.group_bytes[number, 0]),
                "validation_bytes": int(assignment.group_bytes[number, 1]),
            }
        )
    not_read = {
        reason: {"files": len(names), "first": [printable(name) for name in names[:LISTED]]}
        for reason, names in inputs.not_read.items()
    }
    return {
        "files": len(inputs.sources),
        "documents": {
            "read": len(assignment.fates) + empty,
            "divided": int((assignment.fates == DIVIDED).sum()),
            "pieces": assignment.pieces,
        },
        "sources": groups,
        "more_sources": max(0, len(inputs.groups) - LISTED),
        "not_read": not_read,
        "links_out_of_the_folder": [printable(link) for link in inputs.outside[:LISTED]],
    }


def require_own_folder(out: Path) -> None:
    """InputError where a folder holds neither a corpus nor the preparation of one, and is not free."""
    require_folder(out)
    if (out / "manifest.json").exists() or (out / "work" / "plan.json").exists():
        return
    if lost_manifest(out):
        raise InputError(f"{out / 'manifest.json'} is missing: {REMEDY}")
    if (out / "work" / "text").is_dir():
        raise InputError(f"{out / 'work' / 'plan.json'} is missing: {REMEDY}")
    if any(entry.name != "work" or contents(entry) for entry in contents(out)):
        raise InputError(f"{out}: exists and is not a corpus; choose another --out")


def is_finished(out: Path, settings: dict[str, Any]) -> bool:
    """Whether a folder holds the finished corpus of these settings.

    False where it is empty or holds the unfinished preparation. InputError where it holds anything else.
    """
    require_own_folder(out)
    for file, what in ((out / "manifest.json", "corpus"), (out / "work" / "plan.json", "unfinished preparation")):
        if file.exists():
            other = _differences(_read_settings(file), settings)
            if other:
                raise InputError(f"{out}: holds another {what} (other {other}); choose another --out or delete it")
            return what == "corpus"
    return False


def _read_settings(file: Path) -> dict[str, Any]:
    stored = read_object(file, REMEDY)
    if not isinstance(stored.get("options"), dict):
        raise InputError(f"{file} is damaged: {REMEDY}")
    return stored


def _differences(there: dict[str, Any], settings: dict[str, Any]) -> str:
    """The options that differ, by name; "text" where the sources do."""
    options = settings["options"].items()
    names = [f"--{name.replace('_', '-')}" for name, value in options if there["options"].get(name) != value]
    if there.get("text") != settings["text"]:
        names.append("text")
    return ", ".join(names)


def check_unknown(counts: Mapping[str, Counter[str]], options: PrepareOptions, vocab_size: int) -> None:
    """Warn of many unknown tokens in a split. InputError where they are too many to learn from, or to score on.

    `vocab_size` is the size that a trained tokenizer has, at most that of the options.
    """
    remedy = _remedy(options, vocab_size)
    for split, name in (("train", "training"), ("validation", "validation")):
        share = counts[split]["unknown"] / max(counts[split]["tokens"], 1)
        so = "so models learn nothing about that text" if split == "train" else "so scores on it mean little"
        limit_unknown(share, f"--tokenizer {options.tokenizer}", f"the {name} tokens are unknown to it", so, remedy)


def _remedy(options: PrepareOptions, vocab_size: int) -> str:
    """What makes fewer tokens unknown: only what can help with this tokenizer."""
    if options.tokenizer not in ALGORITHMS:
        return "use another tokenizer, or train one on the text with --tokenizer bpe"
    remedies = ["--tokenizer bpe"]
    if vocab_size >= options.vocab_size:
        remedies.append("a larger --vocab-size")
    elif options.min_frequency > 1:
        remedies.append("a smaller --min-frequency")
    return f"use {' or '.join(remedies)}"


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
    _print_sources(manifest)
    dropped = ", ".join(f"{n:,} {reason}" for reason, n in manifest["dropped"].items() if n) or "nothing"
    say(f"dropped: {dropped}")
    if replaced := manifest["replaced_surrogates"]:
        say(f"broken characters (single surrogates of JSON) replaced by U+FFFD: {replaced:,}")
    if spelled := manifest["special_tokens_in_text"]:
        say(f"special tokens that the text spells, such as [MASK], read as text: {spelled:,}")
    say(
        f"vocabulary {manifest['vocab_size']:,} ({len(manifest['emoji_ids']):,} emoji), "
        f"{100 * manifest['unknown_rate']:.3f} % unknown, {manifest['tokens_per_word']:.2f} tokens per word, "
        f"{manifest['bytes_per_token']:.2f} bytes per token"
    )
    say(f"{text_bytes / 1e6:.1f} MB in {duration(seconds)}, {text_bytes / 1e6 / seconds:.1f} MB/s")
    say(f"fingerprint {manifest['fingerprint']}")


def _print_sources(manifest: Mapping[str, Any]) -> None:
    """Print the share of each source in both splits, and warn where the splits are unlike each other."""
    sources, likeness = manifest["sources"], manifest["split_divergence"]
    total = [max(1, sum(source[f"{split}_bytes"] for source in sources)) for split in SPLITS]
    if len(sources) > 1:
        rows = [
            [
                source["name"],
                f"{source['documents']:,}",
                *(f"{100 * source[f'{split}_bytes'] / size:.1f} %" for split, size in zip(SPLITS, total, strict=True)),
            ]
            for source in sources[:PRINTED]
        ]
        say(table(["source", "documents", "of train", "of validation"], rows))
    counts = manifest["documents"]
    parts = f"; {counts['divided']:,} long ones give a part to validation" if counts["divided"] else ""
    say(f"read: {manifest['files']:,} files or other sources, {counts['read']:,} documents{parts}")
    if manifest["splits"]["validation"]["documents"]:
        say(f"train and validation differ by {likeness['bits']:.4f} bits, by chance {likeness['by_chance']:.4f}")
    for concern in concerns(sources, likeness["bits"], likeness["by_chance"]):
        warn(concern)
