"""Are word vectors as good as gensim's, and as fast?

python benchmarks/vectors.py CORPUS [--pairs FILE…] [--epochs 5] [--only cbow skip_gram] [--by gensim nlp_ssl]

The corpus is one of whole words (`nlp-ssl prepare … --tokenizer wordlevel --min-frequency 5`). Both programs read its
train split, unknown words left out; 100 numbers, windows of 5, 5 negatives, subsampling at 1e-3, one thread, each at
three learning rates. Spearman's correlations with WordSim-353 and SimLex-999, which come with gensim, and the words
read in a second that the process had on its core, so that other work on the machine counts little.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import gensim
import numpy as np
import tyro
from gensim.models import Word2Vec

from nlp_ssl.cli import main as nlp_ssl
from nlp_ssl.console import table
from nlp_ssl.corpus import tokenizer
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.evaluation.similarity import agreement, read_pairs
from nlp_ssl.models.word_vectors import word_vectors

LISTS = [Path(gensim.__file__).parent / "test" / "test_data" / name for name in ("wordsim353.tsv", "simlex999.txt")]
RATES = {
    ("gensim", "cbow"): (0.025, 0.05, 0.1),
    ("gensim", "skip_gram"): (0.025, 0.05, 0.1),
    ("nlp_ssl", "cbow"): (0.25, 0.5, 1.0),
    ("nlp_ssl", "skip_gram"): (0.25, 0.5, 1.0),
}


@dataclass(frozen=True)
class Options:
    corpus: tyro.conf.Positional[Path]
    pairs: tuple[Path, ...] = tuple(LISTS)
    epochs: int = 5
    only: tuple[Literal["cbow", "skip_gram"], ...] = ("cbow", "skip_gram")
    by: tuple[Literal["gensim", "nlp_ssl"], ...] = ("gensim", "nlp_ssl")


def with_gensim(sentences: Path, objective: str, rate: float, epochs: int) -> tuple[list[str], Any, float]:
    """Words, their vectors, and seconds."""
    settings: dict[str, Any] = {"vector_size": 100, "window": 5, "negative": 5, "sample": 1e-3, "min_count": 5}
    model = Word2Vec(sg=int(objective == "skip_gram"), alpha=rate, workers=1, seed=1, **settings)
    model.build_vocab(corpus_file=str(sentences))
    started = time.process_time()
    words = {"total_words": model.corpus_total_words, "total_examples": model.corpus_count}
    model.train(corpus_file=str(sentences), epochs=epochs, **words)
    return model.wv.index_to_key, model.wv.vectors, time.process_time() - started


def with_nlp_ssl(corpus: Path, objective: str, rate: float, tokens: int) -> tuple[list[str], Any, float]:
    """Words, their vectors, and seconds."""
    with tempfile.TemporaryDirectory() as folder:
        run = ["pretrain", objective, "--corpus", str(corpus), "--out", f"{folder}/run", "--budget", f"{tokens}-tokens"]
        run += ["--optimizer.learning-rate", str(rate), "--evaluations", "1", "--save-every", "1000000", "--seed", "1"]
        started = time.process_time()
        assert nlp_ssl([*run, "--log-every", "500"]) == 0
        seconds = time.process_time() - started
        return *word_vectors(Path(folder) / "run" / "model"), seconds


def sentences_of(corpus: Corpus) -> Iterator[str]:
    """The sentences of the train split, as gensim reads them, without unknown words."""
    words = np.array(tokenizer.surfaces(tokenizer.load_backend_tokenizer(corpus.tokenizer_folder), corpus.vocab_size))
    for shard in corpus.shards("train"):
        for start, end in zip(shard.sentence_offsets, shard.sentence_offsets[1:], strict=False):
            yield " ".join(filter(None, words[shard.tokens[start:end]]))


def main() -> None:
    options = tyro.cli(Options)
    corpus = Corpus.open(options.corpus)
    tokens = corpus.counts["train"].tokens
    lists = [read_pairs(file) for file in options.pairs]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        sentences = Path(folder) / "sentences.txt"
        sentences.write_text("".join(f"{line}\n" for line in sentences_of(corpus)))
        for objective in options.only:
            for program in options.by:
                for rate in RATES[program, objective]:
                    if program == "gensim":
                        words, vectors, seconds = with_gensim(sentences, objective, rate, options.epochs)
                    else:
                        words, vectors, seconds = with_nlp_ssl(options.corpus, objective, rate, options.epochs * tokens)
                    found = [agreement(pairs, words, vectors) for pairs in lists]
                    rows.append([f"{objective}, {program}", f"{rate:g}", *[f"{a.spearman:.3f}" for a in found]])
                    rows[-1] += [f"{a.unknown:.1%}" for a in found]
                    rows[-1].append(f"{options.epochs * tokens / seconds / 1e3:,.0f}k")
                    print("  ".join(rows[-1]), flush=True)
    names = [file.name for file in options.pairs]
    print(table(["word vectors", "rate", *names, *["left out"] * len(names), "words/s"], rows))


if __name__ == "__main__":
    main()
