import math

import numpy as np
import pytest
import torch
from torch.nn.functional import logsigmoid
from transformers import AutoConfig, AutoModel, AutoModelForSequenceClassification

from nlp_ssl.models.static import (
    StaticVectorsConfig,
    StaticVectorsForNegativeSampling,
    StaticVectorsForSequenceClassification,
    negative_sampling,
)

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
    figures = negative_sampling(kind, IDS, vectors[IDS], contexts, WINDOWS, NEGATIVES, 5 / 3)
    expected = one_by_one(kind, vectors, contexts.weight, 5)
    assert figures.tolist() == pytest.approx([expected.item(), 0, 0], rel=1e-5)
    ours = torch.autograd.grad(figures[0], [vectors, contexts.weight])
    theirs = torch.autograd.grad(expected, [vectors, contexts.weight])
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other)


def test_real_words_that_score_highest_are_counted() -> None:
    contexts = torch.nn.Embedding.from_pretrained(torch.tensor([[0.0], [3.0], [1.0], [2.0], [-1.0]]))
    ids, vectors = torch.tensor([[1, 2, 3]]), torch.tensor([[[1.0], [1.0], [-1.0]]])
    windows, negatives = torch.tensor([[[0, 1, 1]], [[1, 0, 0]]]), torch.tensor([[3, 4]])
    with torch.no_grad():
        # 1 by the vector of 2 scores 3 against 2 and -1; 2 by that of 1: 1 against 2; 3 by that of 2: 2 against 2.
        assert negative_sampling("skip_gram", ids, vectors, contexts, windows, negatives, 1.0)[1] == 2
        assert negative_sampling("cbow", ids, vectors, contexts, windows, negatives, 1.0)[1] == 2


def test_it_begins_as_word2vec_does() -> None:
    model = StaticVectorsForNegativeSampling(StaticVectorsConfig(vocab_size=500, hidden_size=20))
    vectors = model.get_input_embeddings().weight
    assert 0.0245 < vectors.abs().max() <= 0.025 and abs(vectors.mean()) < 0.001
    assert not model.contexts.weight.any()
    with torch.no_grad():
        figures = negative_sampling("skip_gram", IDS, vectors[IDS], model.contexts, WINDOWS, NEGATIVES, 0.0)
    assert figures[0] / WINDOWS.sum() == pytest.approx(math.log(2))


def test_saved_vectors_load_with_transformers(tmp_path) -> None:
    torch.manual_seed(0)
    model = StaticVectorsForNegativeSampling(StaticVectorsConfig(vocab_size=30, hidden_size=4))
    model.contexts.weight.data.normal_()
    model.save_pretrained(tmp_path)
    assert AutoConfig.from_pretrained(tmp_path).model_type == "static_vectors"
    body = AutoModel.from_pretrained(tmp_path)
    assert torch.equal(body.get_input_embeddings().weight, model.get_input_embeddings().weight)
    expected = body(IDS).last_hidden_state[0, 1] @ model.contexts.weight[9]
    torch.testing.assert_close(model(IDS).logits[0, 1, 9], expected)
    classifier = AutoModelForSequenceClassification.from_pretrained(tmp_path, num_labels=3)
    assert isinstance(classifier, StaticVectorsForSequenceClassification)
    assert torch.equal(classifier.body.vectors.weight, body.vectors.weight)


def test_a_text_is_the_mean_of_its_words() -> None:
    config = StaticVectorsConfig(vocab_size=30, hidden_size=4, pad_token_id=0, cls_token_id=2, sep_token_id=3)
    model = StaticVectorsForSequenceClassification(config)
    table = model.body.vectors.weight
    ids, mask = torch.tensor([[2, 7, 8, 3, 0], [2, 9, 9, 6, 3], [2, 3, 0, 0, 0]]), None
    means = torch.stack([(table[7] + table[8]) / 2, (2 * table[9] + table[6]) / 3, torch.zeros(4)])
    for mask in (None, (ids > 0).long()):
        torch.testing.assert_close(model(ids, attention_mask=mask).logits, model.classifier(means))
    assert np.isfinite(model(ids).logits.detach().numpy()).all()
