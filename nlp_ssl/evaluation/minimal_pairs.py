"""`nlp-ssl minimal-pairs`: a pretrained run and pairs of sentences -> how often it finds the good one likelier.

The format is BLiMP's (Warstadt et al., TACL 2020): JSON lines, or a table, with `sentence_good` and `sentence_bad`;
`UID` names the paradigm that a pair belongs to, else the file's name does. Nothing is trained. How likely a
sentence is, `nlp_ssl.evaluation.likelihood` says; there is no normalisation by length.

The score is the mean over paradigms of the share of pairs that are right, a tie counting half. Its interval is
over paradigms, as the pairs of one are made from one template. Beside it stands what preferring the
sentence of fewer tokens would score, as sums of logarithms do that where a model knows nothing else.

scores.json          the scores, by paradigm too, versions, the command
scores.md            the table
pairs.npz            of each pair: `paradigm` str[n], `good` and `bad` float32[n] the scores in nats, `correct`
                     float32[n] 1, 0 or 0.5
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import tyro

from nlp_ssl.atomic_io import write_text
from nlp_ssl.console import progress, say, speaks, table, warn
from nlp_ssl.disk_errors import disk_errors
from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.experiment import UNKNOWN_WORTH_A_WARNING
from nlp_ssl.evaluation.result_cache import CachedResult, ResultCache, command, weights_fingerprint
from nlp_ssl.models.folder import model_folder
from nlp_ssl.options import parse
from nlp_ssl.output_folder import exclusive

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from nlp_ssl.evaluation.likelihood import LanguageModel, Score, Sentences

COLUMNS = ("sentence_good", "sentence_bad")
PARADIGM = "UID"


@dataclass(frozen=True, kw_only=True)
class MinimalPairs:
    """Score a pretrained model by whether it finds the good sentence of each pair likelier, without any training."""

    run: tyro.conf.Positional[Path]
    """Folder of a pretraining run, or of any model in Hugging Face format."""
    data: tuple[Path, ...]
    """Folder with files of pairs (.jsonl .csv .tsv .parquet), or those files: sentence_good, sentence_bad, UID."""
    out: Path
    """Folder for scores, and for what the model says of each pair."""
    score: Literal["auto", "causal", "pseudo-log-likelihood"] = "auto"
    """What makes a sentence likely; auto is what the model was trained for. A masked model can be scored as causal
    too, with all tokens masked that follow."""
    whole_words: bool = False
    """Mask what follows of a token's word too, in the pseudo-log-likelihood."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Arithmetic of matrix products; auto is bf16 where the hardware has it."""


def main(arguments: Sequence[str]) -> int:
    """The command."""
    minimal_pairs(parse(MinimalPairs, "minimal-pairs", arguments))
    return 0


def minimal_pairs(options: MinimalPairs) -> dict[str, Any]:
    """Score the pairs, print the table and write OUT; returns what is in OUT/scores.json.

    InputError for data or a model that cannot be used, before anything is written.
    """
    folder = model_folder(options.run)
    pairs = read_minimal_pairs(options.data)

    from nlp_ssl.evaluation.likelihood import LanguageModel
    from nlp_ssl.runtime import resolve_precision
    from nlp_ssl.tasks.splits import LabelledExamples

    precision = resolve_precision(options.precision)
    model = LanguageModel(folder, precision)
    by = _resolve(options, model)
    sentences = model.read(pairs.good + pairs.bad)
    pairs.check(sentences, model.longest)
    if sentences.tokens.unknown > UNKNOWN_WORTH_A_WARNING:
        warn(f"the run's tokenizer does not know {sentences.tokens.unknown:.0%} of the tokens")

    mine = {
        "score": by,
        "whole words": options.whole_words,
        "precision": precision,
        "model": weights_fingerprint(folder),
        "pairs": {"all": LabelledExamples(pairs.good + pairs.bad, pairs.paradigms, None).fingerprint()},
    }
    with disk_errors(options.out, "run the command again; finished results are kept"), exclusive(options.out):
        parts = ResultCache(options.out, mine)
        part = parts.part("scores", lambda: _score(model, sentences, by, options.whole_words))
        if parts.done_before:
            say(f"{options.out}: this was finished before; nothing was run again")
        facts = {
            "run": str(options.run),
            "command": command("minimal-pairs", options),
            "variant": by,
            "whole words": options.whole_words,
            "unknown tokens": round(sentences.tokens.unknown, 4),
            "precision": precision,
        }
        lengths = sentences.lengths.reshape(2, -1)
        return _write(options, pairs, part, -lengths[0], -lengths[1], facts)


