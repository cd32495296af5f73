"""The first sentences."""

import numpy as np

from nlp_ssl.tasks.baselines.base import BaselineData
from nlp_ssl.tasks.baselines.lead import Lead
from nlp_ssl.tasks.kinds.generation import Generation
from nlp_ssl.tasks.splits import LabelledExamples


def examples(pairs: dict[str, str]) -> LabelledExamples:
    return LabelledExamples(list(pairs), None, np.array([*pairs.values()], dtype=object))


def lead(train: dict[str, str], *dev: str) -> tuple[list[str], int]:
    """The predictions for dev, and the chosen number of sentences."""
    known = examples(train)
    data = BaselineData(Generation(), known, known, known, {"dev": LabelledExamples([*dev], None, None)}, "rouge_1")
    outputs, chosen = Lead().fit(data)
    return outputs["dev"][:, 0].tolist(), chosen["sentences"]


def test_the_best_number_of_sentences_is_chosen_on_the_selection_part() -> None:
    dev = ("Mr. Bell came. Then he left. It rained.", "Nothing")
    assert lead({"It snowed. We ran. Why?": "It snowed."}, *dev) == (["Mr. Bell c", "Nothing"], 1)
    assert lead({"It snowed. We ran. Why?": "It snowed. We ran."}, *dev) == (["Mr. Bell came. The", "Nothing"], 2)


def test_no_text_is_longer_than_the_longest_of_train() -> None:
    assert lead({"Yes. No.": "Yes"}, "Never. Ever.") == (["Nev"], 1)
