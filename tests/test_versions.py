import platform
from pathlib import Path

import numpy
import pytest

import nlp_ssl.versions
from nlp_ssl import __version__
from nlp_ssl.versions import code_hash, versions


def test_versions_are_those_of_the_installed_libraries() -> None:
    found = versions()
    assert (found["python"], found["numpy"]) == (platform.python_version(), numpy.__version__)
    assert found["nlp_ssl"] == __version__
    assert {"torch", "transformers", "tokenizers", "datasets", "accelerate", "scikit-learn"} < set(found)


def test_the_hash_of_the_code_ignores_comments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nlp_ssl").mkdir()
    file = tmp_path / "nlp_ssl" / "a.py"
    monkeypatch.setattr(nlp_ssl.versions, "__file__", str(tmp_path / "nlp_ssl" / "versions.py"))

    def hash_of(text: str) -> str:
        file.write_text(text)
        code_hash.cache_clear()
        return code_hash()

    first = hash_of('"""Doc."""\n\n\ndef f():\n    """Doc."""\n    return 1  # why\n')
    assert hash_of('def f():\n    """Other."""\n\n    return 1\n') == first
    assert hash_of("def f():\n    return 2\n") != first
    code_hash.cache_clear()
