"""Validation metrics for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nlp_ssl.sampling.references import COLLAPSED, LEARNED, REFERENCES, SPREAD, TRIGRAM, UNIFORM, UNIGRAM

MAJORITY = "majority"
"""Metric: the accuracy of a predictor that has learned nothing. Views in a batch have no such reference: they share
words, so a network with random initialisation is above chance."""


def metric_rows(metrics: Mapping[str, float]) -> list[list[str]]:
    """Name and value of each metric, for a table. The name may begin with that of a loss, as in "mlm accuracy".

    Where "loss" is that of one of several, it stands under that name alone.
    """
    named = [value for key, value in metrics.items() if key.endswith(" loss")]
    shown = {key: value for key, value in metrics.items() if not (key == "loss" and value in named)}
    return [[key.replace("_", " "), _value(key, value)] for key, value in shown.items() if not _is_count(key)]


def format_metrics(metrics: Mapping[str, float]) -> str:
    """The metrics of the model itself in one line."""
    own = {key: value for key, value in metrics.items() if _last(key) not in (*REFERENCES, LEARNED)}
    return "  ".join(" ".join(row) for row in metric_rows(own))


def _last(key: str) -> str:
    return key.rpartition(" ")[2]


def _is_count(key: str) -> bool:
    return _last(key) == "validation_targets"


def _value(key: str, value: float) -> str:
    if _last(key) == LEARNED:
        return "yes" if value else "no"
    return f"{value:.4f}" if abs(value) < 1000 else f"{value:,.0f}"


def what_was_learned(metrics: Mapping[str, float], losses: Iterable[str]) -> list[str]:
    """For each loss with a reference, whether the model is better than a predictor that learned nothing.

    Names losses whose vectors have collapsed.
    """
    names = list(losses)
    found = []
    for name in names:
        prefix = f"{name} " if len(names) > 1 else ""
        of_loss = {key.removeprefix(prefix): value for key, value in metrics.items() if key.startswith(prefix)}
        if LEARNED in of_loss:
            found.append(_sentence(name, of_loss))
        if of_loss.get(SPREAD, 1.0) < COLLAPSED:
            found.append(
                f"the vectors of {name} have collapsed: all texts have nearly the same one "
                f"(spread {of_loss[SPREAD]:.3f}, 1 is uniform)"
            )
    return found


def _sentence(name: str, metrics: Mapping[str, float]) -> str:
    verdict = f"{name} has learned more than" if metrics[LEARNED] else f"{name} has not detectably learned more than"
    if UNIGRAM not in metrics:
        own, floor = metrics["accuracy"], metrics[MAJORITY]
        return f"{verdict} the majority class: accuracy {own:.1%}, the majority class {floor:.1%}"
    beside = {TRIGRAM: "trigrams", UNIGRAM: "unigrams", UNIFORM: "ln(vocabulary)"}
    losses = ", ".join(f"{title} {metrics[key]:.2f}" for key, title in beside.items() if key in metrics)
    return f"{verdict} token frequencies: loss {metrics['loss']:.2f} nats per target, {losses}"
