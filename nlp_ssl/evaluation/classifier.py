"""A pretrained body, with a fresh classifier or frozen: how texts go in, how it is trained, what comes out.

The classifier is the one that `transformers` has for the architecture (`AutoModelForSequenceClassification`),
so that what is saved loads there:

* an encoder classifies by the vector of its first token, through a pooler where the architecture has one; but by
  the mean of all vectors where the architecture offers that (`classifier_pooling`, in ModernBERT), since masked
  language modelling teaches the first token nothing;
* a decoder by the vector of its last token, which is the end of the text;
* an encoder-decoder reads the text on both sides and classifies by the decoder's last token, as BART does: in
  `transformers` the decoder reads a start token ([CLS] for BART, [SEP] for mBART) and the text without its last [SEP],
  and its vector where it would write that one is what classifies.

The classifier always starts from the fine-tuning seed, even if the checkpoint already classifies something;
so does a pooler that the checkpoint lacks. Everything else is the pretrained body, or, for the baseline "the
same network untrained", starts from the seed too.

A frozen body (`Encoder`) gives a vector to each text: the mean of its last hidden states over all tokens that are
no padding, of an encoder-decoder those of its encoder. It is the same for every body, so that vectors differ by
what was learned; the last token of a decoder, which fine-tuning classifies by, was trained to predict what follows
the text and not to hold it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import transformers
from safetensors import SafetensorError

from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.checkpoints import Checkpoint, config_of, put_body, quiet
from nlp_ssl.evaluation.inputs import Tokens, batches, collate, for_all
from nlp_ssl.models.architectures import set_dropout
from nlp_ssl.runtime import Precision, choose_attention, make_accelerator, make_optimizer
from nlp_ssl.tasks.kinds.base import TaskKind

DROPOUT = 0.1
WARM_UP = 0.1  # of all steps
WEIGHT_DECAY = 0.01  # of matrices; biases and the gains of norms have none
CLIP = 1.0


def build(checkpoint: Checkpoint, pretrained: bool, kind: TaskKind, seed: int) -> torch.nn.Module:
    """A network with a fresh classifier for a kind of task, on a pretrained body or a fresh one.

    With the same seed, both have the same weights wherever nothing pretrained is put in.
    """
    config = config_of(checkpoint)
    set_dropout(config, DROPOUT)
    if hasattr(config, "classifier_pooling"):
        config.classifier_pooling = "mean"
    config.id2label = dict(enumerate(kind.output_names))
    config.label2id = {name: i for i, name in config.id2label.items()}
    if kind.problem_type is not None:
        config.problem_type = kind.problem_type
    torch.manual_seed(seed)
    model: torch.nn.Module = getattr(transformers, kind.auto_class).from_config(config, dtype=torch.float32)
    if pretrained:
        put_body(checkpoint, model.base_model)
    return model


@dataclass(frozen=True, kw_only=True)
class Training:
    """How a network is trained: AdamW, the learning rate rising linearly and falling linearly to zero."""

    learning_rate: float
    epochs: int
    """Of the schedule; training may stop earlier."""
    batch_size: int
    """Examples in a batch, of all processes together."""
    seed: int


class Classifier:
    """A network under Accelerate, to be trained once and then to predict."""

    def __init__(
        self, checkpoint: Checkpoint, pretrained: bool, kind: TaskKind, seed: int, precision: Precision
    ) -> None:
        self.tokenizer = checkpoint.tokenizer
        self.kind = kind
        self.device = make_accelerator(precision)
        self.device.free_memory()  # of the network before this one
        self.model = self.device.prepare(build(checkpoint, pretrained, kind, seed))

    def train(
        self, tokens: Tokens, labels: npt.NDArray[Any], training: Training, seen: Callable[[int], None]
    ) -> Iterator[int]:
        """Train, giving the number of epochs done after each; `seen` is told the examples of every step.

        The loss is that of the kind of task, averaged over units. InputError, before the weights are touched, where
        it is not finite.
        """
        device = self.device
        choose_attention(self.model, int(tokens.lengths.max()))
        optimizer = device.prepare(make_optimizer(self.model, WEIGHT_DECAY, lr=training.learning_rate))
        targets = torch.from_numpy(self.kind.unit_labels(labels))
        steps = training.epochs * -(-len(tokens.lengths) // training.batch_size)
        step = 0
        torch.manual_seed(training.seed + device.process_index)  # dropout
        for epoch in range(training.epochs):
            self.model.train()
            for rows in batches(tokens.lengths, training.batch_size, training.seed, epoch):
                own = rows[device.process_index :: device.num_processes]
                share = device.num_processes if len(own) else 0  # gradients are averaged over the processes
                own = own if len(own) else rows[:1]
                logits = self._logits(self.model, tokens, own)
                gold = targets[tokens.units_of(own)].to(device.device)
                loss = self.kind.loss(logits, gold) * share / max(1, len(tokens.units_of(rows)))
                rate = training.learning_rate * learning_rate_at(step, steps)
                step += 1
                value = float(device.reduce(loss.detach(), "mean"))
                if not np.isfinite(value):
                    raise InputError(
                        f"fine-tuning: the loss is {value} at step {step} of {steps}, where the learning rate is "
                        f"{rate:.2g}: lower --learning-rates, or use --precision fp32"
                    )
                device.backward(loss)
                device.clip_grad_norm_(self.model.parameters(), CLIP)
                for group in optimizer.param_groups:
                    group["lr"] = rate
                optimizer.step()
                optimizer.zero_grad()
                seen(len(rows))
            yield epoch + 1

    @torch.no_grad()
    def predict(self, tokens: Tokens) -> npt.NDArray[np.float32]:
        """The outputs [units, outputs]; the same on all processes."""
        # Without what makes processes wait for each other in every pass: they may have different numbers of batches.
        model = self.device.unwrap_model(self.model).eval()
        return for_all(self.device, tokens, self.kind.outputs, partial(self._logits, model))

    def save(self, folder: Path) -> None:
        """Write network and tokenizer in Hugging Face format; InputError where there is no room."""
        try:
            with quiet():
                self.device.unwrap_model(self.model, keep_fp32_wrapper=False).save_pretrained(folder)
                self.tokenizer.save_pretrained(folder)
        except SafetensorError as error:
            raise InputError(
                f"{folder}: cannot write the model ({error}); make room and run the same command again"
            ) from None

    def _logits(self, model: torch.nn.Module, tokens: Tokens, rows: npt.NDArray[np.int64]) -> torch.Tensor:
        batch = collate(tokens, rows, self.tokenizer.pad_token_id)
        logits: torch.Tensor = model(**{k: v.to(self.device.device) for k, v in batch.items()}).logits
        if tokens.words is not None:
            _, example, place = tokens.word_places(rows)
            logits = logits[torch.from_numpy(example), torch.from_numpy(place)]
        return logits.float()


def learning_rate_at(step: int, steps: int) -> float:
    """The learning rate of a step (from 0), as a share of its peak."""
    warm_up = max(1, round(WARM_UP * steps))
    return min((step + 1) / warm_up, (steps - step) / max(1, steps - warm_up))
