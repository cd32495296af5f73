"""What is uploaded, to a hub that is not there."""

import fnmatch
import shutil
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import pytest

from nlp_ssl.cli import main


class Hub:
    """A stand-in for `HfApi`: remembers its repositories, and their files."""

    def __init__(self) -> None:
        self.private: dict[str, bool] = {}
        self.files: dict[str, dict[str, bytes]] = {}
        self.error: Exception | None = None

    def create_repo(self, repo_id: str, *, private: bool, exist_ok: bool) -> str:
        if self.error:
            raise self.error
        self.private.setdefault(repo_id, private)
        return f"https://hub/{repo_id}"

    def repo_info(self, repo_id: str) -> SimpleNamespace:
        return SimpleNamespace(private=self.private[repo_id])

    def upload_folder(self, *, repo_id: str, folder_path: Path, allow_patterns: list[str], commit_message: str) -> None:
        names = [file.relative_to(folder_path).as_posix() for file in folder_path.rglob("*") if file.is_file()]
        chosen = [name for name in names if any(fnmatch.fnmatchcase(name, pattern) for pattern in allow_patterns)]
        self.files[repo_id] = {name: (folder_path / name).read_bytes() for name in chosen}


@pytest.fixture
def hub(monkeypatch) -> Hub:
    made = Hub()
    monkeypatch.setattr(huggingface_hub, "HfApi", lambda: made)
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: "a token")
    return made


@pytest.fixture
def trained(run, tmp_path) -> Path:
    """A run with all that lies around its model."""
    shutil.copytree(run("hybrid"), tmp_path / "run")
    for name in ("checkpoints/step-1/optimizer.bin", "recipe.toml", "model/optimizer.pt", "model/mine/notes.json"):
        (tmp_path / "run" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "run" / name).write_text("not for the hub")
    return tmp_path / "run"


MODEL = ["config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]


def test_the_model_and_its_card_are_uploaded_and_nothing_else(trained, hub, capsys) -> None:
    assert main(["push", str(trained), "me/model"]) == 0
    assert capsys.readouterr().out == "https://hub/me/model\n"
    decoder = [f"decoder/{name}" for name in MODEL]
    own = [name for name in MODEL if (trained / "model" / name).exists()]
    assert sorted(hub.files["me/model"]) == sorted([*own, *decoder, "README.md", "checksums.json"])
    assert hub.private == {"me/model": True}
    assert not any(str(trained).encode() in content for content in hub.files["me/model"].values())


def test_a_repository_is_public_only_if_asked_for(trained, hub, capsys) -> None:
    assert main(["push", str(trained), "me/model", "--public"]) == 0
    assert hub.private == {"me/model": False}
    hub.files.clear()
    assert main(["push", str(trained), "me/model"]) == 2
    assert "me/model is public: give --public, or choose another repository" in capsys.readouterr().err
    assert not hub.files


def test_paths_of_this_machine_are_not_uploaded(trained, hub, capsys) -> None:
    card = trained / "model" / "README.md"
    card.write_text(f"Trained on {trained}/recipe.toml, see https://a.org/usr/bin and /no/such/place.")
    assert main(["push", str(trained), "me/model"]) == 2
    assert f"README.md names {trained}/recipe.toml"[:30] in (said := capsys.readouterr().err)
    assert "a path of this machine: remove it" in said
    card.write_text("See https://a.org/usr/bin and /no/such/place.")
    assert main(["push", str(trained), "me/model"]) == 0
    config = trained / "model" / "config.json"
    config.write_text(config.read_text().replace("{", f'{{"source": "{trained}/recipe.toml",', 1))
    (trained / "model" / "checksums.json").unlink()
    assert main(["push", str(trained), "me/model"]) == 2
    assert f"{config} names " in capsys.readouterr().err


def test_wrong_folders_and_repositories_are_refused(trained, hub, capsys, monkeypatch) -> None:
    for repository in ("model", "me/model/x"):
        assert main(["push", str(trained), repository]) == 2
        assert f"{repository}: a repository is OWNER/NAME" in capsys.readouterr().err
    hub.error = OSError("403 Forbidden: you have no rights\nfor this")
    assert main(["push", str(trained), "me/model"]) == 2
    assert "me/model: not uploaded: 403 Forbidden: you have no rights for this" in capsys.readouterr().err
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: None)
    assert main(["push", str(trained), "me/model"]) == 2
    assert "no token of the Hugging Face hub: set HF_TOKEN, or log in with `hf auth login`" in capsys.readouterr().err
    assert main(["push", str(trained / "checkpoints"), "me/model"]) == 2
    assert "an unfinished run has no model" in capsys.readouterr().err
    assert not hub.files


def test_without_network_there_is_one_sentence(trained, capsys, monkeypatch) -> None:
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: "a token")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    assert main(["push", str(trained), "me/model"]) == 2
    assert "nlp-ssl: error: me/model: not uploaded: the hub cannot be reached; check the n" in capsys.readouterr().err
    assert main(["push", str(trained), "me/a model"]) == 2
    assert "nlp-ssl: error: me/a model: not uploaded: Repo id must" in capsys.readouterr().err


def test_a_model_without_a_card_is_uploaded_with_a_warning(trained, hub, capsys) -> None:
    (trained / "model" / "README.md").unlink()
    assert main(["push", str(trained), "me/model"]) == 0
    assert "has no README.md: the repository gets no model card" in capsys.readouterr().err
    assert "README.md" not in hub.files["me/model"]
