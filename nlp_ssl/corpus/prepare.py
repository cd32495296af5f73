"""`nlp-ssl prepare`: raw text -> a corpus (see `store`).

Four stages, each of which leaves its results in `OUT/work`, so that a run that was killed goes on where it stopped:

1. read      find documents, clean and hash them                                        all cores
2. sort out  mark exact duplicates, and choose the split of each document by its hash
3. train     the tokenizer, on a sample of the training split that its hashes choose
4. encode    sentences, tokens                                                          all cores

Then the pieces are joined to shards and the manifest is written, last. Work is cut into units that depend on
the input alone, so any number of processes makes the same corpus.
"""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import numpy as np
import numpy.typing as npt
import tyro

from nlp_ssl.atomic_io import flush, writing
from nlp_ssl.console import duration, progress, say, table, warn
from nlp_ssl.corpus import tokenizer
from nlp_ssl.corpus.encoding import (
    SPLITS,
    Encoding,
    encode_part,
    hashes_of,
    offsets,
    part_file,
    read_unit,
    split_file,
    texts_of,
    write_json,
)  # fmt: skip
from nlp_ssl.corpus.scanning import choose_document, is_encoding, scan
from nlp_ssl.corpus.sentences import splitter
from nlp_ssl.corpus.sources import DocumentKind, Source, find_sources
from nlp_ssl.corpus.store import FORMAT, Corpus, read_shard, write_shard
from nlp_ssl.corpus.units import unit_bytes, units
from nlp_ssl.errors import InputError

SAMPLE_BYTES = 200 * 10**6  # of text that the tokenizer is trained on
SHARD_TOKENS = 2**23  # in one shard, unless a single piece has more
_HASHES_AT_ONCE = 2**22  # compared in memory
_LIBRARIES = ("tokenizers", "icu4py", "regex", "pyarrow")  # what a corpus depends on


@dataclass(frozen=True, kw_only=True)
class Options:
    """Turn raw text into a corpus: documents, sentences and tokens, ready for every objective."""

    text: Annotated[tuple[str, ...], tyro.conf.Positional]
    """What to read: files (.txt .jsonl .csv .tsv .parquet, each also .gz or .zst; anything else is text), folders,
    globs, the name of a declared corpus (data/NAME.toml), or a hub dataset as owner/name[:config]."""
    out: Path
    """The folder for the corpus. A run that was interrupted goes on there."""
    vocab_size: int = 16384
    """How many tokens a trained tokenizer has, special tokens and emoji included."""
    tokenizer: str = "wordpiece"
    """wordpiece, bpe (bytes), unigram or wordlevel (whole words) are trained on the text; anything else is
    the folder or hub name of a tokenizer to use as it is."""
    lowercase: bool = True
    """Whether a trained tokenizer lower-cases the text; accents are always kept."""
    min_frequency: int = 2
    """How often a token, character or emoji occurs at least to be in a trained vocabulary."""
    language: str = "en"
    """The language of the text (en, ko, de …), for the rules of where sentences end."""
    sentences: str = "icu"
    """What finds sentences: icu (Unicode's rules), kiwi (Korean, also without punctuation), or any
    module:function that takes a text and returns its sentences."""
    document: Literal["auto", "file", "line", "block", "row"] = "auto"
    """What a document is: a text file, a line of it, a block between blank lines, or a row of a table.
    auto chooses by the files and says what it chose."""
    text_column: str = "text"
    """The column or key with the text, in .jsonl, .csv, .tsv, .parquet and hub datasets."""
    encoding: str | None = None
    """The encoding of the text files. Without it: UTF-8, or what a file looks like, with a note."""
    validation: float = 0.05
    """The share of documents held out, chosen by their hash: more text never moves a document across."""
    processes: int = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    """How many processes read and encode; the corpus is the same for any number."""

    def __post_init__(self) -> None:
        problems = []
        if self.vocab_size < 300:
            problems.append(f"--vocab-size {self.vocab_size}: must be 300 or more (256 bytes, special tokens)")
        if self.min_frequency < 1:
            problems.append(f"--min-frequency {self.min_frequency}: must be 1 or more")
        if not 0 <= self.validation <= 0.5:
            problems.append(f"--validation {self.validation}: a share between 0 and 0.5")
        if self.processes < 1:
            problems.append(f"--processes {self.processes}: must be 1 or more")
        if not self.text:
            problems.append("prepare: name the text to read (files, folders, globs, a declared corpus)")
        if problems:
            raise InputError(*problems)


