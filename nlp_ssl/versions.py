"""The versions that results depend on."""

from __future__ import annotations

import platform
from importlib.metadata import version

LIBRARIES = ("nlp_ssl", "torch", "transformers", "tokenizers", "datasets", "accelerate", "scikit-learn", "numpy")


def versions() -> dict[str, str]:
    """The versions of Python and of the libraries that decide results, by name."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}
