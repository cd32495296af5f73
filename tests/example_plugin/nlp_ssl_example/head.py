"""A head with an averaged copy of the body, and a queue that is kept in checkpoints."""

import torch
from torch import nn

from nlp_ssl.heads.base import Head, LossSum
from nlp_ssl.models.pooling import mean_pooled
from nlp_ssl_example.objective import QueueContrast


class QueueContrastHead(Head):
    """Queries of the body against keys of its averaged copy."""

    name = "queue_contrast"
    reduction = "batch"
    momentum = 0.99

    def __init__(self, config, body, carrier, loss, vocabulary) -> None:
        super().__init__(config, body, carrier, loss, vocabulary)
        objective = loss.objective
        assert isinstance(objective, QueueContrast)
        start = torch.randn(objective.queue, config.hidden_size, generator=torch.Generator().manual_seed(0))
        self.register_buffer("queue", nn.functional.normalize(start, dim=-1))
        self.register_buffer("steps", torch.zeros((), dtype=torch.long))
        self._keys = None

    def vectors(self, loss, encode, targets, generator):
        """Queries and keys, of length 1 [B, 2, D]."""
        query = mean_pooled(encode("main").last_hidden_state, encode.attention_mask("main"))
        key = mean_pooled(encode("other", averaged=True).last_hidden_state, encode.attention_mask("other"))
        return nn.functional.normalize(torch.stack([query, key], 1).float(), dim=-1)

    def batch_loss(self, loss, vectors, targets):
        """Cross-entropy of each query's key among it and the queue."""
        query, key = vectors[:, 0], vectors[:, 1].detach()
        own = (query * key).sum(-1, keepdim=True)
        scores = torch.cat([own, query @ self.queue.clone().T], 1) / loss.objective.temperature
        right = torch.zeros(len(query), dtype=torch.long, device=query.device)
        losses = nn.functional.cross_entropy(scores, right, reduction="none")
        total = torch.where(targets["valid"], losses, 0.0).sum()
        if torch.is_grad_enabled():
            self._keys = key[targets["valid"]]
            return LossSum(total)
        correct = ((scores.argmax(-1) == 0) & targets["valid"]).sum()
        return LossSum(total, {"accuracy": (correct, targets["valid"].sum())})

    def after_step(self) -> None:
        """Put the keys of this step into the queue, in place of the oldest."""
        if self._keys is not None:
            self.queue.copy_(torch.cat([self._keys, self.queue])[: len(self.queue)])
            self.steps += 1
            self._keys = None