def main(arguments: Sequence[str]) -> int:
    """The command: prints the corpus's counts; returns the exit status."""
    prepare(tyro.cli(Options, args=list(arguments), prog="nlp-ssl prepare"))
    return 0


def prepare(options: Options) -> Corpus:
    """Make a corpus, or finish one that was begun, or open it where it is already there.

    InputError where the input or an option is wrong (nothing is left behind then), where `out` holds something
    else, and where the disk is full (what is done is kept).
    """
    started = time.monotonic()
    splitter(options.sentences, options.language)  # a wrong one is told before any work
    with _workers(options.processes) as workers:
        sources = _sources(options, workers)
        plan = _plan(options, sources)
        if _holds(options.out, plan):
            say(f"{options.out}: this corpus is already there")
            shutil.rmtree(options.out / "work", ignore_errors=True)  # a kill may have come before the last step
            return Corpus.open(options.out)
        try:
            return _make(options, sources, plan, workers, started)
        except InputError:
            shutil.rmtree(options.out / "work")
            if not any(options.out.iterdir()):
                options.out.rmdir()
            raise
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise InputError(
                f"{options.out}: the disk is full; free some space and run the same command again, "
                f"it goes on from what is done"
            ) from None
        except BrokenProcessPool:
            raise InputError(
                f"{options.out}: a worker process was killed, most likely for want of memory; run the same "
                f"command again with a smaller --processes, it goes on from what is done"
            ) from None


# What is there to do


def _sources(options: Options, workers: Workers) -> list[Source]:
    """The sources with all that is known about them; what was assumed is printed."""
    if options.encoding is not None and not is_encoding(options.encoding):
        raise InputError(f"--encoding {options.encoding}: no encoding of text is called so; utf-8, cp949, latin-1, …")
    found = find_sources(options.text)
    scanned = workers.run(scan, [(source, options.encoding) for source in found])
    problems = [problem for source in scanned if isinstance(source, InputError) for problem in source.problems]
    if problems:
        raise InputError(*problems)
    sources: list[Source] = scanned
    files = [source for source in sources if source.format not in ("module", "hub")]
    if files and len(files) == len(sources) and not any(source.bytes for source in files):
        raise InputError(*(f"{source.name}: empty; give a file with text in it" for source in files))
    for source in sources:
        if source.encoding not in ("utf-8", options.encoding):
            say(f"{source.name}: not UTF-8, read as {source.encoding} (--encoding names another)")
    texts = [source for source in sources if source.format == "text" and source.bytes]
    if options.document == "row" and texts:
        raise InputError(f"{texts[0].name}: --document row, but a text file has no rows; file, line or block")
    if options.document not in ("auto", "row") and len(texts) < len(sources):
        other = next(source for source in sources if source.format != "text")
        raise InputError(f"{other.name}: --document {options.document}, but it has rows; leave --document out")
    document: DocumentKind = "row"
    if texts and options.document == "auto":
        document, reason = choose_document(texts)
        say(f"a document is a {document} ({reason}; --document chooses another)")
    elif texts:
        document = cast(DocumentKind, options.document)
    wrapped = sum(source.width is not None for source in texts)
    if wrapped and document != "line":
        say(f"unwrapping the hard-wrapped lines of {wrapped} of {len(texts)} text files")
    if document == "line":
        texts = [replace(source, width=None) for source in texts]
    of_name = {source.name: replace(source, document=document) for source in texts}
    return [of_name.get(source.name, source) for source in sources]


