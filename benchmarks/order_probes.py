"""What shallow models score on the tasks that are made from a corpus.

python benchmarks/order_probes.py corpora/novels --examples 10000
"""

from __future__ import annotations

import argparse
from pathlib import Path

from nlp_ssl import registry
from nlp_ssl.console import table
from nlp_ssl.errors import InputError
from nlp_ssl.tasks.baselines.base import BaselineData
from nlp_ssl.tasks.draws import draw_examples
from nlp_ssl.tasks.splits import load_splits

BASELINES = ("lengths", "unigrams", "bigrams", "tfidf")


def main() -> None:
    """Print the accuracy of each baseline on each task in percent."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--examples", type=int, default=10_000)
    options = parser.parse_args()
    rows = []
    for name in registry.names("corpus_tasks"):
        task = registry.find("corpus_tasks", name).declaration(options.examples)
        try:
            labels, splits = load_splits(task, (options.corpus,))
        except InputError as error:
            print(error)
            continue
        kind, train, dev = task.kind_type(labels), splits["train"], splits["dev"]
        assert train.labels is not None
        (draw,), _ = draw_examples(train, kind.strata(train.labels), len(train), draws=1)
        data = BaselineData(kind, draw.train, draw.fitting, draw.selection, {"dev": dev}, "accuracy")
        outputs = [registry.find("baselines", baseline)().fit(data)[0]["dev"] for baseline in BASELINES]
        scores = [f"{100 * kind.score('accuracy', output, dev):.1f}" for output in outputs]
        rows.append([name, f"{len(train):,}", f"{len(dev):,}", *scores])
    print(table(["task", "train", "scored", *BASELINES], rows))


if __name__ == "__main__":
    main()
