"""A transformers classifier on a pretrained or randomly initialised body, and its training loop.

The model is the architecture's own `AutoModelForSequenceClassification` or `AutoModelForTokenClassification`, so a
saved model loads in transformers. For whole texts, the classification head reads:

* in an encoder, the first token, through the pooler if the architecture has one. Architectures with the option
  `classifier_pooling` (ModernBERT) use the mean over all tokens, because masked language modelling does not train
  the first token to represent the text;
* in a decoder, the last token;
* in an encoder-decoder, the decoder output that predicts the final [SEP]. Encoder and decoder both read the text, as
  in BART (Lewis et al., ACL 2020, section 3.1).

The head is always initialised from the fine-tuning seed, even if the checkpoint has a head. So is a pooler that the
checkpoint lacks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import transformers

from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.checkpoints import Checkpoint, config_of, put_body
from nlp_ssl.evaluation.inputs import Tokens, batches, for_all, has_token_types, padded_batch
from nlp_ssl.models.architectures import set_dropout
from nlp_ssl.models.loading import quiet
from nlp_ssl.recipe import Optimizer
from nlp_ssl.runtime import Precision, choose_attention, make_accelerator, make_optimizer
from nlp_ssl.tasks.kinds.base import TaskKind
from nlp_ssl.training.schedule import learning_rate

DROPOUT = 0.1
WARM_UP = 0.1  # fraction of all steps
WEIGHT_DECAY = 0.01  # of matrices; biases and norm weights are not decayed
CLIP = 1.0  # maximum gradient norm


def build(checkpoint: Checkpoint, pretrained: bool, kind: TaskKind, seed: int) -> torch.nn.Module:
    """Build a float32 classifier for a kind of task, with a new head on a pretrained or randomly initialised body.

    All weights that do not come from the checkpoint depend on `seed` alone.
    """
    config = config_of(checkpoint)
    set_dropout(config, DROPOUT)
    if hasattr(config, "classifier_pooling"):
        config.classifier_pooling = "mean"
    config.id2label = dict(enumerate(kind.output_names))
    config.label2id = {name: i for i, name in config.id2label.items()}
    if kind.problem_type is not None:
        config.problem_type = kind.problem_type
    if checkpoint.backward:
        config.reading_direction = "backward"
    torch.manual_seed(seed)
    model: torch.nn.Module = getattr(transformers, kind.auto_class).from_config(config, dtype=torch.float32)
    if pretrained:
        put_body(checkpoint, model.base_model)
    return model


@dataclass(frozen=True, kw_only=True)
class Training:
    """Training hyperparameters. The optimizer is AdamW with linear warm-up and linear decay to zero."""

    learning_rate: float
    """Peak learning rate."""
    epochs: int
    """Number of epochs of the schedule. Training may stop earlier."""
    batch_size: int
    """Number of examples in a batch, over all processes."""
    seed: int


class Classifier:
    """A classifier under Accelerate. Call `train` at most once, then `predict` and `save`."""

    def __init__(self, model: torch.nn.Module, tokenizer: Any, kind: TaskKind, precision: Precision) -> None:
        self.tokenizer = tokenizer
        self.kind = kind
        self.device = make_accelerator(precision)
        self.model = self.device.prepare(model)

    def train(
        self, tokens: Tokens, labels: npt.NDArray[Any], training: Training, advance: Callable[[int], None]
    ) -> Iterator[int]:
        """Train on labels [n, ...] and yield the number of finished epochs after each epoch.

        `advance` is called after each step with the number of examples in it. The loss is the mean of
        `TaskKind.loss` over units. Raises InputError if the loss is not finite; the step is not applied then.
        """
        choose_attention(self.model, int(tokens.lengths.max()))
        optimizer = self.device.prepare(make_optimizer(self.model, WEIGHT_DECAY, lr=training.learning_rate))
        targets = torch.from_numpy(self.kind.unit_labels(labels))
        weights = self.kind.class_weights(labels)
        class_weights = None if weights is None else torch.from_numpy(weights).to(self.device.device)
        steps = training.epochs * -(-len(tokens.lengths) // training.batch_size)
        schedule = Optimizer(learning_rate=1.0, warmup=max(WARM_UP, 1 / steps))  # at least one step of warm-up
        step = 0
        torch.manual_seed(training.seed + self.device.process_index)  # dropout
        for epoch in range(training.epochs):
            self.model.train()
            for rows in batches(tokens.lengths, training.batch_size, training.seed, epoch):
                loss = self._loss(tokens, targets, rows, class_weights)
                rate = training.learning_rate * learning_rate(step, steps, schedule)
                step += 1
                value = float(self.device.reduce(loss.detach(), "mean"))
                if not np.isfinite(value):
                    raise InputError(
                        f"fine-tuning: the loss is {value} at step {step} of {steps} with learning rate "
                        f"{rate:.2g}; lower --learning-rates or use --precision fp32"
                    )
                self._update(optimizer, loss, rate)
                advance(len(rows))
            yield epoch + 1

    def _loss(
        self, tokens: Tokens, targets: torch.Tensor, rows: npt.NDArray[np.int64], class_weights: torch.Tensor | None
    ) -> torch.Tensor:
        """This process's contribution to the mean loss of a batch, scaled for gradients averaged over processes."""
        own = rows[self.device.process_index :: self.device.num_processes]
        scale = self.device.num_processes if len(own) else 0
        own = own if len(own) else rows[:1]  # every process takes part in the backward pass
        logits = self._logits(self.model, tokens, own)
        gold = targets[tokens.units_of(own)].to(self.device.device)
        loss: torch.Tensor = self.kind.loss(logits, gold, class_weights) * scale / max(1, len(tokens.units_of(rows)))
        return loss

    def _update(self, optimizer: Any, loss: torch.Tensor, rate: float) -> None:
        self.device.backward(loss)
        self.device.clip_grad_norm_(self.model.parameters(), CLIP)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
        optimizer.zero_grad()

    @torch.no_grad()
    def predict(self, tokens: Tokens, advance: Callable[[int], None] = lambda _: None) -> npt.NDArray[np.float32]:
        """Return the outputs, float32 [units, outputs], the same on all processes.

        `advance` is called after each batch with the number of examples in it.
        """
        # Unwrapped, because DDP synchronises forward passes and processes may have different numbers of batches.
        model = self.device.unwrap_model(self.model).eval()

        def logits(tokens: Tokens, rows: npt.NDArray[np.int64]) -> torch.Tensor:
            found = self._logits(model, tokens, rows)
            advance(len(rows))
            return found

        return for_all(self.device, tokens, self.kind.outputs, logits)

    def save(self, folder: Path, max_length: int) -> None:
        """Save model and tokenizer in Hugging Face format. The tokenizer gives what `predict` reads, to any program.

        Call nothing afterwards: the model has lost its mixed precision.
        """
        model = self.device.unwrap_model(self.model, keep_fp32_wrapper=False)
        self.tokenizer.model_max_length = max_length
        types = ["token_type_ids"] if has_token_types(model.config) else []
        self.tokenizer.model_input_names = ["input_ids", *types, "attention_mask"]
        self.tokenizer.init_kwargs["model_input_names"] = self.tokenizer.model_input_names  # or they are not saved
        with quiet():
            model.save_pretrained(folder)
            self.tokenizer.save_pretrained(folder)

    def _logits(self, model: torch.nn.Module, tokens: Tokens, rows: npt.NDArray[np.int64]) -> torch.Tensor:
        batch = padded_batch(tokens, rows, self.tokenizer.pad_token_id)
        logits: torch.Tensor = model(**{k: v.to(self.device.device) for k, v in batch.items()}).logits
        if tokens.words is not None:
            _, example, position = tokens.word_places(rows)
            logits = logits[torch.from_numpy(example), torch.from_numpy(position)]
        return logits.float()
