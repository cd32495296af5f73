import pytest

from nlp_ssl.comparison.results_file import Setting
from nlp_ssl.report.formats import (
    capital,
    count,
    format_interval,
    gibibytes,
    list_names,
    lower,
    metric_title,
    metric_value,
    p_value,
    percent,
    scale,
    setting_title,
    signed,
    tick,
    times,
)


def test_fractions_are_percentages() -> None:
    assert [percent(x) for x in (0.7134, 1.0, -0.0001, -0.05)] == ["71.3", "100.0", "0.0", "−5.0"]
    assert [signed(x) for x in (0.0213, -0.004, -0.0001, 0.0)] == ["+2.1", "−0.4", "+0.0", "+0.0"]
    assert format_interval(-0.1, 0.25, signed) == "[−10.0, +25.0]"
    assert [tick(x) for x in (0.7, 0.725, -0.1)] == ["70", "72.5", "−10"]


def test_other_numbers() -> None:
    assert [p_value(p) for p in (1e-12, 0.0049, 0.02, 1.0)] == ["< 0.001", "0.005", "0.02", "1.00"]
    assert [times(x) for x in (1.07, 6.66)] == ["1.07 times", "6.7 times"]
    assert gibibytes(1.25 * 2**30) == "1.25 GiB"
    assert [count(n, "seed") for n in (0, 1, 1200)] == ["0 seeds", "1 seed", "1,200 seeds"]


def test_lists_of_names() -> None:
    lists = ([], ["a"], ["a", "b"], ["a", "b", "c"])
    assert [list_names(names) for names in lists] == ["", "a", "a and b", "a, b and c"]
    assert list_names(["a", "b", "c"], "or") == "a, b or c"
    assert (capital("tokens"), lower("Fine-tuned"), capital("")) == ("Tokens", "fine-tuned", "")


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [
        ("mlm accuracy", 0.5, "50.0"),
        ("loss", 2.34567, "2.346"),
        ("perplexity", 12345.0, "12.3k"),
        ("sop learned", 1.0, "yes"),
        ("learned", 0.0, "no"),
        ("learned", 0.5, "50% of runs"),
    ],
)
def test_validation_metrics(metric: str, value: float, text: str) -> None:
    assert metric_value(metric, value) == text


@pytest.mark.parametrize(
    ("setting", "title"),
    [
        (("finetune", None, None), "Fine-tuned on all labels"),
        (("finetune", 1000, None), "Fine-tuned on 1,000 labels"),
        (("probe", 100, None), "Linear probe on frozen vectors, 100 labels"),
        (("zero-shot", None, "causal"), "Zero-shot, causal"),
        (("few-shot", 4, "causal"), "Few-shot prompts, 4 labels, causal"),
        (("few-shot", 1, None), "Few-shot prompts, 1 label"),
        (("zero-shot", None, None), "Zero-shot"),
        (("word similarity", None, None), "Word similarity"),
    ],
)
def test_titles_of_settings(setting: tuple[str, int | None, str | None], title: str) -> None:
    assert setting_title(Setting(*setting)) == title


def test_scale_of_a_comparison() -> None:
    assert scale("tiny", "40k-tokens", "novels") == "Tiny models, 40k tokens of novels each."
    assert scale("mini", "10-minutes", "novels") == "Mini models, 10 minutes on novels each."


def test_the_title_of_a_metric_keeps_the_label() -> None:
    assert metric_title("macro_f1 matched") == "macro f1 matched"
    assert metric_title("f1 (of 'not_equivalent')") == "f1 (of 'not_equivalent')"
