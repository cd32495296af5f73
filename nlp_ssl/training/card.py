"""The model card: objective, corpus, training cost and validation metrics."""

from __future__ import annotations

from typing import Any

from nlp_ssl import __version__, recipe_files
from nlp_ssl.console import quantity
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.models.folder import DECODER_FOLDER
from nlp_ssl.recipe import Recipe
from nlp_ssl.training.readable import metric_rows

_SEQUENCE = " The objectives followed each other in this order."
_DECODER = f" The folder `{DECODER_FOLDER}` has the same weights as a decoder."


def model_card(recipe: Recipe, corpus: Corpus, end: dict[str, Any]) -> str:
    """A README.md with the hub's front matter. `end` has the totals and validation metrics of the run."""
    language = corpus.manifest.get("language", "en")
    sequence = _SEQUENCE if recipe.mixing == "sequence" else ""
    decoder = _DECODER if recipe.mixture.also_decoder else ""
    metrics = "\n".join(f"| validation {name} | {value} |" for name, value in metric_rows(end["validation"]))
    return f"""---
library_name: transformers
language: {language}
tags: [nlp_ssl, {recipe.mixture.name}]
---

# {recipe.mixture.name}, {recipe.model.size}

Pretrained from scratch by nlp_ssl {__version__} with the objective `{recipe.mixture.name}`
({recipe.mixture.paper}).{sequence}{decoder}

| | |
|---|---|
| corpus | {corpus.folder.name}, fingerprint {corpus.fingerprint} |
| training text | {quantity(end["tokens"])} tokens in {end["step"]:,} steps |
| targets | {quantity(end["targets"])} |
| parameters | {quantity(end["parameters"])}, {quantity(end["embedding_parameters"])} of them embeddings |
| compute | {quantity(end["flops"])} FLOPs |
{metrics}

```toml
{recipe_files.dump(recipe).rstrip()}
```
"""
