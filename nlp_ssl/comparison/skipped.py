"""What a comparison leaves out, said before it starts."""

from __future__ import annotations

from nlp_ssl.comparison.plan import Plan
from nlp_ssl.comparison.score_jobs import FEW_SHOT, MINIMAL_PAIRS
from nlp_ssl.console import say
from nlp_ssl.errors import InputError, listing

LIKELIHOOD = "gives likelihoods of texts (mlm and clm do)"


def say_what_is_skipped(plan: Plan) -> None:
    """Print what the plan leaves out. Raises InputError for a task with too few examples for every size."""
    for task in plan.tasks:
        n = task.counts["train"]
        too_large = [f"{size:,}" for size in plan.train_examples if size is not None and size > n]
        if not plan.sizes(task):
            raise InputError(f"--train-examples {' '.join(too_large)}: {task.name} has {n:,} training examples")
        if not plan.methods_for(task) and task.task.kind_type.writes_text:
            raise InputError(f"--methods {' '.join(plan.methods)}: only finetune scores {task.name}, a text to write")
        if not plan.methods_for(task):
            none = f"{task.name} does not have one label for each text, with a name that is a word"
            reason = none if plan.prompted else f"none of these objectives {LIKELIHOOD}"
            raise InputError(f"--methods few-shot: {reason}; add another method")
        if FEW_SHOT in plan.methods and FEW_SHOT not in plan.methods_for(task) and plan.prompted:
            say(f"skipped: few-shot on {task.name}, which does not have one named label for each text")
        if too_large:
            say(f"{task.name} has {n:,} training examples: {', '.join(too_large)} are skipped")
    kinds = {job.kind for job in plan.jobs()}
    reasons = [
        (MINIMAL_PAIRS, plan.minimal_pairs, LIKELIHOOD),
        ("similarity", plan.word_pairs, "trains word vectors (cbow and skip_gram do)"),
    ]
    for kind, pairs, reason in reasons:
        if pairs and kind not in kinds:
            say(f"skipped: {', '.join(each.name for each in pairs)}, as none of these objectives {reason}")
    if plan.existing:
        names = listing(list(plan.existing), "")
        say(f"{names}: scored without pretraining, with its own tokenizer; only runs have validation metrics")
    unprompted = [name for name in plan.models if name not in plan.prompted]
    if FEW_SHOT in plan.methods and unprompted:
        say(f"skipped: few-shot of {', '.join(unprompted)}, which can score no label after a text (mlm and clm can)")
