"""The model card of a fine-tuned model: what it predicts, from which columns, how well, and how to use it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import transformers

from nlp_ssl import __version__
from nlp_ssl.errors import listing
from nlp_ssl.models.auto import model_class
from nlp_ssl.tasks.declaration import Task

if TYPE_CHECKING:
    from nlp_ssl.evaluation.checkpoints import Checkpoint
    from nlp_ssl.tasks.kinds.base import TaskKind

_PIPELINES = {
    "text-classification": """\
classify = pipeline("text-classification", "path/to/this/folder")
classify({text}, truncation=True, top_k=None)""",
    "token-classification": """\
tag = pipeline("token-classification", "path/to/this/folder", aggregation_strategy="first")
tag("words with spaces between them")""",
}

_WRITES = """\
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("path/to/this/folder")
model = AutoModelForSeq2SeqLM.from_pretrained("path/to/this/folder")
ids = model.generate(**tokenizer({texts}, truncation=True, return_tensors="pt"))
tokenizer.batch_decode(ids, skip_special_tokens=True)"""


def model_card(result: Mapping[str, Any], task: Task, kind: TaskKind, checkpoint: Checkpoint, max_length: int) -> str:
    """A README.md with the hub's front matter. `result` is the content of scores.json."""
    (ours,) = (model for model in result["models"] if model["key"] == "pretrained")
    pipeline = "token-classification" if kind.labels_words else "text-classification"
    pipeline = "text2text-generation" if kind.writes_text else pipeline
    title = f"{task.title} ({task.paper})" if task.title else task.name
    rows = {
        "task": f"`{task.name}`, {task.kind.replace('_', ' ')}",
        "text": ", then ".join(" or ".join(f"column `{name}`" for name in names) for names in task.columns),
        "label": " or ".join(f"column `{name}`" for name in task.label),
        "labels": listing((f"`{label}`" for label in kind.labels), "").replace("|", r"\|"),
        "training examples": f"{result['examples']['train']:,}",
        "learning rate": f"{ours['learning_rate']:g}",
        "epochs": str(ours["epochs"]),
        "maximum length": f"{max_length} tokens",
    }
    lines = [f"| {name} | {value} |" for name, value in rows.items() if value]
    table = "\n".join(["| | |", "|---|---|", *lines])
    return f"""---
library_name: transformers
pipeline_tag: {pipeline}
tags: [nlp_ssl, {json.dumps(task.name)}]
---

# {ours["name"]}, fine-tuned on {task.name}

{title}. Fine-tuned by nlp_ssl {__version__} with seed 1 of {len(ours["seeds"])}.

{table}

## Scores

In percent, with 95 % intervals. No choice was made by these scores.

| score | this model | mean of all seeds | difference from random initialisation |
|---|---|---|---|
{"".join(_score_rows(ours["scores"]))}
## Use

```sh
nlp-ssl predict path/to/this/folder --data texts.csv --out predictions.csv
```

{_python(pipeline, task, kind, checkpoint)}"""


def _score_rows(scores: Mapping[str, Any]) -> Iterator[str]:
    for name, found in scores.items():
        gap = found.get("vs_random_init")
        beside = "" if gap is None else f"{_with_interval(gap, '+')}, {gap['verdict']}"
        yield f"| {name} | {100 * found['seeds'][0]:.1f} | {_with_interval(found)} | {beside} |\n"


def _with_interval(found: Mapping[str, float], sign: str = "") -> str:
    mean, low, high = (f"{100 * found[name]:{sign}.1f}" for name in ("mean", "low", "high"))
    return f"{mean} [{low}, {high}]"


def _python(pipeline: str, task: Task, kind: TaskKind, checkpoint: Checkpoint) -> str:
    """How to use the model in transformers."""
    if checkpoint.backward:
        return "The model reads text from its end, which pipelines of transformers do not do.\n"
    if kind.writes_text:
        texts = '"a text"' if len(task.columns) == 1 else '"one text", "the other"'
        return f"```python\n{_WRITES.replace('{texts}', texts)}\n```\n"
    model = model_class(getattr(transformers, kind.auto_class), checkpoint.config)
    own = model.__module__.startswith("nlp_ssl.")
    load = "from nlp_ssl.models.loading import load_config\n" if own else ""
    register = '\nload_config("path/to/this/folder")  # adds the classifier, which transformers lacks' if own else ""
    text = '"a text"' if len(task.columns) == 1 else '{"text": "one text", "text_pair": "the other"}'
    return f"""```python
{load}from transformers import pipeline
{register}
{_PIPELINES[pipeline].replace("{text}", text)}
```
"""
