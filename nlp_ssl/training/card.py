"""The model card: objective, corpus, training cost and validation metrics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nlp_ssl import __version__, recipe_files
from nlp_ssl.console import quantity
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.models.folder import DECODER_FOLDER
from nlp_ssl.recipe import Recipe
from nlp_ssl.training.readable import metric_rows

_SEQUENCE = " The objectives followed each other in this order."
_DECODER = f" The folder `{DECODER_FOLDER}` has the same weights as a decoder."


def model_card(recipe: Recipe, corpus: Corpus, end: dict[str, Any], start: dict[str, Any] | None = None) -> str:
    """A README.md with the hub's front matter. `end` has the totals and validation metrics of the run.

    `start` has the model that the run started from, None for random weights.
    """
    language = corpus.manifest.get("language", "en")
    sequence = _SEQUENCE if recipe.mixing == "sequence" else ""
    decoder = _DECODER if recipe.mixture.also_decoder else ""
    metrics = "\n".join(f"| validation {name} | {value} |" for name, value in metric_rows(end["validation"]))
    title, origin, initial = str(recipe.model.size), "from scratch ", ""
    if start is not None:
        title, origin = f"continued from {Path(start['model']).name}", ""
        initial = f"\n| {start['started'].replace('; ', ' | ', 1)} (checksum {start['checksum']}) |"
    return f"""---
library_name: transformers
language: {language}
tags: [nlp_ssl, {recipe.mixture.name}]
---

# {recipe.mixture.name}, {title}

Pretrained {origin}by nlp_ssl {__version__} with the objective `{recipe.mixture.name}`
({recipe.mixture.paper}).{sequence}{decoder}

| | |
|---|---|
| corpus | {corpus.folder.name}, fingerprint {corpus.fingerprint} |{initial}
| training text | {quantity(end["tokens"])} tokens in {end["step"]:,} steps |
| targets | {quantity(end["targets"])} |
| parameters | {quantity(end["parameters"])}, {quantity(end["embedding_parameters"])} of them embeddings |
| compute | {quantity(end["flops"])} FLOPs |
{metrics}

```toml
{recipe_files.dump(recipe).rstrip()}
```
"""
