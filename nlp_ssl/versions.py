"""The versions that results depend on."""

from __future__ import annotations

import ast
import platform
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path

LIBRARIES = ("nlp_ssl", "torch", "transformers", "tokenizers", "datasets", "accelerate", "scikit-learn", "numpy")


def versions() -> dict[str, str]:
    """The versions of Python and of the libraries that decide results, by name."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


@cache
def code_hash() -> str:
    """Hash of this package's code without comments and docstrings."""
    digest = blake2b(digest_size=8)
    folder = Path(__file__).parent
    for file in sorted(folder.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            body = getattr(node, "body", None)
            if isinstance(body, list):
                node.body = [line for line in body if not _is_text(line)]  # type: ignore[attr-defined]
        digest.update(f"{file.relative_to(folder)}\n{ast.dump(tree)}\n".encode())
    return digest.hexdigest()


def _is_text(line: ast.AST) -> bool:
    return isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant) and isinstance(line.value.value, str)