def _plan(options: Options, sources: Sequence[Source]) -> dict[str, Any]:
    """What the corpus depends on: what a run that goes on, or finds a finished corpus, must agree with."""
    ignored = {"text", "out", "processes"}
    kept = {f.name: getattr(options, f.name) for f in fields(options) if f.name not in ignored}
    return {"options": kept, "sources": [asdict(source) for source in sources]}


def _holds(out: Path, plan: dict[str, Any]) -> bool:
    """Whether the folder holds the finished corpus of a plan. InputError where it holds anything else."""

    def differences(there: dict[str, Any]) -> str:
        names = [f"--{k.replace('_', '-')}" for k, v in plan["options"].items() if there["options"].get(k) != v]
        if [_content(s) for s in there["sources"]] != [_content(s) for s in plan["sources"]]:
            names.append("text")
        return ", ".join(names)

    for file, what in ((out / "manifest.json", "corpus"), (out / "work" / "plan.json", "unfinished preparation")):
        if file.is_file():
            different = differences(json.loads(file.read_text(encoding="utf-8")))
            if different:
                raise InputError(f"{out}: holds another {what} (other {different}); choose another --out or delete it")
            return what == "corpus"
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: exists and is not a corpus; choose another --out")
    return False


def _content(source: dict[str, Any]) -> dict[str, Any]:
    """A source without its name, where its hash tells more."""
    return {k: v for k, v in source.items() if k != "name" or not source["hash"]}


# The stages


def _make(
    options: Options, sources: Sequence[Source], plan: dict[str, Any], workers: Workers, started: float
) -> Corpus:
    out = options.out
    work = out / "work"
    begun = work.is_dir()
    for folder in ("text", "pieces"):
        (work / folder).mkdir(parents=True, exist_ok=True)
    if begun:
        say(f"{out}: going on with the preparation that was begun here")
    write_json(work / "plan.json", plan)
    trains = options.tokenizer in tokenizer.KINDS
    if not trains:  # a wrong one is told before the work
        _tokenizer(work, lambda folder: _load(options, folder))
    clock = [time.monotonic()]
    parts, drops, characters, pictures = _read(options, sources, work, workers)
    clock.append(time.monotonic())
    dropped, validation_below, sample = _sort_out(options.validation, parts)
    drops["duplicate"] = int(dropped.sum())

    def paragraphs() -> Iterator[str]:
        for part in parts:
            hashes = hashes_of(part.file)
            chosen = np.flatnonzero((hashes >= sample[0]) & (hashes <= sample[1]) & ~_of(part, dropped))
            for text in texts_of(part.file, chosen):
                yield from text.split("\n")

    ids = _tokenizer(work, lambda folder: _train(options, paragraphs(), characters, pictures, folder))
    model = tokenizer.load(work / "tokenizer")
    size = tokenizer.vocab_size(model)
    encoding = Encoding(
        tokenizer=work / "tokenizer", sentences=options.sentences, language=options.language,
        unknown=ids["unk"], wide=size > 2**16, validation_below=validation_below,
    )  # fmt: skip
    clock.append(time.monotonic())
    counts = _encode(encoding, parts, dropped, work, workers)
    clock.append(time.monotonic())
    drops["empty"] += sum(counts[split].pop("empty") for split in SPLITS)
    if not counts["train"]["documents"]:
        raise InputError(f"{out}: the text has no tokens at all under this tokenizer; choose another --tokenizer")

    shutil.rmtree(out / "tokenizer", ignore_errors=True)
    shutil.copytree(work / "tokenizer", out / "tokenizer", ignore=shutil.ignore_patterns("special_ids.json"))
    np.save(out / "tokenizer" / "word_starts.npy", tokenizer.word_starts(model))
    fingerprint = blake2b(f"nlp_ssl corpus {FORMAT} {json.dumps(ids)}".encode(), digest_size=16)
    fingerprint.update((out / "tokenizer" / "tokenizer.json").read_bytes())
    for split in SPLITS:
        _join(out / split, [split_file(_done(work, part), split) for part in parts], fingerprint)

    train = counts["train"]
    manifest = {
        "format": FORMAT,
        "fingerprint": fingerprint.hexdigest(),
        "splits": {
            split: {name: counts[split][name] for name in ("documents", "sentences", "tokens", "bytes")}
            for split in SPLITS
        },
        "vocab_size": size,
        "special_ids": ids,
        "emoji_ids": tokenizer.emoji_ids(model),
        "language": options.language,
        "document": sorted({source.document for source in sources}),
        "dropped": dict(drops),
        "bytes_per_token": train["bytes"] / train["tokens"],
        "tokens_per_word": train["tokens"] / max(train["words"], 1),
        "unknown_rate": train["unknown"] / train["tokens"],
        "seconds": dict(zip(("read", "tokenizer", "encode"), np.diff(clock).round(2).tolist(), strict=True)),
        **plan,
        "libraries": {name: version(name) for name in _LIBRARIES},
    }
    for file in [*(out / "tokenizer").iterdir(), *out.glob("*/*.arrow")]:
        flush(file)
    write_json(out / "manifest.json", manifest)
    shutil.rmtree(work)
    _report(manifest, sum(part.bytes for part in parts), time.monotonic() - started)
    return Corpus.open(out)


