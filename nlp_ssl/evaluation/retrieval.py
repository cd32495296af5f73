"""`nlp-ssl retrieval RUN --corpus CORPUS`: find the next sentence by the vectors of a pretrained model, zero-shot.

For each of up to `--queries` held-out sentences, 1,000 candidates are ranked by the cosine of their vectors with the
query's: the sentence that follows it, and 999 others, of other documents where there are enough. Vectors are means over
tokens (`nlp_ssl.evaluation.encoder`), less the mean of all vectors. Scores are the mean reciprocal rank (`mrr`) and the
share of queries whose next sentence is ranked first (`top1`).

Confidence intervals resample passages: documents, or parts of 100 sentences of longer ones. Baselines are TF-IDF
vectors, random initialisation, and a random order, whose mean reciprocal rank is known exactly.

scores.json          scores, versions, the command
scores.md            the printed table
queries/             for each model and seed: `mrr` and `top1` of each query, float64 [Q], and its `passage`, int64 [Q]
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import tyro

from nlp_ssl.array_files import write_arrays
from nlp_ssl.atomic_io import write_text
from nlp_ssl.console import progress, say, show_written, speaks, table
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.disk_errors import disk_errors
from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.options import MOST_SEEDS, baseline_sample
from nlp_ssl.evaluation.result_cache import CachedResult, ResultCache, command, weights_fingerprint
from nlp_ssl.models.folder import model_folder
from nlp_ssl.options import parse
from nlp_ssl.output_folder import exclusive
from nlp_ssl.tasks.from_corpus.neighbours import FEWEST_QUERIES, NeighbourQueries, neighbour_queries

if TYPE_CHECKING:
    from nlp_ssl.evaluation.checkpoints import Checkpoint
    from nlp_ssl.evaluation.inputs import Tokens

METRICS = ("mrr", "top1")

TFIDF = "tfidf_cosine"


@dataclass(frozen=True, kw_only=True)
class Retrieval:
    """Score the vectors of a pretrained model: how well they find the next sentence among 1,000.

    Nothing is trained.
    """

    run: tyro.conf.Positional[Path]
    """Folder of a pretraining run, or of any model in Hugging Face format."""
    corpus: Path
    """Prepared corpus whose held-out sentences are the queries and candidates."""
    out: Path
    """Folder for all results."""
    queries: int = 2000
    """Maximum number of queries."""
    seeds: int = 3
    """Number of random initialisations."""
    max_length: int = 128
    """Maximum number of tokens; longer sentences are cut. Models with fewer positions read fewer."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Precision of matrix products. auto uses bf16 where the hardware supports it. On CUDA, fp32 means TF32."""
    baselines: bool = True
    """Also score TF-IDF vectors and random initialisation."""
    baseline_seed: int = 1
    """Seed of random initialisations; another number draws another sample."""
    share_baselines: Path | None = None
    """Reuse baselines from this folder; compute and store the missing ones."""


@dataclass(frozen=True)
class _Row:
    key: str
    name: str
    results: list[CachedResult]


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    retrieval(parse(Retrieval, "retrieval", arguments))
    return 0


def retrieval(options: Retrieval) -> dict[str, Any]:
    """Score the model and the baselines, print the table and write OUT. Returns the content of OUT/scores.json.

    Raises InputError for unusable options, models or corpora, before anything is written.
    """
    _check(options)
    folder = model_folder(options.run)
    queries = neighbour_queries(options.corpus, options.queries)

    from nlp_ssl.evaluation.checkpoints import load_checkpoint
    from nlp_ssl.evaluation.inputs import check_unknown, encode
    from nlp_ssl.models.architectures import longest_input
    from nlp_ssl.runtime import resolve_precision
    from nlp_ssl.tasks.splits import LabelledExamples

    precision = resolve_precision(options.precision)
    checkpoint = load_checkpoint(folder)
    texts = LabelledExamples(queries.queries + queries.answers, None, None)
    tokens = encode(checkpoint, texts, longest_input(checkpoint.config, options.max_length))
    check_unknown(tokens.unknown, str(options.corpus))
    on_texts = {"corpus": Corpus.open(options.corpus).fingerprint, "queries": options.queries}
    settings = {
        **on_texts,
        "precision": precision,
        "tokens": tokens.fingerprint(),
        "model": weights_fingerprint(folder),
    }
    with disk_errors(options.out, "run the command again; finished results are kept"), exclusive(options.out):
        cache = ResultCache(options.out, settings, options.share_baselines)
        rows = _baselines(options, cache, queries, checkpoint, tokens, on_texts, precision) if options.baselines else []
        of_run = cache.part("pretrained", lambda: _scored(queries, checkpoint, tokens, precision, None))
        rows.append(_Row("pretrained", options.run.resolve().name, [of_run]))
        if cache.done_before:
            say(f"{options.out}: all results are cached; nothing was run again")
        facts = {"run": str(options.run), "corpus": str(options.corpus), "command": command("retrieval", options)}
        return _write(options, queries, rows, {**facts, "precision": precision})


