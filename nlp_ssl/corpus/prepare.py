"""`nlp-ssl prepare`: raw text -> a corpus (see `store`).

Each stage leaves its results in `OUT/work`, so a killed run continues where it stopped:

1. read      find, clean and hash documents (`reading`)                              all cores
2. assign    drop exact duplicates, choose each document's split (`assignment`)
3. train     a tokenizer, on a sample of the training split (`tokenizer_training`)
4. encode    sentences and tokens (`encoding`)                                       all cores
5. join      shards (`joining`), and the manifest last (`manifest`)               all cores

Work is cut into units that depend on the input alone, so any number of processes makes the same corpus.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from nlp_ssl.atomic_io import flush, writing
from nlp_ssl.checksums import checksums
from nlp_ssl.console import duration, say, warn
from nlp_ssl.corpus.assignment import DROPPED, Assignment, assign, sample_paragraphs
from nlp_ssl.corpus.document_files import finish, finished
from nlp_ssl.corpus.encoding import Encoding, encode_files, encoded_path, shard_path
from nlp_ssl.corpus.held_out_part import Dividing
from nlp_ssl.corpus.inputs import Inputs, scan_sources
from nlp_ssl.corpus.joining import join_shards
from nlp_ssl.corpus.manifest import (
    check_unknown,
    is_finished,
    make_manifest,
    print_summary,
    require_own_folder,
    settings_of,
    sources_of,
)
from nlp_ssl.corpus.options import PrepareOptions
from nlp_ssl.corpus.reading import CleanText, read_sources
from nlp_ssl.corpus.reserved import reserved_ids, reserved_tokens
from nlp_ssl.corpus.sentences import load_splitter
from nlp_ssl.corpus.split_likeness import divergence, token_counts
from nlp_ssl.corpus.store import SPLITS, Corpus, fingerprint_of
from nlp_ssl.corpus.tokenizer import (
    emoji_ids,
    load_backend_tokenizer,
    save_given,
    save_trained,
    vocab_size,
    word_starts,
)
from nlp_ssl.corpus.tokenizer_training import ALGORITHMS, train_tokenizer
from nlp_ssl.corpus.workers import Workers, start_workers
from nlp_ssl.disk_errors import disk_errors
from nlp_ssl.errors import InputError
from nlp_ssl.json_files import write_object
from nlp_ssl.options import parse
from nlp_ssl.output_folder import exclusive


def main(arguments: Sequence[str]) -> int:
    """The command: prints the corpus's counts; returns the exit status."""
    run(arguments)
    return 0


def run(arguments: Sequence[str]) -> Corpus:
    """Make the corpus of a command line. Raises InputError."""
    return prepare(parse(PrepareOptions, "prepare", arguments))


def prepare(options: PrepareOptions) -> Corpus:
    """Make a corpus, continue an unfinished one, or open it where it exists.

    InputError if the input or an option is wrong (nothing is left behind), if `out` holds something else, if another
    process writes to it, and if the disk is full (finished work is kept).
    """
    started = time.monotonic()
    load_splitter(options.splitter, options.language)  # report a wrong one before any work
    require_own_folder(options.out)
    seen = [os.path.abspath(text) for text in options.text if Path(text).exists()]  # noqa: PTH100
    with start_workers(options.processes, options.cluster, seen) as workers:
        inputs = scan_sources(options, workers)
        settings = settings_of(options, inputs)
        if is_finished(options.out, settings):
            return _open_finished(options.out)
        then = "run the command again to continue; finished work is kept"
        with disk_errors(options.out, then), exclusive(options.out):
            if is_finished(options.out, settings):  # by another process, since the first look
                return _open_finished(options.out)
            try:
                return _Preparation(options, inputs, settings, workers, started).run()
            except InputError:
                shutil.rmtree(options.out / "work")
                raise
            except BrokenProcessPool:
                raise InputError(
                    f"{options.out}: a worker process was killed, probably for lack of memory; run the same command "
                    f"again with fewer --processes to continue"
                ) from None


def _open_finished(out: Path) -> Corpus:
    say(f"{out}: this corpus already exists")
    shutil.rmtree(out / "work", ignore_errors=True)  # a kill may have come before the last step
    return Corpus.open(out)


