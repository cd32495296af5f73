"""The card of a fine-tuned model."""

import pytest
from transformers import BartConfig

from nlp_ssl.evaluation.card import model_card
from nlp_ssl.evaluation.checkpoints import Checkpoint
from nlp_ssl.models.static import StaticVectorsConfig
from nlp_ssl.tasks.declaration import load_task
from nlp_ssl.tasks.kinds.classification import Classification
from nlp_ssl.tasks.kinds.generation import Generation
from nlp_ssl.tasks.kinds.token_classification import TokenClassification
from tests.evaluation.networks import Run

SCORE = {"split": "dev", "seeds": [0.75, 0.5], "mean": 0.625, "low": 0.5, "high": 0.75, "sd": 0.2}
GAP = {"mean": 0.125, "low": 0.012, "high": 0.25, "verdict": "better"}
RESULT = {
    "examples": {"train": 12345},
    "models": [
        {"key": "random_init"},
        {"key": "pretrained", "name": "mlm", "seeds": [1, 2], "learning_rate": 5e-5, "epochs": 3}
        | {"scores": {"accuracy": SCORE | {"vs_random_init": GAP}, "f1": SCORE}},
    ],
}
KIND = Classification(["negative", "posi|tive"])


def card(config, backward: bool = False, task: str = "sst2", kind=KIND) -> list[str]:
    return model_card(RESULT, load_task(task), kind, Checkpoint(config, None, {}, backward), 128).splitlines()


@pytest.fixture
def config(run: Run):
    from transformers import AutoConfig

    return AutoConfig.from_pretrained(run("mlm") / "model")


def test_a_card_has_the_task_the_scores_and_how_to_use_the_model(config) -> None:
    lines = card(config)
    front = ["---", "library_name: transformers", "pipeline_tag: text-classification", 'tags: [nlp_ssl, "sst2"]', "---"]
    assert lines[:5] == front and lines[6] == "# mlm, fine-tuned on sst2"
    assert any(line.startswith("Stanford Sentiment Treebank") and "with seed 1 of 2." in line for line in lines)
    for row in (
        "| text | column `sentence` |",
        r"| labels | `negative`, `posi\|tive` |",
        "| training examples | 12,345 |",
        "| learning rate | 5e-05 |",
        "| maximum length | 128 tokens |",
        "| accuracy | 75.0 | 62.5 [50.0, 75.0] | +12.5 [+1.2, +25.0], better |",
        "| f1 | 75.0 | 62.5 [50.0, 75.0] |  |",
        "nlp-ssl predict path/to/this/folder --data texts.csv --out predictions.csv",
        'classify("a text", truncation=True, top_k=None)',
    ):
        assert row in lines
    assert not any("import nlp_ssl" in line for line in lines)


def test_pairs_words_and_models_that_transformers_cannot_use_alone(config) -> None:
    pairs = card(config, task="mrpc")
    assert 'classify({"text": "one text", "text_pair": "the other"}, truncation=True, top_k=None)' in pairs
    assert any(line.startswith("| text | column `sentence1`") and ", then column `" in line for line in pairs)
    words = card(config, task="conll2000_pos", kind=TokenClassification(["A", "B"]))
    assert "pipeline_tag: token-classification" in words
    assert 'tag = pipeline("token-classification", "path/to/this/folder", aggregation_strategy="first")' in words
    own = card(StaticVectorsConfig())
    assert own[-7:-3] == [
        "from nlp_ssl.models.loading import load_config",
        "from transformers import pipeline",
        "",
        'load_config("path/to/this/folder")  # adds the classifier, which transformers lacks',
    ]
    assert "The model reads text from its end, which pipelines of transformers do not do." in card(config, True)


def test_a_model_that_writes_text() -> None:
    lines = card(BartConfig(), kind=Generation())
    assert "pipeline_tag: text2text-generation" in lines
    assert 'ids = model.generate(**tokenizer("a text", truncation=True, return_tensors="pt"))' in lines
