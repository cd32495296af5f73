"""The training loop."""

import numpy as np
import pytest
import torch

from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.checkpoints import load_checkpoint
from nlp_ssl.evaluation.classifier import Classifier, build
from nlp_ssl.evaluation.inputs import encode
from nlp_ssl.evaluation.network import Training
from nlp_ssl.runtime import Figures
from nlp_ssl.tasks.splits import LabelledExamples
from tests.evaluation.networks import LABELS, Run
from tests.host_reads import HostReads


def test_every_epoch_has_all_examples_in_batches(run: Run) -> None:
    checkpoint, labels = load_checkpoint(run("mlm") / "model"), np.arange(10) % 2
    tokens = encode(checkpoint, LabelledExamples([f"w{i}" for i in range(10)], None, labels), 8)
    network, sizes = Classifier(build(checkpoint, True, LABELS, 1), checkpoint.tokenizer, LABELS, "fp32"), []
    training = Training(learning_rate=1e-3, epochs=2, batch_size=4, seed=1)
    ends = [(epoch, sum(sizes)) for epoch in network.train(tokens, labels, training, sizes.append)]
    assert ends == [(1, 10), (2, 20)]
    assert sorted(sizes) == [2, 2, 4, 4, 4, 4]


@pytest.mark.parametrize("kind", ["mlm", "clm"])
def test_nothing_is_read_from_the_device_within_a_step(kind: str, run: Run, monkeypatch) -> None:
    checkpoint, labels = load_checkpoint(run(kind) / "model"), np.arange(10) % 2
    texts = ["w1 " * (1 + i) for i in range(10)]
    tokens = encode(checkpoint, LabelledExamples(texts, None, labels), 16)
    network = Classifier(build(checkpoint, True, LABELS, 1), checkpoint.tokenizer, LABELS, "fp32")
    training = Training(learning_rate=1e-3, epochs=1, batch_size=4, seed=1)
    monkeypatch.setattr(Figures, "read", lambda self: [0.0, 0.0])
    steps: list[int] = []
    with HostReads() as reads:
        list(network.train(tokens, labels, training, steps.append))
    assert len(steps) == 3 and reads.found == []


def test_a_step_that_is_not_finite_is_not_applied(run: Run) -> None:
    checkpoint, labels = load_checkpoint(run("mlm") / "model"), np.arange(10) % 2
    tokens = encode(checkpoint, LabelledExamples([f"w{i}" for i in range(10)], None, labels), 8)
    network = Classifier(build(checkpoint, True, LABELS, 1), checkpoint.tokenizer, LABELS, "fp32")
    before = {name: weight.clone() for name, weight in network.model.state_dict().items()}
    summed = network.losses
    network.losses = lambda *given: lambda rows: summed(*given)(rows) * float("inf")
    training = Training(learning_rate=1e-3, epochs=2, batch_size=4, seed=1)
    with pytest.raises(InputError, match=r"the loss is inf \(gradient norm nan\) at step 1 of 6 with learning rate"):
        list(network.train(tokens, labels, training, lambda examples: None))
    assert all(torch.equal(weight, before[name]) for name, weight in network.model.state_dict().items())
