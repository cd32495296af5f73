"""A transformers encoder-decoder that learns to write texts.

The model is the architecture's own `AutoModelForSeq2SeqLM`, with the pretrained language model head. The decoder reads
its start token and the target, and predicts the target and its end token (Sutskever et al., NeurIPS 2014). Texts are
decoded greedily, with at most as many tokens as the longest target of the training examples. The saved model decodes
in the same way: its `generation_config` says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import pad
from transformers import AutoModelForSeq2SeqLM, GenerationConfig

from nlp_ssl.evaluation.checkpoints import Checkpoint, config_of, put_body
from nlp_ssl.evaluation.inputs import Tokens, for_all, padded_batch
from nlp_ssl.evaluation.network import DROPOUT, Network, Rows, Training
from nlp_ssl.models.architectures import set_dropout
from nlp_ssl.runtime import to_device
from nlp_ssl.sampling.targets import NO_LABEL
from nlp_ssl.tasks.kinds.generation import text_outputs


def build(checkpoint: Checkpoint, pretrained: bool, seed: int) -> torch.nn.Module:
    """Build a float32 model, from the checkpoint's weights or randomly initialised from `seed`."""
    config = config_of(checkpoint)
    set_dropout(config, DROPOUT)
    config.use_cache = True
    torch.manual_seed(seed)
    model: Any = AutoModelForSeq2SeqLM.from_config(config, dtype=torch.float32)
    if pretrained:
        put_body(checkpoint, model)
    start, end = checkpoint.decoder_ends
    model.generation_config = GenerationConfig(
        decoder_start_token_id=start, eos_token_id=end, pad_token_id=config.pad_token_id, do_sample=False
    )
    network: torch.nn.Module = model
    return network


class Seq2Seq(Network):
    """An encoder-decoder under Accelerate."""

    def train(
        self, tokens: Tokens, labels: npt.NDArray[Any], training: Training, advance: Callable[[int], None]
    ) -> Iterator[int]:
        """As every network; texts will have at most as many tokens as the longest target."""
        assert tokens.targets is not None
        self._generation.max_new_tokens = int(tokens.targets.lengths.max())
        return super().train(tokens, labels, training, advance)

    def losses(self, tokens: Tokens, labels: npt.NDArray[Any]) -> Callable[[Rows], torch.Tensor]:
        """The cross-entropy of the targets of rows, summed over tokens; the tokens include those of the labels."""
        assert tokens.targets is not None
        targets, start = tokens.targets, self._generation.decoder_start_token_id

        def summed(rows: Rows) -> torch.Tensor:
            batch = padded_batch(tokens, rows, self.tokenizer.pad_token_id)
            gold = padded_batch(targets, rows, NO_LABEL)["input_ids"]  # [B, T]
            batch["decoder_input_ids"] = decoder_inputs(gold, start, self.tokenizer.pad_token_id)
            logits = self.model(**to_device(batch, self.device.device), use_cache=False).logits.float()  # [B, T, V]
            loss: torch.Tensor = self.kind.loss(logits, to_device(gold, self.device.device))
            return loss

        return summed

    def targets(self, tokens: Tokens, rows: Rows) -> int:
        """The number of tokens of the targets of rows."""
        assert tokens.targets is not None
        return int(tokens.targets.lengths[rows].sum())

    @torch.no_grad()
    def predict(self, tokens: Tokens, advance: Callable[[int], None] = lambda _: None) -> npt.NDArray[Any]:
        """As every network: texts, str [n, 1]."""
        model: Any = self.device.unwrap_model(self.model).eval()
        longest, filler = self._generation.max_new_tokens, self.tokenizer.pad_token_id

        def written(tokens: Tokens, rows: Rows) -> torch.Tensor:
            batch = padded_batch(tokens, rows, filler)
            found = model.generate(**to_device(batch, self.device.device))[:, 1:]  # [B, T], without the start token
            advance(len(rows))
            return pad(found, (0, longest - found.shape[1]), value=filler).float()

        ids = for_all(self.device, tokens, longest, written).astype(np.int64)
        texts = self.tokenizer.batch_decode(ids, skip_special_tokens=True)
        return text_outputs([text.strip() for text in texts])

    @property
    def _generation(self) -> GenerationConfig:
        found: GenerationConfig = self.device.unwrap_model(self.model).generation_config
        return found


def decoder_inputs(labels: torch.Tensor, start: int, filler: int) -> torch.Tensor:
    """What the decoder reads to predict labels [B, T], padded with NO_LABEL: the start token, then all but the last."""
    return pad(labels[:, :-1], (1, 0), value=start).masked_fill(labels == NO_LABEL, filler)
