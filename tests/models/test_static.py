import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModel, AutoModelForSequenceClassification, BertConfig

from nlp_ssl.models.static import (
    AutoModelForNegativeSampling,
    StaticVectorsConfig,
    StaticVectorsForNegativeSampling,
    StaticVectorsForSequenceClassification,
)

IDS = torch.tensor([[7, 8, 9, 5], [6, 5, 0, 0]])


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


def test_an_auto_class_makes_the_registered_model(tmp_path) -> None:
    made = AutoModelForNegativeSampling.from_config(StaticVectorsConfig(vocab_size=8, hidden_size=4))
    assert isinstance(made, StaticVectorsForNegativeSampling)
    made.save_pretrained(tmp_path)
    assert isinstance(AutoModelForNegativeSampling.from_pretrained(tmp_path), StaticVectorsForNegativeSampling)
    with pytest.raises(ValueError, match="Unrecognized configuration class"):
        AutoModelForNegativeSampling.from_config(BertConfig())
