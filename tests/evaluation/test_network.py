"""The training loop."""

import numpy as np

from nlp_ssl.evaluation.checkpoints import load_checkpoint
from nlp_ssl.evaluation.classifier import Classifier, build
from nlp_ssl.evaluation.inputs import encode
from nlp_ssl.evaluation.network import Training
from nlp_ssl.tasks.splits import LabelledExamples
from tests.evaluation.networks import LABELS, Run


def test_every_epoch_has_all_examples_in_batches(run: Run) -> None:
    checkpoint, labels = load_checkpoint(run("mlm") / "model"), np.arange(10) % 2
    tokens = encode(checkpoint, LabelledExamples([f"w{i}" for i in range(10)], None, labels), 8)
    network, sizes = Classifier(build(checkpoint, True, LABELS, 1), checkpoint.tokenizer, LABELS, "fp32"), []
    training = Training(learning_rate=1e-3, epochs=2, batch_size=4, seed=1)
    ends = [(epoch, sum(sizes)) for epoch in network.train(tokens, labels, training, sizes.append)]
    assert ends == [(1, 10), (2, 20)]
    assert sorted(sizes) == [2, 2, 4, 4, 4, 4]
