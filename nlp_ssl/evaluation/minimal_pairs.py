"""`nlp-ssl minimal-pairs`: score a pretrained model zero-shot on pairs of an acceptable and an unacceptable sentence.

A pair is correct if the model assigns the higher score to the acceptable sentence
(`nlp_ssl.evaluation.likelihood`); ties count half. The format is that of BLiMP (Warstadt et al., TACL 2020, section 3):
JSON Lines or a table with the columns `sentence_good` and `sentence_bad`. The column `UID` names the paradigm of a
pair; without it, the file name does.

The score is the mean accuracy over paradigms. Its confidence interval resamples paradigms, because the pairs of a
paradigm come from one template. The baseline "fewer tokens" prefers the shorter sentence, as sums of log probabilities
tend to do.

scores.json          scores, also by paradigm, versions, the command
scores.md            the printed table
pairs.npz            for each pair: `paradigm` str [n]; `good` and `bad`, the scores in nats, float32 [n];
                     `correct`, 1, 0 or 0.5, float32 [n]
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
FORMATS = (".tsv", ".csv", ".jsonl", ".parquet")


@dataclass(frozen=True, kw_only=True)
class MinimalPairs:
    """Score a pretrained model on minimal pairs: how often it gives the acceptable sentence a higher likelihood.

    Nothing is trained.
    """

    run: tyro.conf.Positional[Path]
    """Folder of a pretraining run, or of any model in Hugging Face format."""
    data: tuple[Path, ...]
    """Folder with files of pairs, or the files (.jsonl .csv .tsv .parquet). Their columns are sentence_good and
    sentence_bad; UID names the paradigm of a pair and is optional."""
    out: Path
    """Folder for the scores, of all pairs and of each one."""
    score: Literal["auto", "causal", "pseudo-log-likelihood"] = "auto"
    """How to compute the likelihood of a sentence. auto suits the model's objective. With causal, a masked language
    model predicts each token with all later tokens masked."""
    whole_words: bool = False
    """Also mask the later tokens of the same word, for the pseudo-log-likelihood."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Precision of matrix products. auto uses bf16 where the hardware supports it."""


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    minimal_pairs(parse(MinimalPairs, "minimal-pairs", arguments))
    return 0


def minimal_pairs(options: MinimalPairs) -> dict[str, Any]:
    """Score the pairs, print the table and write OUT. Returns the content of OUT/scores.json.

    Raises InputError for unusable data, options or models, before anything is written.
    """
    folder = model_folder(options.run)
    pairs = read_minimal_pairs(options.data)

    from nlp_ssl.evaluation.inputs import MAX_UNKNOWN
    from nlp_ssl.evaluation.likelihood import LanguageModel
    from nlp_ssl.runtime import resolve_precision
    from nlp_ssl.tasks.splits import LabelledExamples

    precision = resolve_precision(options.precision)
    model = LanguageModel(folder, precision)
    by = _resolve(options, model)
    sentences = model.read(pairs.good + pairs.bad)
    pairs.check(sentences, model.longest)
    if sentences.tokens.unknown > MAX_UNKNOWN:
        warn(f"{sentences.tokens.unknown:.0%} of the tokens are unknown to the model's tokenizer")

    settings = {
        "score": by,
        "whole words": options.whole_words,
        "precision": precision,
        "model": weights_fingerprint(folder),
        "pairs": {"all": LabelledExamples(pairs.good + pairs.bad, pairs.paradigms, None).fingerprint()},
    }
    with disk_errors(options.out, "run the command again; finished results are kept"), exclusive(options.out):
        cache = ResultCache(options.out, settings)
        part = cache.part("scores", lambda: _score(model, sentences, by, options.whole_words))
        if cache.done_before:
            say(f"{options.out}: all results are cached; nothing was run again")
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
    """Minimal pairs; all lists have length n."""

    good: list[str]
    bad: list[str]
    paradigms: list[str]
    where: list[str]
    """The file and line of each pair, for error messages."""

    def check(self, sentences: Sentences, longest: int) -> None:
        """Raise InputError for sentences without tokens, or of more than `longest` tokens."""
        from nlp_ssl.tasks.splits import shortened

        problems = []
        for i, n in enumerate(sentences.tokens.lengths):
            if n > longest:
                problems.append(
                    f"{self._at(i)}: {n} tokens with start and end, more than the model's {longest} positions"
                )
            elif n == 2:
                problems.append(f"{self._at(i)}: the tokenizer finds no tokens in the sentence")
        if problems:
            raise shortened(problems)

    def _at(self, i: int) -> str:
        """The file, line and column of sentence i, counting all good sentences, then all bad ones."""
        n = len(self.good)
        return f"{self.where[i % n]}, {COLUMNS[i // n]}"


def read_minimal_pairs(data: Sequence[Path]) -> SentencePairs:
    """Read all pairs from files, or from the files of a folder. Raises InputError with all problems found."""
    from nlp_ssl.tasks.splits import shortened

    pairs = SentencePairs([], [], [], [])
    problems = [problem for file in _find_files(data) for problem in _add_file(file, pairs)]
    if problems:
        raise shortened(problems)
    return pairs