def _check(options: Retrieval) -> None:
    least = {"queries": FEWEST_QUERIES, "max_length": 8}
    wrong = [
        f"--{name.replace('_', '-')} is {value}: it must be at least {n}"
        for name, n in least.items()
        if (value := getattr(options, name)) < n
    ]
    wrong += [
        f"--{name.replace('_', '-')} is {value}: it must lie in 1..{MOST_SEEDS}"
        for name in ("seeds", "baseline_seed")
        if not 1 <= (value := getattr(options, name)) <= MOST_SEEDS
    ]
    if wrong:
        raise InputError(*wrong)


def _baselines(
    options: Retrieval,
    cache: ResultCache,
    queries: NeighbourQueries,
    checkpoint: Checkpoint,
    tokens: Tokens,
    on_texts: dict[str, Any],
    precision: Any,
) -> list[_Row]:
    """TF-IDF vectors, and the random initialisations of the run's architecture."""
    from nlp_ssl.evaluation.ranking import rank_scores, text_cosines

    def of_texts() -> CachedResult:
        return CachedResult(rank_scores(text_cosines(queries.queries, queries.answers), queries.candidates), {})

    architecture = checkpoint.architecture()
    on = {**on_texts, "architecture": architecture, "tokens": tokens.fingerprint(), "precision": precision}
    prefix, start = baseline_sample("random_init", options.baseline_seed)
    networks = [
        cache.part(f"{prefix}-seed{s}", partial(_scored, queries, checkpoint, tokens, precision, start + s), on)
        for s in range(1, options.seeds + 1)
    ]
    return [
        _Row(TFIDF, "TF-IDF cosine", [cache.part(TFIDF, of_texts, on_texts)]),
        _Row("random_init", "random initialisation", networks),
    ]


def _scored(
    queries: NeighbourQueries, checkpoint: Checkpoint, tokens: Tokens, precision: Any, seed: int | None
) -> CachedResult:
    """The scores of each query by the vectors of the pretrained model, or of a random initialisation from a seed."""
    from nlp_ssl.evaluation.encoder import Encoder
    from nlp_ssl.evaluation.ranking import cosines, rank_scores

    label = "vectors" if seed is None else f"random initialisation: seed {seed}"
    with progress(label, len(tokens.lengths), "sentences") as job:
        vectors = Encoder(checkpoint, seed is None, seed or 0, precision).vectors(tokens, job.advance)
    one, other = vectors[: len(queries.queries)], vectors[len(queries.queries) :]
    return CachedResult(dict(rank_scores(cosines(one, other), queries.candidates)), {})


def _write(
    options: Retrieval, queries: NeighbourQueries, rows: Sequence[_Row], facts: dict[str, Any]
) -> dict[str, Any]:
    """Print the table and write all files."""
    from nlp_ssl.evaluation.scores import markdown, provenance

    models = [{"key": row.key, "name": row.name, **_summary(row, queries)} for row in rows]
    candidates = queries.candidates.shape[1]
    result = {
        "task": "next-sentence retrieval",
        "queries": len(queries.queries),
        "candidates": candidates,
        "passages": int(queries.passage.max()) + 1,
        "chance": {"mrr": queries.chance, "top1": 1 / candidates},
        **facts,
        "models": models,
        **provenance(),
    }
    if not speaks():
        return result
    for row in rows:
        for s, part in enumerate(row.results, 1):
            write_arrays(options.out / "queries" / query_file(row.key, s), part.outputs | {"passage": queries.passage})
    header = ["model", *METRICS]
    lines = [["random order", f"{100 * queries.chance:.2f}", f"{100 / candidates:.2f}"]]
    lines += [[str(model["name"]), *(_cell(model["scores"][metric]) for metric in METRICS)] for model in models]
    caption = f"next-sentence retrieval: {len(queries.queries):,} queries, {candidates:,} candidates each, scores x 100"
    write_text(options.out / "scores.md", markdown(caption, header, lines, facts["command"]))
    write_text(options.out / "scores.json", json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    show_written(f"{caption}\n\n{table(header, lines)}", options.out)
    return result


def query_file(key: str, seed: int) -> str:
    """The name of the file with the scores of each query."""
    return {"random_init": f"random_init-seed{seed}.npz"}.get(key, f"{key}.npz")


def _summary(row: _Row, queries: NeighbourQueries) -> dict[str, Any]:
    """The scores of a row, with 95 % intervals if there are several passages."""
    import numpy as np

    from nlp_ssl.statistics.intervals import interval, measure_clusters

    scores = {}
    for metric in METRICS:
        of_seeds = np.stack([part.outputs[metric] for part in row.results])
        found = measure_clusters(of_seeds[None], queries.passage, pretrained=row.key == "pretrained")
        ends = None if found is None else interval(found)
        low, high = (None, None) if ends is None else (ends.low, ends.high)
        seeds = of_seeds.mean(axis=1).tolist()
        scores[metric] = {"seeds": seeds, "mean": float(np.mean(seeds)), "low": low, "high": high}
    return {"scores": scores, "seconds": [part.facts["seconds"] for part in row.results]}


def _cell(score: dict[str, Any]) -> str:
    interval = f" [{100 * score['low']:.2f}, {100 * score['high']:.2f}]" if score["low"] is not None else ""
    return f"{100 * score['mean']:.2f}{interval}"