@dataclass(frozen=True)
class Part:
    """Some documents that were read: at most a few MB, unless a document is larger."""

    file: Path
    first: int  # number of its first document in the whole text
    documents: int
    bytes: int


def _read(
    options: Options, sources: Sequence[Source], work: Path, workers: Workers
) -> tuple[list[Part], Counter[str], Counter[str], Counter[str]]:
    """Stage 1: the parts, the drops by reason, and how often each character and each emoji occurs."""
    work_units = units(sources)
    part_bytes = 2 * unit_bytes(sources)  # a unit of uncompressed text is mostly one part
    done = [work / "text" / f"{number:06d}.json" for number in range(len(work_units))]
    sizes = [sum((s.source.bytes if s.end is None else s.end) - s.start for s in spans) / 1e6 for spans in work_units]
    measure = "MB" if any(sizes) else "sources"  # the size of a declared corpus or hub dataset is not known
    sizes = sizes if any(sizes) else [1.0] * len(work_units)
    todo = [number for number, file in enumerate(done) if not file.is_file()]
    with progress("read", sum(sizes), measure, done=sum(sizes) - sum(sizes[n] for n in todo)) as job:
        # A hub dataset needs heavy libraries: it is read in this process, to keep the workers light.
        heavy = [number for number in todo if work_units[number][0].source.format == "hub"]
        light = [number for number in todo if number not in heavy]
        for numbers, where in ((light, workers), (heavy, Workers(None))):
            where.run(
                read_unit,
                [(work_units[number], options.text_column, part_bytes, done[number]) for number in numbers],
                lambda i, numbers=numbers: job.advance(sizes[numbers[i]]),  # type: ignore[misc]
            )
    parts: list[Part] = []
    drops, characters, pictures = Counter[str](empty=0), Counter[str](), Counter[str]()
    drops["empty file"] = sum(not s.bytes and s.format not in ("module", "hub") for s in sources)
    documents = 0
    for file in done:
        facts = json.loads(file.read_text(encoding="utf-8"))
        drops["empty"] += facts["empty"]
        characters.update(facts["characters"])
        pictures.update(facts["emoji"])
        for number, (count, size) in enumerate(facts["parts"]):
            parts.append(Part(part_file(file, number), documents, count, size))
            documents += count
    if not parts:
        raise InputError(*(f"{source.name}: no text in it; give one with text" for source in sources))
    return parts, drops, characters, pictures


