from nlp_ssl.report.blocks import TableCell
from nlp_ssl.report.sections.choices import at_the_limits, choice_cell
from tests.comparison.worlds import choice


def test_selected_and_other_learning_rates() -> None:
    two = [choice("mlm", 1, "sst2", 100), choice("mlm", 2, "sst2", 100, rate=1e-4, epochs=1)]
    details = ("3 epochs, 71.5 (0.0001: 68.0)", "1 epoch, 68.0 (0.001: 71.5)")
    assert choice_cell(two) == TableCell("0.001, 0.0001", details)
    assert choice_cell([]) == "–"
    one = {**two[0], "tried": two[0]["tried"][1:]}
    assert choice_cell([one]) == TableCell("0.001", ("3 epochs, 71.5",))


def test_choices_at_the_limits_of_the_range_are_counted() -> None:
    high, low = choice("mlm", 1, "sst2", 100), choice("mlm", 2, "sst2", 100, rate=1e-4)
    assert at_the_limits([high, high, low]) == (
        "Of 3 models 2 selected the highest and 1 selected the lowest learning rate. "
        "A wider range may suit them better."
    )
    between = {**high, "tried": [*high["tried"], {**high["tried"][0], "learning_rate": 1e-2}]}
    assert at_the_limits([between]) == ""
    assert at_the_limits([{**high, "tried": high["tried"][1:]}]) == (
        "Only one learning rate was tried, 0.001. Others may suit some models better."
    )
