import json
from pathlib import Path

import pytest

from nlp_ssl.corpus.readers.hub import Hub
from nlp_ssl.corpus.sources import Source, Span
from nlp_ssl.errors import InputError


def test_a_folder_is_loaded_as_the_hub_would_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    (tmp_path / "data").mkdir()
    rows = [{"text": "a", "label": 0}, {"text": "b", "label": 1}]
    (tmp_path / "data" / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    span = Span(Source(str(tmp_path / "data"), "hub"))
    assert list(Hub().rows(span)) == [(1, {"text": "a", "label": 0}), (2, {"text": "b", "label": 1})]
    assert list(Hub().documents(span, "text")) == ["a", "b"]
    with pytest.raises(InputError, match="no column 'body', there is 'text', 'label'"):
        list(Hub().documents(span, "body"))
    with pytest.raises(InputError, match=r"data, row 1: 'label' holds int '0', not text"):
        list(Hub().documents(span, "label"))