def _sort_out(
    validation: float, parts: Sequence[Part]
) -> tuple[npt.NDArray[np.bool_], int, tuple[np.uint64, np.uint64]]:
    """Stage 2: which documents are duplicates; below which hash they are for validation; the tokenizer's sample.

    The sample is given by the first and the last hash of a range of the training split.

    Where the hashes put no document (or every one) into validation, the one with the lowest hash is held out.
    Hashes are compared range by range, so memory stays bounded.
    """
    documents = parts[-1].first + parts[-1].documents
    dropped = np.zeros(documents, dtype=np.bool_)
    ranges = 1 + documents // _HASHES_AT_ONCE
    for number in range(ranges):
        found, where = [], []
        for part in parts:
            hashes = hashes_of(part.file)
            here = np.flatnonzero((hashes >> np.uint64(40)) % np.uint64(ranges) == number)
            found.append(hashes[here])
            where.append(here + part.first)
        hashes, places = np.concatenate(found), np.concatenate(where)
        order = np.argsort(hashes, kind="stable")
        repeats = hashes[order][1:] == hashes[order][:-1]
        dropped[places[order][1:][repeats]] = True

    below = min(int(validation * 2**64), 2**64 - 1)
    kept = held_out = 0
    lowest = 2**64 - 1
    for part in parts:
        hashes = _kept(part, dropped)
        kept += len(hashes)
        held_out += int((hashes < np.uint64(below)).sum())
        lowest = min(lowest, int(hashes.min())) if len(hashes) else lowest
    if kept == 1:
        if validation:
            warn("the text is a single document, so there is no validation split; choose a smaller --document")
        below = 0
    elif validation and held_out in (0, kept):
        below = lowest + 1
    share = min(1.0, SAMPLE_BYTES / sum(part.bytes for part in parts))
    for_training = (_kept(part, dropped) for part in parts)
    first = min(int(hashes.min()) for h in for_training if len(hashes := h[h >= np.uint64(below)]))
    last = max(first, min(below + int(share * (2**64 - below)), 2**64 - 1))
    return dropped, below, (np.uint64(first), np.uint64(last))


def _kept(part: Part, dropped: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint64]:
    return hashes_of(part.file)[~_of(part, dropped)]


