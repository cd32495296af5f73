"""Where a saved model lies."""

from pathlib import Path

import pytest

from nlp_ssl.errors import InputError
from nlp_ssl.models.folder import as_causal, find_model, model_checksum, model_folder


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


def test_a_name_on_the_hub_stands_for_a_local_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def download(name: str, revision: str | None, allow_patterns: list[str]) -> str:
        asked.append((name, revision, allow_patterns[-1]))
        (tmp_path / "copy").mkdir(exist_ok=True)
        (tmp_path / "copy" / "config.json").write_text("{}")
        if allow_patterns[-1] == "*.bin":  # this model has no others
            (tmp_path / "copy" / "pytorch_model.bin").write_text("weights")
        return str(tmp_path / "copy")

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    assert find_model("owner/name") == tmp_path / "copy"
    assert asked == [("owner/name", None, "*.safetensors"), ("owner/name", None, "*.bin")]
    assert find_model("owner/name@v2.1") == tmp_path / "copy"
    assert asked[-1] == ("owner/name", "v2.1", "*.bin")
    before = model_checksum(tmp_path / "copy")
    (tmp_path / "copy" / "README.md").write_text("a model")
    assert model_checksum(tmp_path / "copy") == before
    (tmp_path / "copy" / "pytorch_model.bin").write_text("others")
    assert model_checksum(tmp_path / "copy") != before


def test_neither_a_folder_nor_a_name_on_the_hub(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none: no such folder$"):
        find_model(str(tmp_path / "none"))
    (tmp_path / "model.bin").touch()
    with pytest.raises(InputError, match=r"model\.bin is a file: give the folder that holds it$"):
        find_model(str(tmp_path / "model.bin"))
