"""Where a saved model lies."""

from pathlib import Path

import pytest

from nlp_ssl.errors import InputError
from nlp_ssl.models.folder import as_causal, model_folder


def test_a_run_has_its_model_in_a_folder_and_a_model_is_one_itself(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="none: no such folder"):
        model_folder(tmp_path / "none")
    with pytest.raises(InputError, match="an unfinished run has no model"):
        model_folder(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    assert model_folder(tmp_path) == tmp_path
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    assert model_folder(tmp_path) == tmp_path / "model"


def test_a_model_that_is_also_a_decoder_has_it_in_a_folder(tmp_path: Path) -> None:
    assert as_causal(tmp_path) == tmp_path
    (tmp_path / "decoder").mkdir()
    (tmp_path / "decoder" / "config.json").write_text("{}")
    assert as_causal(tmp_path) == tmp_path / "decoder"