# --- the pairs ---


@dataclass(frozen=True)
class SentencePairs:
    """Pairs of sentences, with where each was read."""

    good: list[str]
    bad: list[str]
    paradigms: list[str]
    where: list[str]

    def check(self, sentences: Sentences, longest: int) -> None:
        """InputError for sentences that the model cannot read."""
        problems = []
        for i, n in enumerate(sentences.tokens.lengths):
            if n > longest:
                problems.append(f"{self._at(i)}: {n} tokens with start and end, the model reads {longest}")
            elif n == 2:
                problems.append(f"{self._at(i)}: the tokenizer finds no token in it")
        if problems:
            raise _shortened(problems)

    def _at(self, i: int) -> str:
        """Where sentence i is: all good ones, then all bad ones."""
        n = len(self.good)
        return f"{self.where[i % n]}, {COLUMNS[i // n]}"


def read_minimal_pairs(data: Sequence[Path]) -> SentencePairs:
    """All pairs of a folder's files, or of the files; InputError, with all problems found, where they are unusable."""
    from nlp_ssl.corpus.streams import suffix_of
    from nlp_ssl.corpus.table import read_table

    formats = [".tsv", ".csv", ".jsonl", ".parquet"]
    missing = [path for path in data if not path.exists()]
    if missing or not data:
        raise InputError(*[f"--data {path}: no such file or folder" for path in missing] or ["--data names no file"])
    files = [
        file
        for path in data
        for file in ([path] if path.is_file() else sorted(f for f in path.iterdir() if suffix_of(f) in formats))
    ]
    if not files:
        raise InputError(f"--data {' '.join(map(str, data))}: no {', '.join(formats)} in it")
    pairs, problems = SentencePairs([], [], [], []), []
    for file in files:
        if suffix_of(file) not in formats:
            raise InputError(f"{file}: not one of {', '.join(formats)} (.gz and .zst may follow)")
        read = read_table(file)
        problems += read.problems
        lacking = [name for name in COLUMNS if name not in read.columns]
        problems += [problem for name in COLUMNS for problem in read.lacking(name)]
        if lacking and read.columns:
            there = ", ".join(read.columns)
            problems.append(f"{file}: no column {' and '.join(map(repr, lacking))} (there are: {there})")
        if lacking:
            continue
        good, bad = (["" if v is None else str(v).strip() for v in read.columns[name]] for name in COLUMNS)
        where = [read.at(row) for row in range(len(good))]
        for name, texts in zip(COLUMNS, (good, bad), strict=True):
            problems += [f"{at}: {name} is empty: remove the pair" for at, v in zip(where, texts, strict=True) if not v]
        stem = file.name.removesuffix(".gz").removesuffix(".zst").rpartition(".")[0]
        pairs.good.extend(good)
        pairs.bad.extend(bad)
        pairs.paradigms.extend(map(str, read.columns.get(PARADIGM, [stem] * len(good))))
        pairs.where.extend(where)
    if problems:
        raise _shortened(problems)
    return pairs


def _shortened(problems: list[str]) -> InputError:
    from nlp_ssl.tasks.splits import PROBLEMS_SHOWN

    hidden = len(problems) - PROBLEMS_SHOWN
    return InputError(*problems[:PROBLEMS_SHOWN], *([f"and {hidden:,} more like these"] if hidden > 0 else []))


# --- the scores ---


def _resolve(options: MinimalPairs, model: LanguageModel) -> Score:
    """How sentences are scored; InputError where the model or the flags do not go with it."""
    natural: Score = "causal" if model.kind == "causal" else "pseudo-log-likelihood"
    by: Score = natural if options.score == "auto" else options.score
    if model.kind == "causal" and by != "causal":
        raise InputError(f"{options.run} sees one side of a token alone, it has no {by}: use --score causal")
    if options.whole_words and by == "causal":
        raise InputError("--whole-words is for the pseudo-log-likelihood: a causal score has no use for it")
    return by


