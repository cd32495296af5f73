"""The task `which_package`: classify paragraphs of documentation by the package they come from.

The paragraphs come from the corpus `pydocs`. Package names and other obvious clues ("np.", "DataFrame", "ufunc") are
replaced by `_`, and duplicate paragraphs are removed. Whole files are assigned to a split by the hash of their names,
so no file is in both splits. Packages have the same number of paragraphs, unless they have fewer.

The text of both splits is also in the corpus `pydocs`. A model pretrained on it has seen the paragraphs it is scored
on, but not their labels.
"""

from __future__ import annotations

import re

from nlp_ssl.corpus import pydocs

CLASSES = (
    "huggingface_hub", "networkx", "numpy", "pandas", "python", "scipy", "sklearn", "sympy", "torch",
    "transformers",
)  # fmt: skip
"""The classes. Other packages of the corpus have too little text."""

TRAIN_ROWS = 700
DEV_ROWS = 200
"""Maximum number of examples of a package in each split."""

FILES_PER_DEV_FILE = 4
"""One in this many files is in the dev split."""

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
    """Return the rows of "train" and "dev", each `{"text": paragraph, "label": package}`, in a fixed order.

    Packages that are not installed are left out of the classes.
    """
    rows: dict[str, list[dict[str, str]]] = {"train": [], "dev": []}
    seen: set[str] = set()
    for package in sorted(set(CLASSES).intersection(pydocs.sources())):
        remaining = {"train": TRAIN_ROWS, "dev": DEV_ROWS}
        for name, paragraphs in pydocs.files(package):
            split = "dev" if pydocs.name_hash(name) % FILES_PER_DEV_FILE == 0 else "train"
            texts = [text for text in map(mask, paragraphs) if text not in seen][: remaining[split]]
            rows[split] += [{"text": text, "label": package} for text in texts]
            seen.update(texts)
            remaining[split] -= len(texts)
            if not any(remaining.values()):
                break  # files are read lazily
    return rows


def mask(text: str) -> str:
    """Replace clues to the package by `_`."""
    return _GIVEAWAYS.sub("_", text)
