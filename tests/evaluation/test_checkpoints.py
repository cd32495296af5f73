"""Loading pretrained models."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.checkpoints import load_checkpoint
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
