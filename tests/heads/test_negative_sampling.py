import math

import pytest
import torch
from torch.nn.functional import logsigmoid

from nlp_ssl.heads.negative_sampling import negative_sampling
from nlp_ssl.models.static import StaticVectorsConfig, StaticVectorsForNegativeSampling

IDS = torch.tensor([[7, 8, 9, 5], [6, 5, 0, 0]])
WINDOWS = torch.tensor([[[0, 1, 2, 0], [0, 1, 0, 0]], [[1, 1, 0, 0], [1, 0, 0, 0]]])  # left, right
NEGATIVES = torch.tensor([[8, 5, 6], [5, 5, 9]])


def tables() -> tuple[torch.Tensor, torch.nn.Embedding]:
    torch.manual_seed(0)
    vectors = torch.randn(10, 4, requires_grad=True)
    return vectors, torch.nn.Embedding.from_pretrained(torch.randn(10, 4), freeze=False)


def one_by_one(kind: str, vectors: torch.Tensor, contexts: torch.Tensor, negative: float) -> torch.Tensor:
    """The loss as the paper has it, pair by pair, each with every negative of its row that is not the word itself."""
    loss = torch.zeros(())
    for row, ids in enumerate(IDS.tolist()):
        for i, word in enumerate(ids):
            left, right = WINDOWS[:, row, i].tolist()
            around = [j for j in range(i - left, i + right + 1) if j != i]
            others = [n for n in NEGATIVES[row].tolist() if n != word]
            inputs = [vectors[ids[j]] for j in around]
            if kind == "cbow":
                inputs = [torch.stack(inputs).mean(0)] if inputs else []
            for vector in inputs:
                loss = loss - logsigmoid(vector @ contexts[word])
                loss = loss - negative / 3 * sum(logsigmoid(-vector @ contexts[n]) for n in others)
    return loss


@pytest.mark.parametrize("kind", ["cbow", "skip_gram"])
def test_the_loss_is_that_of_the_paper(kind) -> None:
    vectors, contexts = tables()
    loss, correct, _ = negative_sampling(IDS, vectors[IDS], contexts, WINDOWS, NEGATIVES, 5 / 3, kind == "skip_gram")
    expected = one_by_one(kind, vectors, contexts.weight, 5)
    assert (loss.item(), correct.item()) == pytest.approx((expected.item(), 0), rel=1e-5)
    ours = torch.autograd.grad(loss, [vectors, contexts.weight])
    theirs = torch.autograd.grad(expected, [vectors, contexts.weight])
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other)


def test_real_words_that_score_highest_are_counted() -> None:
    contexts = torch.nn.Embedding.from_pretrained(torch.tensor([[0.0], [3.0], [1.0], [2.0], [-1.0]]))
    ids, vectors = torch.tensor([[1, 2, 3]]), torch.tensor([[[1.0], [1.0], [-1.0]]])
    windows, negatives = torch.tensor([[[0, 1, 1]], [[1, 0, 0]]]), torch.tensor([[3, 4]])
    with torch.no_grad():
        # 1 by the vector of 2 scores 3 against 2 and -1; 2 by that of 1: 1 against 2; 3 by that of 2: 2 against 2.
        assert negative_sampling(ids, vectors, contexts, windows, negatives, 1.0, True)[1:] == (2, 3)
        assert negative_sampling(ids, vectors, contexts, windows, negatives, 1.0, False)[1:] == (2, 3)


def test_it_begins_as_word2vec_does() -> None:
    model = StaticVectorsForNegativeSampling(StaticVectorsConfig(vocab_size=500, hidden_size=20))
    vectors = model.get_input_embeddings().weight
    assert 0.0245 < vectors.abs().max() <= 0.025 and abs(vectors.mean()) < 0.001
    assert not model.contexts.weight.any()
    with torch.no_grad():
        loss, _, _ = negative_sampling(IDS, vectors[IDS], model.contexts, WINDOWS, NEGATIVES, 0.0, True)
    assert loss / WINDOWS.sum() == pytest.approx(math.log(2))
