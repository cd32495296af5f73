"""Loading pretrained models."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.checkpoints import load_checkpoint, load_classifier
from nlp_ssl.tasks.kinds.classification import Classification
from nlp_ssl.tasks.splits import LabelledExamples

Run = Callable[[str], Path]
KINDS = ["mlm", "sop", "clm", "bart", "mbart", "t5"]
THREE = LabelledExamples(["w1 w2 w3 fine", "w4", "w5 w6"], None, None)
PAIRS = LabelledExamples(["w1 w2 w3 fine", "w4"], ["w5", "w6 w7"], None)
LABELS = Classification(["bad", "good"])


def test_folders_that_hold_no_usable_model(run: Run, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(InputError, match="not a model and tokenizer"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize("kind", ["mlm", "clm", "t5"])
def test_a_language_model_is_no_classifier(run: Run, kind: str) -> None:
    with pytest.raises(InputError, match="this model has no classifier; train one with `nlp-ssl finetune`"):
        load_classifier(run(kind) / "model")


def test_a_classifier_has_all_its_weights(run: Run, tmp_path: Path) -> None:
    model, checkpoint = load_classifier(run("sop") / "model")
    assert type(model).__name__ == "BertForSequenceClassification" and not model.training
    assert checkpoint.tokenizer.pad_token_id == 0 and not checkpoint.backward
    shutil.copytree(run("mlm") / "model", tmp_path / "claims")
    config = json.loads((tmp_path / "claims" / "config.json").read_text())
    (tmp_path / "claims" / "config.json").write_text(json.dumps(config | {"architectures": model.config.architectures}))
    with pytest.raises(InputError, match="this model has no classifier"):
        load_classifier(tmp_path / "claims")


def test_only_an_encoder_decoder_writes_text_and_it_keeps_its_head(run: Run) -> None:
    found = load_checkpoint(run("t5") / "model", "AutoModelForSeq2SeqLM")
    assert "lm_head.weight" in found.body and found.decoder_ends == (2, 3)
    for kind in ("mlm", "clm"):
        with pytest.raises(InputError, match="is no encoder-decoder, so it cannot learn to write text; use a model of"):
            load_checkpoint(run(kind) / "model", "AutoModelForSeq2SeqLM")
