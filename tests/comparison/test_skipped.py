"""What a comparison says that it leaves out."""

from pathlib import Path

import pytest

from nlp_ssl.comparison.existing import ExistingModel
from nlp_ssl.comparison.skipped import say_what_is_skipped
from nlp_ssl.comparison.tasks import PairFile
from nlp_ssl.errors import InputError
from tests.comparison.plans import small_plan


def test_existing_models_and_scores_that_no_model_has_are_named(tmp_path: Path, capsys) -> None:
    pairs = PairFile(data=tmp_path / "blimp", fingerprint="1")
    model = ExistingModel(name="novels", folder=tmp_path, files={}, body="encoder", likelihood=None)
    say_what_is_skipped(small_plan(tmp_path, "sop", minimal_pairs=(pairs,), existing={"novels": model}))
    assert capsys.readouterr().err.splitlines() == [
        "skipped: blimp, as none of these objectives gives likelihoods of texts (mlm and clm do)",
        "novels: scored without pretraining, with its own tokenizer; only runs have validation metrics",
    ]


def test_a_task_with_too_few_examples_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--train-examples 100: mine has 40 training examples"):
        say_what_is_skipped(small_plan(tmp_path, "sop", train_examples=(100,)))