def _of(part: Part, dropped: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    return dropped[part.first : part.first + part.documents]


def _tokenizer(work: Path, make: Callable[[Path], dict[str, int]]) -> dict[str, int]:
    """Stage 3: the tokenizer in `work/tokenizer`, made if it is not there; returns the ids of the special tokens."""
    folder = work / "tokenizer"
    if not folder.is_dir():
        with writing(folder) as beside:
            beside.mkdir()
            write_json(beside / "special_ids.json", make(beside))
    ids: dict[str, int] = json.loads((folder / "special_ids.json").read_text(encoding="utf-8"))
    return ids


def _train(
    options: Options, paragraphs: Iterator[str], characters: Counter[str], pictures: Counter[str], folder: Path
) -> dict[str, int]:
    say(f"training a {options.tokenizer} tokenizer")
    began = time.monotonic()
    model = tokenizer.train(
        cast(tokenizer.Kind, options.tokenizer), paragraphs, options.vocab_size, options.min_frequency,
        options.lowercase, characters, pictures,
    )  # fmt: skip
    size = tokenizer.vocab_size(model)
    say(f"{size:,} tokens in {duration(time.monotonic() - began)}")
    if size < options.vocab_size:
        say(f"the text has no more than that (--vocab-size {options.vocab_size:,} was asked for)")
    return tokenizer.save_trained(model, folder)


def _load(options: Options, folder: Path) -> dict[str, int]:
    ids, added = tokenizer.save_given(options.tokenizer, folder)
    if added:
        say(f"--tokenizer {options.tokenizer}: added {', '.join(added)}, which it has not")
    return ids


def _done(work: Path, part: Part) -> Path:
    return work / "pieces" / f"{part.file.stem}.json"


def _encode(
    encoding: Encoding, parts: Sequence[Part], dropped: npt.NDArray[np.bool_], work: Path, workers: Workers
) -> dict[str, Counter[str]]:
    """Stage 4: the parts' shards in `work/pieces`; returns the counts of each split."""
    todo = [part for part in parts if not _done(work, part).is_file()]
    left = sum(part.bytes for part in todo) / 1e6
    total = sum(part.bytes for part in parts) / 1e6
    with progress("encode", total, "MB", done=total - left) as job:
        workers.run(
            encode_part,
            [(part.file, _of(part, dropped), encoding, _done(work, part)) for part in todo],
            lambda number: job.advance(todo[number].bytes / 1e6),
        )
    counts = {split: Counter[str]() for split in SPLITS}
    for part in parts:
        for split, facts in json.loads(_done(work, part).read_text(encoding="utf-8")).items():
            counts[split].update(facts)
    return counts


def _join(folder: Path, pieces: Sequence[Path], fingerprint: Any) -> None:
    """Join pieces to shards of about `SHARD_TOKENS`, and add their content to the fingerprint."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    fingerprint.update(folder.name.encode())
    waiting: list[Path] = []
    tokens = shard = 0

    def flush() -> None:
        shards = [read_shard(piece) for piece in waiting]
        lengths = np.concatenate([np.diff(s.sentence_offsets) for s in shards])
        documents = np.concatenate([np.diff(s.document_offsets) for s in shards])
        ids = np.concatenate([s.tokens for s in shards])
        arrays = (ids, offsets(lengths), offsets(documents))
        for array in arrays:
            fingerprint.update(np.ascontiguousarray(array).data)
        write_shard(folder / f"{shard:05d}.arrow", *arrays)

    for piece in pieces:
        if not piece.is_file():
            continue
        size = len(read_shard(piece).tokens)
        if waiting and tokens + size > SHARD_TOKENS:
            flush()
            waiting, tokens, shard = [], 0, shard + 1
        waiting.append(piece)
        tokens += size
    if waiting:
        flush()


def _report(manifest: dict[str, Any], text_bytes: int, seconds: float) -> None:
    """Print what the corpus holds."""
    rows = [
        [split, *(f"{manifest['splits'][split][name]:,}" for name in ("documents", "sentences", "tokens", "bytes"))]
        for split in SPLITS
    ]
    say(table(["split", "documents", "sentences", "tokens", "bytes"], rows))
    dropped = ", ".join(f"{n:,} {reason}" for reason, n in manifest["dropped"].items() if n) or "nothing"
    say(f"dropped: {dropped}")
    say(
        f"vocabulary {manifest['vocab_size']:,} ({len(manifest['emoji_ids']):,} emoji), "
        f"{100 * manifest['unknown_rate']:.3f} % unknown, {manifest['tokens_per_word']:.2f} tokens a word, "
        f"{manifest['bytes_per_token']:.2f} bytes a token"
    )
    say(f"{text_bytes / 1e6:.1f} MB in {duration(seconds)}, {text_bytes / 1e6 / seconds:.1f} MB/s")
    say(f"fingerprint {manifest['fingerprint']}")


# Processes


@dataclass(frozen=True)
class Workers:
    """The processes that do the work: a pool, or this one alone."""

    pool: Executor | None

    def run(
        self,
        function: Callable[..., Any],
        jobs: Sequence[tuple[Any, ...]],
        each: Callable[[int], None] = lambda number: None,
    ) -> list[Any]:
        """`[function(*job) for job in jobs]`, or the first error; `each` is told the number of a job that is done."""
        if self.pool is None:
            results = []
            for number, job in enumerate(jobs):
                results.append(function(*job))
                each(number)
            return results
        futures = [self.pool.submit(function, *job) for job in jobs]
        numbers = {future: number for number, future in enumerate(futures)}
        try:
            for future in as_completed(futures):
                future.result()
                each(numbers[future])
        finally:
            for future in futures:
                future.cancel()
        return [future.result() for future in futures]


@contextmanager
def _workers(processes: int) -> Iterator[Workers]:
    if processes == 1:
        yield Workers(None)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_begin_worker) as pool:
        yield Workers(pool)


def _begin_worker() -> None:
    """Keep a worker to one core, and end it with its parent, also where that is killed outright."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
