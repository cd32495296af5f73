"""How fast are batches made, and how much of them is padding?

python benchmarks/batches.py corpora/novels corpora/tweets …
Seconds are those that the process had on its core, so that other work on the machine does not count.
"""

from __future__ import annotations

import sys
import time

from nlp_ssl.console import table
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.objectives import all_objectives
from nlp_ssl.objectives.base import Objective
from nlp_ssl.objectives.gap_sentences import GapSentences
from nlp_ssl.objectives.mlm import MaskedLM
from nlp_ssl.sampling.batches import Batches
from nlp_ssl.sampling.examples import TokenStream

OBJECTIVES = all_objectives()


SECONDS = 0.5
VARIANTS: dict[str, Objective] = {name: kind() for name, kind in OBJECTIVES.items()} | {
    "mlm, whole words": MaskedLM(masking="whole_word"),
    "mlm, n-grams": MaskedLM(masking="n_gram"),
    "mlm, spans": MaskedLM(masking="span"),
    "mlm, fixed count": MaskedLM(count="fixed"),
    "gap_sentences, one by one": GapSentences(strategy="sequential"),
}


def tokens_per_second(batches: Batches) -> float:
    """Tokens in batches, padding included, per second of processor time, over `SECONDS`."""
    _ = batches[0]
    started, step, tokens = time.process_time(), 0, 0
    while time.process_time() - started < SECONDS:
        tokens += sum(batch.ids.size for batch in batches[step])
        step += 1
    return tokens / (time.process_time() - started)


def main() -> None:
    rows = []
    for folder in sys.argv[1:]:
        corpus = Corpus.open(folder)
        text, vocabulary = TokenStream(corpus.shards("train")), Vocabulary.of(corpus)
        for name, objective in VARIANTS.items():
            examples = objective.examples(text, vocabulary, objective.body, 128)
            if not len(examples):  # of a corpus without emoji
                continue
            row, padding = [f"{corpus.folder.name}: {name}"], 0.0
            for tokens in (4096, 32768):
                batches = Batches(text, examples, vocabulary, objective, seed=0, tokens=tokens)
                row.append(f"{tokens_per_second(batches) / 1e6:.1f}")
                padding = batches.padding
            rows.append([*row, f"{padding:.1%}"])
    print(table(["M tokens/s, batches of", "4,096", "32,768", "padding"], rows))


if __name__ == "__main__":
    main()
