"""The task "which package wrote this": a paragraph of documentation in, the package that it comes from out.

The paragraphs are those of the corpus `pydocs`. The names of the packages, and what else gives them away
without any reading ("np.", "DataFrame", "ufunc"), become `_`, and a paragraph that two files
share is used once. Splits are made of whole files, chosen by the hash of their names: paragraphs of one
file are never on both sides. Each package gives the same number of paragraphs, or all that it has.

The unlabelled text of both splits is also in the corpus `pydocs`: a model pretrained there has read the
paragraphs it is scored on, though never their labels.
"""

from __future__ import annotations

import re

from nlp_ssl.corpus import pydocs

PACKAGES = (
    "huggingface_hub", "networkx", "numpy", "pandas", "python", "scipy", "sklearn", "sympy", "torch",
    "transformers",
)  # fmt: skip
"""The classes; the other packages of the corpus have too little text."""

TRAIN_ROWS = 700
DEV_ROWS = 200
"""At most so many rows of a package."""

FILES_PER_DEV_FILE = 4
"""One file in so many is for the dev split."""

_GIVEAWAYS = re.compile(
    r"""
    \b(?:
        (?:py)?torch\w*|aten|cuda\w*|inductor|dynamo|fx
      | transformers?\w*|hugging\s?face(?:_?hub)?|hf|hub
      | numpy\w*|np|ndarrays?|ufuncs?|f2py
      | pandas|pd|dataframes?|series
      | scipy\w*|sp
      | (?:scikit-?learn|sklearn)\w*
      | sympy\w*
      | networkx|nx
      | c?python\w*|stdlib
    )\b
    """,
    re.IGNORECASE | re.VERBOSE,
)


def splits() -> dict[str, list[dict[str, str]]]:
    """The rows of "train" and "dev": `{"text": paragraph, "label": package}`, the same ones every time.

    Packages that are not installed are missing from the classes.
    """
    rows: dict[str, list[dict[str, str]]] = {"train": [], "dev": []}
    seen: set[str] = set()
    for package in sorted(set(PACKAGES).intersection(pydocs.sources())):
        room = {"train": TRAIN_ROWS, "dev": DEV_ROWS}
        for name, paragraphs in pydocs.files(package):
            split = "dev" if pydocs.name_hash(name) % FILES_PER_DEV_FILE == 0 else "train"
            texts = [text for text in map(mask, paragraphs) if text not in seen][: room[split]]
            rows[split] += [{"text": text, "label": package} for text in texts]
            seen.update(texts)
            room[split] -= len(texts)
            if not any(room.values()):
                break  # files are read one by one: the rest of the package need not be
    return rows


def mask(text: str) -> str:
    """The text with the names that give its package away replaced by `_`."""
    return _GIVEAWAYS.sub("_", text)
