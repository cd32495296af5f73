"""Files of the hub, and why there are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlp_ssl.errors import InputError
from nlp_ssl.hub import download


def test_a_revision_is_asked_for_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str | None, list[str]]] = []

    def found(name: str, revision: str | None, allow_patterns: list[str]) -> str:
        asked.append((name, revision, allow_patterns))
        return "copy"

    monkeypatch.setattr("huggingface_hub.snapshot_download", found)
    assert download("owner/name", ("*.json",)) == download("owner/name@v2.1", ("*.json",)) == Path("copy")
    assert asked == [("owner/name", None, ["*.json"]), ("owner/name", "v2.1", ["*.json"])]


def test_what_is_not_there_is_refused_in_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(InputError, match=r"none: no such folder$"):
        download(str(tmp_path / "none"), ("*.json",))
    with pytest.raises(InputError, match=r"^nosuch: no such folder, and the hub cannot be reached: give the folder of"):
        download("nosuch", ("*.json",))

    def failing(name: str, revision: str | None, allow_patterns: list[str]) -> str:
        raise OSError("no network")

    monkeypatch.setattr("huggingface_hub.snapshot_download", failing)
    with pytest.raises(InputError, match=r"^bert: no such folder, and no model on the hub .* \(no network\)$"):
        download("bert", ("*.json",))
