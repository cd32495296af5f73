"""A transformers classifier on a pretrained or randomly initialised body.

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

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import transformers
from torch import nn

from nlp_ssl.evaluation.checkpoints import Checkpoint, config_of, put_body
from nlp_ssl.evaluation.inputs import Tokens, for_all, padded_batch
from nlp_ssl.evaluation.network import DROPOUT, Network, Rows
from nlp_ssl.models.architectures import set_dropout
from nlp_ssl.runtime import Precision, full_precision, to_device
from nlp_ssl.tasks.kinds.base import TaskKind


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


class Classifier(Network):
    """A classifier under Accelerate. Its last layer computes in float32, as bf16 would make many outputs equal."""

    def __init__(self, model: torch.nn.Module, tokenizer: Any, kind: TaskKind, precision: Precision) -> None:
        layers = [m for m in model.modules() if isinstance(m, nn.Linear) and m.out_features == kind.outputs]
        layers[-1].register_forward_hook(_in_float32)
        super().__init__(model, tokenizer, kind, precision)

    def losses(self, tokens: Tokens, labels: npt.NDArray[Any]) -> Callable[[Rows], torch.Tensor]:
        """The summed loss over the covered units of rows, with the class weights of the labels."""
        targets = torch.from_numpy(self.kind.unit_labels(labels))
        weights = self.kind.class_weights(labels)
        class_weights = None if weights is None else torch.from_numpy(weights).to(self.device.device)

        def summed(rows: Rows) -> torch.Tensor:
            logits = self._logits(self.model, tokens, rows)
            gold = to_device(targets[tokens.units_of(rows)], self.device.device)
            loss: torch.Tensor = self.kind.loss(logits, gold, class_weights)
            return loss

        return summed

    def targets(self, tokens: Tokens, rows: Rows) -> int:
        """The number of covered units of rows."""
        return len(tokens.units_of(rows))

    @torch.no_grad()
    def predict(self, tokens: Tokens, advance: Callable[[int], None] = lambda _: None) -> npt.NDArray[np.float32]:
        """As every network: outputs float32 [units, outputs]."""
        # Unwrapped, because DDP synchronises forward passes and processes may have different numbers of batches.
        model = self.device.unwrap_model(self.model).eval()

        def logits(tokens: Tokens, rows: Rows) -> torch.Tensor:
            found = self._logits(model, tokens, rows)
            advance(len(rows))
            return found

        return for_all(self.device, tokens, self.kind.outputs, logits)

    def _logits(self, model: torch.nn.Module, tokens: Tokens, rows: Rows) -> torch.Tensor:
        batch = padded_batch(tokens, rows, self.tokenizer.pad_token_id)
        logits: torch.Tensor = model(**to_device(batch, self.device.device)).logits
        if tokens.words is not None:
            _, example, position = tokens.word_places(rows)
            places = torch.from_numpy(example), torch.from_numpy(position)
            logits = logits[to_device(places, self.device.device)]
        return logits.float()


def _in_float32(layer: Any, inputs: tuple[torch.Tensor], _: torch.Tensor) -> torch.Tensor:
    """A forward hook: the outputs of a linear layer, computed in float32."""
    with full_precision(inputs[0]):
        return nn.functional.linear(inputs[0].float(), layer.weight, layer.bias)
