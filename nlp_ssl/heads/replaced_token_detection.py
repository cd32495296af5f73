"""Replaced token detection: a generator and a discriminator (Clark et al. 2020, section 2).

The generator reads the view "masked". Its token embeddings are projected to its own hidden size and back. They are the
body's, or with gradient-disentangled sharing (He et al., DeBERTaV3, 2023, section 3.2) a table of its own. The body's
table is then that table plus a difference. The detection loss trains the difference. After each update `after_step`
adds the change of the generator's table, so the body's table is always their sum. Weight decay shrinks the sum, not the
difference.

The discriminator is the pretrained model: it reads the view "main" with the generator's samples at masked
positions and classifies each token as original or replaced. A sample that equals the original token counts as original.
The generator gets no gradient from the discriminator's loss and is not saved.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModel, AutoModelForTokenClassification

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.heads.base import Encode, Head, LossSum, TargetTensors
from nlp_ssl.models.vocabulary_loss import chunks, vocabulary_loss, vocabulary_metrics
from nlp_ssl.objectives.mixture import Loss
from nlp_ssl.objectives.rtd import ReplacedTokenDetection

LABELS = ("original", "replaced")


class ReplacedTokenDetectionHead(Head):
    """The generator and the discriminator's token classifier, for both losses."""

    name = "replaced_token_detection"
    auto_class = AutoModelForTokenClassification
    before: Tensor
    """The generator's own embeddings before the last update [V, H]."""

    def __init__(self, config: Any, body: Any, carrier: Any, loss: Loss, vocabulary: Vocabulary) -> None:
        super().__init__(config, body, carrier, loss, vocabulary)
        objective = loss.objective
        assert isinstance(objective, ReplacedTokenDetection)
        narrow = _narrow(config, objective.generator_width)
        self.embedding = body.get_input_embeddings()
        self._of_body: list[nn.Embedding] = []  # a list, so that it is no submodule
        if objective.embeddings == "disentangled":
            self._of_body = [self.embedding]
            self.embedding = deepcopy(self.embedding)
            self.register_buffer("before", self.embedding.weight.detach().clone())
        self.generator = AutoModel.from_config(narrow)
        if getattr(self.generator, "pooler", None) is not None:
            self.generator.pooler = None
        # The generator takes `inputs_embeds`, so its own embedding table is a placeholder.
        self.generator.set_input_embeddings(nn.Embedding(1, narrow.hidden_size).requires_grad_(False))
        self.down = nn.Linear(config.hidden_size, narrow.hidden_size, bias=False)
        self.transform = nn.Sequential(
            nn.Linear(narrow.hidden_size, config.hidden_size), nn.GELU(), nn.LayerNorm(config.hidden_size)
        )
        self.bias = nn.Parameter(torch.zeros(config.vocab_size))

    @classmethod
    def key(cls, name: str) -> str:
        """Both losses share one head."""
        return cls.name

    @classmethod
    def configure(cls, config: Any, loss: Loss, vocabulary: Vocabulary) -> Any:
        """The body's config with the labels "original" and "replaced"."""
        config = super().configure(config, loss, vocabulary)
        config.id2label = dict(enumerate(LABELS))
        config.label2id = {name: i for i, name in enumerate(LABELS)}
        return config

    def after_step(self) -> None:
        """Add the last change of the generator's embeddings to the body's, if they are disentangled."""
        for of_body in self._of_body:
            table = self.embedding.weight.detach()
            of_body.weight.detach().add_(table - self.before)
            self.before.copy_(table)

    def body_modules(self) -> list[nn.Module]:
        """The generator's body."""
        return [self.generator]

    def loss(self, loss: Loss, encode: Encode, targets: TargetTensors, generator: torch.Generator) -> LossSum:
        """The generator's cross-entropy, or the discriminator's cross-entropy, which must be computed second."""
        return self._generate(encode, targets) if loss.target == "generator" else self._detect(encode, targets)

    def _generate(self, encode: Encode, targets: TargetTensors) -> LossSum:
        view = encode.views["masked"]
        read = self.down(self.embedding(view["input_ids"]))
        outputs = self.generator(inputs_embeds=read, attention_mask=encode.attention_mask("masked"))
        hidden = outputs.last_hidden_state.flatten(0, 1)[targets["positions"]]  # [T, generator width]
        labels, size = targets["labels"], len(self.bias)
        encode.memo["sampled_ids"] = self._sampled(encode, hidden, targets)
        if torch.is_grad_enabled():
            parameters = [*self.transform.parameters(), self.embedding.weight, self.bias]
            return LossSum(vocabulary_loss(self._logits, hidden, labels, size, parameters))
        total, correct = vocabulary_metrics(self._logits, hidden, labels, size, self.unknown)
        return LossSum(total, {"accuracy": (correct, (labels >= 0).sum())})

    def _logits(self, hidden: Tensor) -> Tensor:
        """Logits [T, V] from the generator's hidden states [T, generator width]."""
        return nn.functional.linear(self.transform(hidden), self.embedding.weight, self.bias)

    @torch.no_grad()
    def _sampled(self, encode: Encode, hidden: Tensor, targets: TargetTensors) -> Tensor:
        """Token ids [B, L] with a generator sample at each masked position, by inverse transform sampling."""
        ids: Tensor = encode.views["main"]["input_ids"]
        labels = targets["labels"]
        flat = nn.functional.pad(ids.flatten(), (0, 1))  # the last place is for what is no target
        for part in chunks(labels, len(self.bias)):
            share = self._logits(hidden[part]).double().softmax(-1).cumsum(-1)
            sampled = torch.searchsorted(share, targets["draws"][part].double()[:, None])[:, 0]
            place = torch.where(labels[part] >= 0, targets["positions"][part], ids.numel())
            flat[place] = sampled.clamp(max=share.shape[1] - 1)
        return flat[:-1].view_as(ids)

    def _detect(self, encode: Encode, targets: TargetTensors) -> LossSum:
        ids = encode.memo["sampled_ids"]
        outputs = encode(ids=ids)
        logits = self.carrier(inputs_embeds=outputs).logits.float().flatten(0, 1)[targets["positions"]]  # [T, 2]
        real = targets["labels"] >= 0
        replaced = (ids.flatten()[targets["positions"]] != targets["labels"]) & real
        labels = torch.where(real, replaced.long(), -100)
        total = nn.functional.cross_entropy(logits, labels, reduction="sum")
        if torch.is_grad_enabled():
            return LossSum(total)
        found = logits.argmax(-1) == 1
        metrics = {
            "accuracy": (((found == replaced) & real).sum(), real.sum()),
            "majority": ((~replaced & real).sum(), real.sum()),
            "recall": ((found & replaced).sum(), replaced.sum()),
            "replaced": (replaced.sum(), real.sum()),
        }
        return LossSum(total, metrics)


def _narrow(config: Any, share: float) -> Any:
    """A copy of `config` with its widths scaled by `share`, keeping attention heads 64 wide where possible."""
    width = max(64, round(share * config.hidden_size / 64) * 64) if config.hidden_size >= 64 else config.hidden_size
    narrow = type(config).from_dict(config.to_dict())
    ratio = width / config.hidden_size
    for name in ("hidden_size", "intermediate_size", "num_attention_heads"):
        value = getattr(config, name, None)
        if value is not None:
            setattr(narrow, name, max(1, round(value * ratio)))
    narrow.vocab_size, narrow.pad_token_id = 1, 0
    return narrow
