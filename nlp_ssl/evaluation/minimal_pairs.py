"""`nlp-ssl minimal-pairs`: score a pretrained model zero-shot on pairs of an acceptable and an unacceptable sentence.

A pair is correct if the model assigns the higher score to the acceptable sentence
(`nlp_ssl.evaluation.likelihood`); ties count half. The format is that of BLiMP (Warstadt et al., TACL 2020, section 3):
JSON Lines or a table with the columns `sentence_good` and `sentence_bad`. The column `UID` names the paradigm of a
pair; without it, the file name does.

The score is the mean accuracy over paradigms. Its confidence interval resamples paradigms, because the pairs of a
paradigm come from one template. Pairs made from a corpus (`nlp_ssl.tasks.from_corpus.damaged`) are independent, so
there it resamples pairs. The baseline "fewer tokens" prefers the shorter sentence, as sums of log probabilities
tend to do.

scores.json          scores, also by paradigm, versions, the command
scores.md            the printed table
pairs.npz            for each pair: `paradigm` str [n]; `good` and `bad`, the scores in nats, float32 [n];
                     `correct`, 1, 0 or 0.5, float32 [n]; `independent`, whether the pairs are
fewer_tokens.npz     the same of the baseline, without the scores in nats
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import tyro

from nlp_ssl.array_files import write_arrays
from nlp_ssl.atomic_io import write_text
from nlp_ssl.console import progress, say, show_written, speaks, table
from nlp_ssl.disk_errors import disk_errors
from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.result_cache import CachedResult, ResultCache, command, weights_fingerprint
from nlp_ssl.evaluation.sentence_pairs import SentencePairs, made_sentence_pairs, read_sentence_pairs
from nlp_ssl.models.folder import as_causal, model_folder
from nlp_ssl.options import parse
from nlp_ssl.output_folder import exclusive

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from nlp_ssl.evaluation.likelihood import EncodedSentences, LanguageModel, Scoring


FEWER_TOKENS = "fewer tokens"
BASELINE_FILE = "fewer_tokens.npz"


@dataclass(frozen=True, kw_only=True)
class MinimalPairs:
    """Score a pretrained model on minimal pairs: how often it gives the acceptable sentence a higher likelihood.

    Nothing is trained.
    """

    run: tyro.conf.Positional[Path]
    """Folder of a pretraining run, or of any model in Hugging Face format."""
    data: tuple[Path, ...] = ()
    """Folder with files of pairs, or the files (.jsonl .csv .tsv .parquet). Their columns are sentence_good and
    sentence_bad; UID names the paradigm of a pair and is optional."""
    corpus: Path | None = None
    """Instead of --data: a prepared corpus, whose held-out sentences are compared with damaged versions."""
    out: Path
    """Folder for the scores, of all pairs and of each one."""
    score: Literal["auto", "causal", "pseudo-log-likelihood"] = "auto"
    """How to compute the likelihood of a sentence. auto suits the model's objective; for hybrid it is causal. With
    causal, a masked language model predicts each token with all later tokens masked."""
    whole_words: bool = False
    """Also mask the later tokens of the same word, for the pseudo-log-likelihood."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Precision of matrix products. auto uses bf16 where the hardware supports it. On CUDA, fp32 means TF32."""


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    minimal_pairs(parse(MinimalPairs, "minimal-pairs", arguments))
    return 0


def minimal_pairs(options: MinimalPairs) -> dict[str, Any]:
    """Score the pairs, print the table and write OUT. Returns the content of OUT/scores.json.

    Raises InputError for unusable data, options or models, before anything is written.
    """
    folder = model_folder(options.run)
    if options.score != "pseudo-log-likelihood":
        folder = as_causal(folder)
    pairs = _pairs(options)

    from nlp_ssl.evaluation.inputs import check_unknown
    from nlp_ssl.evaluation.likelihood import LanguageModel
    from nlp_ssl.runtime import resolve_precision
    from nlp_ssl.tasks.splits import LabelledExamples

    precision = resolve_precision(options.precision)
    model = LanguageModel(folder, precision)
    by = _resolve(options, model)
    sentences = model.read(pairs.good + pairs.bad)
    pairs.check(sentences, model.longest)
    check_unknown(sentences.tokens.unknown, "the pairs")
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


def _pairs(options: MinimalPairs) -> SentencePairs:
    if (options.corpus is None) == (not options.data):
        raise InputError("give either --data with files of pairs, or --corpus to damage its sentences")
    return read_sentence_pairs(options.data) if options.corpus is None else made_sentence_pairs(options.corpus)


def _resolve(options: MinimalPairs, model: LanguageModel) -> Scoring:
    """Resolve --score auto. Raises InputError if the score does not suit the model or --whole-words."""
    natural: Scoring = "causal" if model.kind == "causal" else "pseudo-log-likelihood"
    by: Scoring = natural if options.score == "auto" else options.score
    if model.kind == "causal" and by != "causal":
        raise InputError(f"{options.run}: a causal model has no {by}; use --score causal")
    if options.whole_words and by == "causal":
        raise InputError("--whole-words applies to --score pseudo-log-likelihood only")
    return by


def _score(model: LanguageModel, sentences: EncodedSentences, by: Scoring, whole_words: bool) -> CachedResult:
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
    shorter = {"key": FEWER_TOKENS, "name": FEWER_TOKENS, "method": None}
    of_shorter = _correct(brevity_good, brevity_bad)
    model = {"key": "pretrained", "name": options.run.resolve().name, "method": "zero-shot"}
    models: list[dict[str, Any]] = [
        {**shorter, **_scores(of_shorter, paradigm, pairs.independent)},
        {**model, **_scores(correct, paradigm, pairs.independent), "seconds": [part.facts["seconds"]]},
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
        independent = np.array(pairs.independent)
        shared = {"paradigm": paradigm, "independent": independent}
        write_arrays(options.out / "pairs.npz", {"correct": correct, **shared, **part.outputs})
        write_arrays(options.out / BASELINE_FILE, {"correct": of_shorter, **shared})
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
    show_written(f"{caption}\n\n{table(header, lines)}", out)


def _correct(good: npt.NDArray[Any], bad: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """1 where the good sentence has the higher score, 0 where the bad one has, 0.5 for ties: float32 [n]."""
    import numpy as np

    correct: npt.NDArray[np.float32] = ((1 + np.sign(good - bad)) / 2).astype(np.float32)
    return correct


def _scores(correct: npt.NDArray[np.float32], paradigm: npt.NDArray[Any], independent: bool) -> dict[str, Any]:
    """The accuracy of each paradigm, and their mean, with a confidence interval over pairs if they are independent.

    Otherwise the interval is over paradigms; there is none for a single paradigm.
    """
    import numpy as np

    from nlp_ssl.statistics.intervals import interval, measure_pairs

    names, group = np.unique(paradigm, return_inverse=True)
    accuracy = np.bincount(group, weights=correct) / np.bincount(group)
    mean = float(accuracy.mean())
    low, high = None, None
    if len(names) > 1 or independent:
        found = interval(measure_pairs(correct[None], paradigm, independent=independent))
        low, high = found.low, found.high
    return {
        "scores": {"accuracy": {"seeds": [mean], "mean": mean, "low": low, "high": high}},
        "paradigms": {str(name): float(a) for name, a in zip(names, accuracy, strict=True)},
    }


def _with_interval(model: dict[str, Any]) -> str:
    score = model["scores"]["accuracy"]
    interval = f" [{100 * score['low']:.1f}, {100 * score['high']:.1f}]" if score["low"] is not None else ""
    return f"{100 * score['mean']:.1f}{interval}"