def _score(model: LanguageModel, sentences: Sentences, by: Score, whole_words: bool) -> CachedResult:
    with progress(f"score ({by})", float(sentences.lengths.sum()), "tokens") as job:
        scores = model.score(sentences, by, whole_words, job.advance)
        job.advance(job.total - job.done)  # equal sentences are scored once
    good, bad = scores.reshape(2, -1)
    return CachedResult({"good": good, "bad": bad}, {})


def _write(
    options: MinimalPairs,
    pairs: SentencePairs,
    part: CachedResult,
    fewer_good: npt.NDArray[Any],
    fewer_bad: npt.NDArray[Any],
    facts: dict[str, Any],
) -> dict[str, Any]:
    """Print the table and write all files."""
    import numpy as np

    from nlp_ssl.evaluation.scores import markdown, provenance

    paradigm = np.array(pairs.paradigms)
    correct = _correct(part.outputs["good"], part.outputs["bad"])
    shorter = {"key": "fewer tokens", "name": "fewer tokens", "method": None}
    model = {"key": "pretrained", "name": options.run.resolve().name, "method": "zero-shot"}
    models: list[dict[str, Any]] = [
        {**shorter, **_scores(_correct(fewer_good, fewer_bad), paradigm)},
        {**model, **_scores(correct, paradigm), "seconds": [part.facts["seconds"]]},
    ]
    names, counts = np.unique(paradigm, return_counts=True)
    result = {
        "task": "minimal pairs",
        "paper": "Warstadt et al. 2020, BLiMP: The Benchmark of Linguistic Minimal Pairs for English, TACL",
        **facts,
        "examples": {str(paradigm): int(n) for paradigm, n in zip(names, counts, strict=True)},
        "models": models,
        **provenance(),
    }
    if not speaks():
        return result
    header = ["paradigm", "pairs", *(model["name"] for model in models)]
    lines = [
        [p, f"{n:,}", *(f"{100 * model['paradigms'][p]:.1f}" for model in models)]
        for p, n in result["examples"].items()
    ]
    lines.append([f"mean of {len(names)}", f"{len(paradigm):,}", *map(_with_interval, models)])
    caption = f"minimal pairs, {facts['variant']}{', whole words' * options.whole_words}: % right, chance 50"
    with (options.out / "pairs.npz.writing").open("wb") as stream:
        np.savez(stream, allow_pickle=False, paradigm=paradigm, correct=correct, **part.outputs)
    (options.out / "pairs.npz.writing").rename(options.out / "pairs.npz")
    write_text(options.out / "scores.md", markdown(caption, header, lines, facts["command"]))
    write_text(options.out / "scores.json", json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    print(f"{caption}\n\n{table(header, lines)}", flush=True)
    say(f"\nscores and all else are in {options.out}")
    return result


def _correct(good: npt.NDArray[Any], bad: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """1 where the good sentence has the higher score, 0 where the bad one has, 0.5 where they are equal: [n]."""
    import numpy as np

    correct: npt.NDArray[np.float32] = ((1 + np.sign(good - bad)) / 2).astype(np.float32)
    return correct


def _scores(correct: npt.NDArray[np.float32], paradigm: npt.NDArray[Any]) -> dict[str, Any]:
    """The accuracy of each paradigm, and their mean with its interval, where there are several."""
    import numpy as np

    from nlp_ssl.statistics.intervals import interval, measure_pairs

    names, group = np.unique(paradigm, return_inverse=True)
    accuracy = np.bincount(group, weights=correct) / np.bincount(group)
    mean = float(accuracy.mean())
    low, high = None, None
    if len(names) > 1:
        found = interval(measure_pairs(correct[None], paradigm))
        low, high = found.low, found.high
    return {
        "scores": {"accuracy": {"seeds": [mean], "mean": mean, "low": low, "high": high}},
        "paradigms": {str(name): float(a) for name, a in zip(names, accuracy, strict=True)},
    }


def _with_interval(model: dict[str, Any]) -> str:
    figures = model["scores"]["accuracy"]
    interval = f" [{100 * figures['low']:.1f}, {100 * figures['high']:.1f}]" if figures["low"] is not None else ""
    return f"{100 * figures['mean']:.1f}{interval}"