@dataclass(frozen=True)
class _Preparation:
    options: PrepareOptions
    inputs: Inputs
    settings: dict[str, Any]
    workers: Workers
    started: float

    @property
    def work(self) -> Path:
        return self.options.out / "work"

    def run(self) -> Corpus:
        """All stages."""
        self._begin()
        clock = [time.monotonic()]
        share = 0.0 if self.options.pair_columns else self.options.validation  # pairs stay together
        dividing = Dividing(share, self.options.splitter, self.options.language)
        text = read_sources(self.inputs.sources, dividing, self.work, self.workers)
        clock.append(time.monotonic())
        assignment = assign(self.options.validation, text.files, len(self.inputs.groups))
        empty = text.drops["empty"]
        text.drops["duplicate"] = int((assignment.fates == DROPPED).sum())
        ids = self._tokenizer(lambda folder: self._train(text, assignment, folder))
        model = load_backend_tokenizer(self.work / "tokenizer")
        encoding = Encoding(
            tokenizer=self.work / "tokenizer", sentences=self.options.splitter, language=self.options.language,
            unknown=ids["unk"], wide=vocab_size(model) > 2**16,
        )  # fmt: skip
        clock.append(time.monotonic())
        counts = encode_files(encoding, text.files, assignment.fates, self.work, self.workers)
        clock.append(time.monotonic())
        text.drops["empty"] += sum(counts[split].pop("empty") for split in SPLITS)
        if not counts["train"]["documents"]:
            raise InputError(f"{self.options.out}: this tokenizer finds no tokens in the text; use another --tokenizer")
        check_unknown(counts, self.options, vocab_size(model))
        fingerprint = self._join(text, ids, model)
        likeness = divergence(*token_counts(self.options.out, vocab_size(model)))
        seconds = dict(zip(("read", "tokenizer", "encode"), np.diff(clock).round(2).tolist(), strict=True))
        manifest = make_manifest(
            self.settings, counts, text.drops, fingerprint=fingerprint, vocab_size=vocab_size(model),
            special_ids=ids, emoji_ids=emoji_ids(model), seconds=seconds, checksums=self._checksums(),
            **reserved_ids(model),
            replaced_surrogates=text.replaced,
            split_divergence=dict(zip(("bits", "by_chance"), likeness, strict=True)),
            **sources_of(self.inputs, assignment, empty),
        )  # fmt: skip
        return self._finish(manifest, sum(file.bytes for file in text.files))

    def _begin(self) -> None:
        if self.work.is_dir():
            say(f"{self.options.out}: continuing an unfinished preparation")
        self.work.mkdir(parents=True, exist_ok=True)
        write_object(self.work / "plan.json", self.settings)  # first: it says whose folder this is
        for folder in ("text", "pieces"):
            (self.work / folder).mkdir(exist_ok=True)
        if self.options.tokenizer not in ALGORITHMS:  # report a wrong one before the work
            self._tokenizer(self._copy_given)

    def _tokenizer(self, make: Callable[[Path], dict[str, int]]) -> dict[str, int]:
        """The ids of the special tokens of the tokenizer in `work`, which `make` writes if it is not there."""
        folder = self.work / "tokenizer"
        ids = finished(folder / "special_ids.json")
        if ids is None:
            with writing(folder) as beside:
                beside.mkdir()
                ids = make(beside)
                finish(beside / "special_ids.json", ids, list(beside.iterdir()))
        return ids

    def _train(self, text: CleanText, assignment: Assignment, folder: Path) -> dict[str, int]:
        options = self.options
        say(f"training a {options.tokenizer} tokenizer")
        began = time.monotonic()
        model = train_tokenizer(
            options.tokenizer, sample_paragraphs(text.files, assignment), options.vocab_size, options.min_frequency,
            options.lowercase, text.characters, text.emoji, options.sentinels,
        )  # fmt: skip
        size = vocab_size(model) - len(reserved_tokens(options.sentinels))
        say(f"{size:,} tokens in {duration(time.monotonic() - began)}")
        if size < options.vocab_size:
            say(
                f"the text has no more tokens than that (--vocab-size {options.vocab_size:,}): "
                "with a smaller vocabulary a model learns more from so little text"
            )
        return save_trained(model, folder)

    def _copy_given(self, folder: Path) -> dict[str, int]:
        trained = ("vocab_size", "sentinels", "lowercase", "min_frequency")
        given = [name for name in trained if getattr(self.options, name) != getattr(PrepareOptions, name)]
        if given:
            flags = ", ".join(f"--{name.replace('_', '-')}" for name in given)
            warn(
                f"{flags}: only for a tokenizer that is trained; --tokenizer {self.options.tokenizer} is taken as it is"
            )
        ids, added = save_given(self.options.tokenizer, folder, ALGORITHMS)
        if added:
            say(f"--tokenizer {self.options.tokenizer}: added the missing {', '.join(added)}")
        return ids

    def _join(self, text: CleanText, ids: dict[str, int], model: Tokenizer) -> str:
        """Write tokenizer and shards to `out`; returns the fingerprint of the corpus."""
        out = self.options.out
        shutil.rmtree(out / "tokenizer", ignore_errors=True)
        shutil.copytree(self.work / "tokenizer", out / "tokenizer", ignore=shutil.ignore_patterns("special_ids.json"))
        np.save(out / "tokenizer" / "word_starts.npy", word_starts(model))
        for split in SPLITS:
            files = [shard_path(encoded_path(self.work, file), split) for file in text.files]
            join_shards(out / split, files, self.workers)
        return fingerprint_of(out, ids)

    def _checksums(self) -> dict[str, str]:
        out = self.options.out
        return checksums(out, [*(out / "tokenizer").iterdir(), *out.glob("*/*.arrow")])

    def _finish(self, manifest: dict[str, Any], text_bytes: int) -> Corpus:
        out = self.options.out
        for file in [*(out / "tokenizer").iterdir(), *out.glob("*/*.arrow")]:
            flush(file)
        write_object(out / "manifest.json", manifest)
        shutil.rmtree(self.work)
        print_summary(manifest, text_bytes, time.monotonic() - self.started)
        return Corpus.open(out)