def _find_files(data: Sequence[Path]) -> list[Path]:
    """The files to read. Raises InputError if there are none, or some are missing or of another format."""
    from nlp_ssl.corpus.streams import suffix_of

    missing = [path for path in data if not path.exists()]
    if missing or not data:
        raise InputError(*[f"--data {path}: no such file or folder" for path in missing] or ["--data: no file given"])
    files = [
        file
        for path in data
        for file in ([path] if path.is_file() else sorted(f for f in path.iterdir() if suffix_of(f) in FORMATS))
    ]
    if not files:
        raise InputError(f"--data {' '.join(map(str, data))}: no {', '.join(FORMATS)} files in the folder")
    for file in files:
        if suffix_of(file) not in FORMATS:
            raise InputError(f"{file}: not a {', '.join(FORMATS)} file (optionally compressed: .gz, .zst)")
    return files


def _add_file(file: Path, pairs: SentencePairs) -> list[str]:
    """Add the pairs of a file and return the problems found."""
    from nlp_ssl.corpus.table import read_table

    table = read_table(file)
    problems = list(table.problems)
    missing = [name for name in COLUMNS if name not in table.columns]
    problems += [problem for name in COLUMNS for problem in table.lacking(name)]
    if missing and table.columns:
        found = ", ".join(table.columns)
        problems.append(f"{file}: no column {' and '.join(map(repr, missing))}; found {found}")
    if missing:
        return problems
    good, bad = (["" if v is None else str(v).strip() for v in table.columns[name]] for name in COLUMNS)
    where = [table.at(row) for row in range(len(good))]
    for name, texts in zip(COLUMNS, (good, bad), strict=True):
        problems += [f"{at}: {name} is empty; remove the pair" for at, v in zip(where, texts, strict=True) if not v]
    stem = file.name.removesuffix(".gz").removesuffix(".zst").rpartition(".")[0]
    pairs.good.extend(good)
    pairs.bad.extend(bad)
    pairs.paradigms.extend(map(str, table.columns.get(PARADIGM, [stem] * len(good))))
    pairs.where.extend(where)
    return problems


# --- the scores ---


def _resolve(options: MinimalPairs, model: LanguageModel) -> Score:
    """Resolve --score auto. Raises InputError if the score does not suit the model or --whole-words."""
    natural: Score = "causal" if model.kind == "causal" else "pseudo-log-likelihood"
    by: Score = natural if options.score == "auto" else options.score
    if model.kind == "causal" and by != "causal":
        raise InputError(f"{options.run}: a causal model has no {by}; use --score causal")
    if options.whole_words and by == "causal":
        raise InputError("--whole-words applies to --score pseudo-log-likelihood only")
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
    brevity_good: npt.NDArray[Any],
    brevity_bad: npt.NDArray[Any],
    facts: dict[str, Any],
) -> dict[str, Any]:
    """Print the table and write all files. `brevity_*` [n] are the scores of the baseline "fewer tokens"."""
    import numpy as np

    from nlp_ssl.evaluation.scores import provenance

    paradigm = np.array(pairs.paradigms)
    correct = _correct(part.outputs["good"], part.outputs["bad"])
    shorter = {"key": "fewer tokens", "name": "fewer tokens", "method": None}
    model = {"key": "pretrained", "name": options.run.resolve().name, "method": "zero-shot"}
    models: list[dict[str, Any]] = [
        {**shorter, **_scores(_correct(brevity_good, brevity_bad), paradigm)},
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
    if speaks():
        with (options.out / "pairs.npz.writing").open("wb") as stream:
            np.savez(stream, allow_pickle=False, paradigm=paradigm, correct=correct, **part.outputs)
        (options.out / "pairs.npz.writing").rename(options.out / "pairs.npz")
        _report(options.out, result)
    return result


def _report(out: Path, result: dict[str, Any]) -> None:
    """Print the table, and write it and the result."""
    from nlp_ssl.evaluation.scores import markdown

    models, examples = result["models"], result["examples"]
    header = ["paradigm", "pairs", *(model["name"] for model in models)]
    lines = [[p, f"{n:,}", *(f"{100 * model['paradigms'][p]:.1f}" for model in models)] for p, n in examples.items()]
    lines.append([f"mean of {len(examples)}", f"{sum(examples.values()):,}", *map(_with_interval, models)])
    caption = f"minimal pairs, {result['variant']}{', whole words' * result['whole words']}: % right, chance 50"
    write_text(out / "scores.md", markdown(caption, header, lines, result["command"]))
    write_text(out / "scores.json", json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    print(f"{caption}\n\n{table(header, lines)}", flush=True)
    say(f"\nall results are in {out}")


def _correct(good: npt.NDArray[Any], bad: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """1 where the good sentence has the higher score, 0 where the bad one has, 0.5 for ties: float32 [n]."""
    import numpy as np

    correct: npt.NDArray[np.float32] = ((1 + np.sign(good - bad)) / 2).astype(np.float32)
    return correct


def _scores(correct: npt.NDArray[np.float32], paradigm: npt.NDArray[Any]) -> dict[str, Any]:
    """The accuracy of each paradigm, and their mean; with a confidence interval if there are several paradigms."""
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
    score = model["scores"]["accuracy"]
    interval = f" [{100 * score['low']:.1f}, {100 * score['high']:.1f}]" if score["low"] is not None else ""
    return f"{100 * score['mean']:.1f}{interval}"
