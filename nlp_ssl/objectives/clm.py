"""Causal (autoregressive) language modelling: predict each token from the preceding tokens.

Paper: Radford et al., Improving Language Understanding by Generative Pre-Training (GPT), 2018. With `direction =
"backward"` each token is predicted from the following tokens, like the backward model of Peters et al., ELMo, NAACL
2018: text tokens are reversed and special tokens keep their positions. To score a text with such a model, reverse its
tokens.

Differences from other implementations:

* Sequences are whole sentences of one document. GPT's blocks cross documents.
* The first token is predicted from [CLS]. UER skips the first token of each block.
* The end of a document is predicted. Hugging Face's collator ignores it if the padding token is the end token.

In a mixture with objectives for encoders, the encoder reads these examples from the left only. [SEP] then ends every
example, and is predicted.

In: a clean batch framed for a decoder. Out: target "causal_lm" [B, L], the next token at each position.
Requirements: none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.objectives.base import Objective
from nlp_ssl.sampling.batch import NO_LABEL, Batch
from nlp_ssl.sampling.examples import Body
from nlp_ssl.sampling.noise import Noise
from nlp_ssl.sampling.targets import TokenTargets


@dataclass(frozen=True, kw_only=True)
class CausalLM(Objective):
    """Predict the next token (GPT), or the previous one."""

    direction: Literal["forward", "backward"] = "forward"
    """Predict the next token (forward) or the previous one (backward)."""

    name: ClassVar = "clm"
    example_type: ClassVar = "segment"
    body: ClassVar = "decoder"
    also_bodies: ClassVar[tuple[Body, ...]] = ("encoder",)
    heads: ClassVar = {"causal_lm": "causal_lm"}
    gives_likelihood: ClassVar = True
    paper: ClassVar = "Radford et al., Improving Language Understanding by Generative Pre-Training, 2018"
    needs: ClassVar = "text"

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Label every position with the next token."""
        ids, length = batch.ids, batch.length
        position, backward = np.arange(ids.shape[1]), self.direction == "backward"
        if backward:
            text = np.count_nonzero(batch.sentence >= 0, axis=1)[:, None]  # [B, 1], at positions 1..text
            source = np.where((position >= 1) & (position <= text), text + 1 - position, position)
            ids = np.take_along_axis(ids, source, 1)
            batch = replace(batch, ids=ids, sentence=np.take_along_axis(batch.sentence, source, 1))
        labels = np.full_like(ids, NO_LABEL)
        labels[:, :-1] = ids[:, 1:]
        labels[position >= length[:, None] - 1] = NO_LABEL
        return batch.with_target("causal_lm", TokenTargets(labels=labels, next_token=True, backward=backward))
