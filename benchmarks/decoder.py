"""Why does a pretrained encoder-decoder classify worse than an untrained one? Its parts, and its last token.

python benchmarks/decoder.py RUN --task bbc --data tasks/bbc [--learning-rate 0.0004] [--another-end]
The network is fine-tuned on 1,000 examples for four epochs with all of the pretrained weights, none, or those of a
part of it; scored on dev after each epoch. With --another-end texts end with two [SEP], so that the decoder reads the
first one, and the place that classifies is one that pretraining never had.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from nlp_ssl.evaluation.checkpoints import load_checkpoint
from nlp_ssl.evaluation.classifier import Classifier, build
from nlp_ssl.evaluation.inputs import Tokens, encode
from nlp_ssl.evaluation.network import Training
from nlp_ssl.runtime import resolve_precision
from nlp_ssl.tasks.declaration import load_task
from nlp_ssl.tasks.metrics import score
from nlp_ssl.tasks.splits import load_splits

PARTS = {"none": "nothing", "all": "", "encoder": "encoder", "decoder": "decoder", "embeddings": "shared"}
"""What the names of the pretrained weights begin with."""


def end_twice(tokens: Tokens) -> Tokens:
    """The examples with their last token twice."""
    ends = tokens.starts[1:]
    return replace(
        tokens,
        ids=np.insert(tokens.ids, ends, tokens.ids[ends - 1]),
        starts=tokens.starts + np.arange(len(tokens.starts)),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--task", required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--learning-rate", type=float, default=4e-4)
    parser.add_argument("--another-end", action="store_true")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    options = parser.parse_args()
    task = load_task(options.task)
    labels, splits = load_splits(task, (options.data,))
    checkpoint = load_checkpoint(options.run / "model")
    train = splits["train"].take(np.random.default_rng(0).permutation(len(splits["train"]))[:1000])
    tokens = [encode(checkpoint, examples, 64) for examples in (train, splits["dev"])]
    if options.another_end:
        tokens = [end_twice(each) for each in tokens]
    training = Training(learning_rate=options.learning_rate, epochs=4, batch_size=16, seed=1)
    for name in options.parts:
        kept = {key: weight for key, weight in checkpoint.body.items() if key.startswith(PARTS[name])}
        kind = task.kind_type(labels)
        model = build(replace(checkpoint, body=kept), True, kind, 1)
        network = Classifier(model, checkpoint.tokenizer, kind, resolve_precision("auto"))
        found = []
        for _ in network.train(tokens[0], train.labels, training, lambda examples: None):
            predicted = network.predict(tokens[1]).argmax(1)
            found.append(f"{100 * score(task.metrics[0], splits['dev'].labels, predicted):.1f}")
        print(f"{name:<10}  {'  '.join(found)}", flush=True)


if __name__ == "__main__":
    main()
