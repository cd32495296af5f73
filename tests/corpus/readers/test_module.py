from pathlib import Path

import pytest

from nlp_ssl.corpus.readers.module import Module
from nlp_ssl.corpus.sources import Source, Span


def test_documents_of_a_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "two_documents.py").write_text("def documents(source): yield from (source + '1', source + '2')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert list(Module().documents(Span(Source("two_documents:x", "module")), "text")) == ["x1", "x2"]
