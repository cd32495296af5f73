"""Frozen vectors of texts and words.

The vector of a text is the mean of the last hidden states over all tokens except padding; an encoder-decoder uses its
encoder. Static vectors leave out the special tokens, as fine-tuning does: each would add the same vector to all texts.
Otherwise all architectures are pooled in the same way, so vectors differ only by what the models have learned. A
decoder's last token is not used: it is trained to predict the next token rather than to represent the text.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from transformers import AutoModel

from nlp_ssl.evaluation.checkpoints import Checkpoint, config_of, put_body
from nlp_ssl.evaluation.inputs import Tokens, for_all, padded_batch
from nlp_ssl.models.architectures import set_dropout
from nlp_ssl.models.pooling import mean_pooled
from nlp_ssl.models.static import words_of
from nlp_ssl.runtime import Precision, make_accelerator, to_device


class Encoder:
    """A frozen body under Accelerate, pretrained or randomly initialised from a seed."""

    def __init__(self, checkpoint: Checkpoint, pretrained: bool, seed: int, precision: Precision) -> None:
        self.pad: int = checkpoint.tokenizer.pad_token_id
        self.device = make_accelerator(precision)
        self.device.free_memory()  # release the previous network
        config = config_of(checkpoint)
        set_dropout(config, 0.0)
        torch.manual_seed(seed)
        body = AutoModel.from_config(config, dtype=torch.float32)
        if pretrained:
            put_body(checkpoint, body)
        if config.is_encoder_decoder:
            body = body.get_encoder()
        self.width: int = config.hidden_size
        self.static: bool = config.model_type == "static_vectors"
        self.body = self.device.prepare_model(body.eval(), evaluation_mode=True)

    @torch.no_grad()
    def vectors(self, tokens: Tokens, advance: Callable[[int], None]) -> npt.NDArray[np.float32]:
        """Return the vector of each text, float32 [n, H], the same on all processes.

        In token tasks, return the vector of each word's first sub-token, float32 [words, H]; words that are cut off
        have zeros. `advance` is called after each batch with the number of texts in it.
        """

        def pooled(tokens: Tokens, rows: npt.NDArray[np.int64]) -> torch.Tensor:
            batch = to_device(padded_batch(tokens, rows, self.pad), self.device.device)
            hidden = self.body(**batch).last_hidden_state.float()  # [B, L, H]
            advance(len(rows))
            if tokens.words is None:
                mask = batch.get("attention_mask")
                if self.static:
                    mask = words_of(self.body.config, batch["input_ids"], mask)
                return mean_pooled(hidden, mask)
            _, example, position = tokens.word_places(rows)
            places = torch.from_numpy(example), torch.from_numpy(position)
            vectors: torch.Tensor = hidden[to_device(places, self.device.device)]
            return vectors

        return for_all(self.device, tokens, self.width, pooled)
