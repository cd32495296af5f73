import itertools
import math
from importlib.util import find_spec

import pytest
import torch
from torch.nn.functional import logsigmoid

from nlp_ssl.heads.negative_sampling import CompiledNegativeSampling, negative_sampling
from nlp_ssl.models.static import StaticVectorsConfig, StaticVectorsForNegativeSampling

IDS = torch.tensor([[7, 8, 9, 5], [6, 5, 0, 0]])
WINDOWS = torch.tensor([[[0, 1, 2, 0], [0, 1, 0, 0]], [[1, 1, 0, 0], [1, 0, 0, 0]]])  # left, right
NEGATIVES = torch.tensor([[8, 5, 6], [5, 5, 9]])


def tables() -> tuple[torch.Tensor, torch.nn.Embedding]:
    torch.manual_seed(0)
    vectors = torch.randn(10, 4, requires_grad=True)
    return vectors, torch.nn.Embedding.from_pretrained(torch.randn(10, 4), freeze=False)


def one_by_one(kind: str, vectors: torch.Tensor, contexts: torch.Tensor, each: int) -> torch.Tensor:
    """The loss as the paper has it, pair by pair. Words take turns in the negatives of their row."""
    loss = torch.zeros(())
    for row, ids in enumerate(IDS.tolist()):
        turns = itertools.cycle(NEGATIVES[row].tolist())
        for i, word in enumerate(ids):
            left, right = WINDOWS[:, row, i].tolist()
            around = [j for j in range(i - left, i + right + 1) if j != i]
            others = [n for n in itertools.islice(turns, each) if n != word]
            inputs = [vectors[ids[j]] for j in around]
            if kind == "cbow":
                inputs = [torch.stack(inputs).mean(0)] if inputs else []
            for vector in inputs:
                loss = loss - logsigmoid(vector @ contexts[word])
                loss = loss - sum(logsigmoid(-vector @ contexts[n]) for n in others)
    return loss


@pytest.mark.parametrize("each", [2, 5])
@pytest.mark.parametrize("kind", ["cbow", "skip_gram"])
def test_the_loss_is_that_of_the_paper(kind, each) -> None:
    """On every device, and compiled, with all gradients."""
    vectors, contexts = tables()
    loss, correct, _ = negative_sampling(IDS, vectors[IDS], contexts, WINDOWS, NEGATIVES, each, kind == "skip_gram")
    expected = one_by_one(kind, vectors, contexts.weight, each)
    assert (loss.item(), correct.item()) == pytest.approx((expected.item(), 0), rel=1e-5)
    losses = [expected, loss]
    if find_spec("numba"):
        arrays = IDS, WINDOWS, NEGATIVES, vectors, contexts.weight
        losses.append(CompiledNegativeSampling.apply(*arrays, each, kind == "skip_gram"))
        assert losses[-1].item() == pytest.approx(expected.item(), rel=1e-5)
    theirs, *ours = [torch.autograd.grad(loss, [vectors, contexts.weight]) for loss in losses]
    for found in ours:
        for one, other in zip(found, theirs, strict=True):
            torch.testing.assert_close(one.to_dense(), other)


def test_real_words_that_score_highest_are_counted() -> None:
    contexts = torch.nn.Embedding.from_pretrained(torch.tensor([[0.0], [3.0], [1.0], [2.0], [-1.0]]))
    ids, vectors = torch.tensor([[1, 2, 3]]), torch.tensor([[[1.0], [1.0], [-1.0]]])
    windows, negatives = torch.tensor([[[0, 1, 1]], [[1, 0, 0]]]), torch.tensor([[3, 4]])
    with torch.no_grad():
        # 1 by the vector of 2 scores 3 against 2 and -1; 2 by that of 1: 1 against 2; 3 by that of 2: 2 against 2.
        assert negative_sampling(ids, vectors, contexts, windows, negatives, 1, True)[1:] == (2, 3)
        assert negative_sampling(ids, vectors, contexts, windows, negatives, 1, False)[1:] == (2, 3)


def test_it_begins_as_word2vec_does() -> None:
    model = StaticVectorsForNegativeSampling(StaticVectorsConfig(vocab_size=500, hidden_size=20))
    vectors = model.get_input_embeddings().weight
    assert 0.0245 < vectors.abs().max() <= 0.025 and abs(vectors.mean()) < 0.001
    assert not model.contexts.weight.any()
    with torch.no_grad():
        loss, _, _ = negative_sampling(IDS, vectors[IDS], model.contexts, WINDOWS, NEGATIVES, 0, True)
    assert loss / WINDOWS.sum() == pytest.approx(math.log(2))
