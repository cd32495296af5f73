"""How numbers and names are written. Scores are fractions and are shown as percentages with one decimal."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nlp_ssl.comparison.board import Board
from nlp_ssl.comparison.results_file import Setting
from nlp_ssl.console import duration, quantity
from nlp_ssl.sampling.references import LEARNED

METHOD_TITLES = {
    "finetune": "Fine-tuned",
    "probe": "Linear probe on frozen vectors",
    "knn": "Nearest neighbours of frozen vectors",
    "few-shot": "Few-shot prompts",
    "zero-shot": "Zero-shot",
    "retrieval": "Next-sentence retrieval",
    "word similarity": "Word similarity",
}
BUDGETS: dict[str, tuple[str, Callable[[float], str]]] = {
    "tokens": ("tokens", quantity),
    "flops": ("FLOPs", quantity),
    "seconds": ("time", duration),
    "steps": ("steps", lambda number: f"{number:,.0f}"),
    "targets": ("targets", quantity),
}
"""Units of a budget: title, and how amounts are written."""
PERCENTAGES = ("accuracy", "accuracy_by_copying", "majority", "f1", "macro_f1")


def percent(share: float) -> str:
    """A fraction as a percentage: "71.3", "−0.4"."""
    return f"{100 * share + 0.0:.1f}".replace("-0.0", "0.0").replace("-", "−")


def tick(share: float) -> str:
    """A fraction as an axis label in percent: "70", "72.5"."""
    return f"{100 * share:.4g}".replace("-", "−")


def signed(share: float) -> str:
    """A difference of fractions in percentage points: "+2.1", "−0.4"."""
    return f"{100 * share:+.1f}".replace("-0.0", "+0.0").replace("-", "−")


def format_interval(low: float, high: float, number: Callable[[float], str] = percent) -> str:
    """An interval: "[69.2, 73.4]"."""
    return f"[{number(low)}, {number(high)}]"


def p_value(p: float) -> str:
    """A p value: "0.02", "< 0.001"."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}" if p < 0.01 else f"{p:.2f}"


def gibibytes(number: float) -> str:
    """Bytes: "1.25 GiB"."""
    return f"{number / 2**30:.2f} GiB"


def times(ratio: float) -> str:
    """A ratio: "1.07 times", "6.7 times"."""
    return f"{ratio:.2f} times" if ratio < 2 else f"{ratio:.1f} times"


def count(number: int, noun: str) -> str:
    """A number with its noun: "1 seed", "3 seeds"."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def list_names(names: Sequence[str], word: str = "and") -> str:
    """Names in a sentence: "a", "a and b", "a, b and c"."""
    return f" {word} ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def capital(text: str) -> str:
    """The text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def lower(text: str) -> str:
    """The text with its first letter in lower case, for use within a sentence."""
    return text[:1].lower() + text[1:]


def metric_title(metric: str) -> str:
    """The name of a metric in tables."""
    name, of, label = metric.partition(" (of ")
    return name.replace("_", " ") + of + label


def is_percentage(metric: str) -> bool:
    """Whether a validation metric, possibly one of a mixture such as "mlm accuracy", is shown as a percentage."""
    return metric.rsplit(" ", 1)[-1] in PERCENTAGES


def metric_value(metric: str, value: float) -> str:
    """A validation metric, the mean over runs."""
    if metric.rsplit(" ", 1)[-1] == LEARNED:
        return {0.0: "no", 1.0: "yes"}.get(value, f"{value:.0%} of runs")
    if is_percentage(metric):
        return percent(value)
    return f"{value:.3f}" if abs(value) < 1000 else quantity(value)


def setting_title(setting: Setting) -> str:
    """How models were scored: "Fine-tuned on 1,000 labels"."""
    name = METHOD_TITLES.get(setting.method, setting.method)
    variant = "" if setting.variant is None else f", {setting.variant}"
    if setting.method == "few-shot":
        return f"{name}, {count(setting.train_examples or 0, 'label')}{variant}"
    if variant:
        return f"{name}{variant}"
    if setting.method in ("zero-shot", "retrieval", "word similarity"):
        return name
    labels = "all labels" if setting.train_examples is None else f"{setting.train_examples:,} labels"
    return f"{name} on {labels}" if setting.method == "finetune" else f"{name}, {labels}"


def board_title(board: Board) -> str:
    """How the models of a board were scored; of the main board, if all tasks were scored in one way."""
    settings = set(board.settings.values())
    return setting_title(*settings) if len(settings) == 1 else "All tasks"


def scale(size: str, budget: str, corpus: str) -> str:
    """Model size, budget and corpus in a sentence: "Tiny models, 40k tokens of novels each."."""
    preposition = "of" if budget.endswith("tokens") else "on"
    return f"{capital(size)} models, {budget.replace('-', ' ')} {preposition} {corpus} each."
