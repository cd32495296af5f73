"""The model card: objective, corpus, training cost and validation metrics."""

from __future__ import annotations

from typing import Any

from nlp_ssl import __version__
from nlp_ssl import recipe as recipes
from nlp_ssl.console import quantity
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.recipe import Recipe


def model_card(recipe: Recipe, corpus: Corpus, end: dict[str, Any]) -> str:
    """A README.md with the hub's front matter. `end` has the totals and validation metrics of the run."""
    language = corpus.manifest.get("language", "en")
    metrics = "\n".join(
        f"| validation {key.replace('_', ' ')} | {value:.4f} |" for key, value in end["validation"].items()
    )
    return f"""---
library_name: transformers
language: {language}
tags: [nlp_ssl, {recipe.mixture.name}]
---

# {recipe.mixture.name}, {recipe.model.size}

Pretrained from scratch by nlp_ssl {__version__} with the objective `{recipe.mixture.name}`
({recipe.mixture.paper}).

| | |
|---|---|
| corpus | {corpus.folder.name}, fingerprint {corpus.fingerprint} |
| training text | {quantity(end["tokens"])} tokens in {end["step"]:,} steps |
| targets | {quantity(end["targets"])} |
| parameters | {quantity(end["parameters"])}, {quantity(end["embedding_parameters"])} of them embeddings |
| compute | {quantity(end["flops"])} FLOPs |
{metrics}

```toml
{recipes.dump(recipe).rstrip()}
```
"""
