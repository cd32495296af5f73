import json
from dataclasses import replace

import numpy as np
import pytest

from nlp_ssl import declarations
from nlp_ssl.cli import main
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.objectives.mlm import MaskedLM
from nlp_ssl.objectives.nsp import NextSentencePrediction
from nlp_ssl.sampling.batch import Batch
from nlp_ssl.sampling.targets import RowTargets, TokenTargets
from nlp_ssl.show.baselines import row_lengths, row_words, told_by_lengths, told_by_words
from nlp_ssl.show.statistics import concerns
from nlp_ssl.show.words import CLOSE, OPEN, describe_row, words
from tests.worlds import EMOJI, vocabulary, write_corpus

NO = -100


def row(ids: list[int], targets: dict) -> Batch:
    length = np.array([np.count_nonzero(ids)])
    none = np.zeros(1, np.int64)
    grid = np.array([ids])
    sentence = np.where(grid > 4, 0, -1).astype(np.int16)
    return Batch(
        ids=grid,
        length=length,
        sentence=sentence,
        token_type_ids=np.zeros_like(grid),
        text_tokens=length,
        example_class=none,
        targets=targets,
    )


def test_an_example_in_words() -> None:
    mixture = Mixture(objectives={"mlm": MaskedLM(), "nsp": NextSentencePrediction()})
    clean = row([2, 10, 11, 12, 3, 13, 3, 0], {})
    masked = TokenTargets(labels=np.array([[NO, NO, 11, 12, NO, NO, NO, NO]]))
    targets = {"mlm": masked, "nsp": RowTargets(labels=np.array([1]))}
    found = describe_row(clean, row([2, 10, 4, 20, 3, 13, 3, 0], targets), 0, mixture, vocabulary())
    assert found == {
        "text": "w10 w11w12 w13",  # tokens divisible by 3 continue a word
        "input": f"[CLS] w10 [MASK]{OPEN}w11{CLOSE} w20{OPEN}w12{CLOSE} [SEP] w13 [SEP]",
        "mlm:": "2 tokens, in marks behind what stands in their place",
        "nsp:": f"{OPEN}random{CLOSE}",
    }


def test_words_join_pieces() -> None:
    assert words(np.array([7, 9, 12, 8]), vocabulary()) == "w7w9w12 w8"


@pytest.mark.parametrize("name", declarations.names("objectives"))
def test_every_recipe_can_be_shown(name, tmp_path, capsys) -> None:
    corpus = write_corpus(tmp_path / "corpus", documents=200)
    arguments = ["show", name, "--corpus", str(corpus.folder), "--batch.max-length", "32", "--batch.tokens", "256"]
    assert main([*arguments, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert len(said["examples"]) == 3 and all(len(example) >= 3 for example in said["examples"])
    figures = said["statistics"]
    assert figures["rows"] > 0 and 0 <= figures["padding"] < 1
    assert all(part["targets"] > 0 for part in figures["losses"].values())
    assert main(arguments) == 0
    assert "over a sample" in capsys.readouterr().out


def test_figures_of_a_known_corpus(tmp_path, capsys) -> None:
    corpus = write_corpus(tmp_path / "corpus", documents=200)
    more = ["--corpus", str(corpus.folder), "--batch.max-length", "32", "--batch.tokens", "256", "--json"]
    assert main(["show", "nsp", *more]) == 0
    figures = json.loads(capsys.readouterr().out)["statistics"]
    assert figures["losses"]["nsp"]["majority_accuracy"] == pytest.approx(0.5, abs=0.01)
    assert figures["losses"]["nsp"]["targets"] == figures["rows"]
    assert main(["show", "mlm", "--objective.mlm.mlm-probability", "0.3", *more]) == 0
    figures = json.loads(capsys.readouterr().out)["statistics"]
    assert figures["losses"]["mlm"]["targets_per_token"] == pytest.approx(0.3, abs=0.02)
    assert figures["text_in_examples"] == 1
    assert main(["show", "document_rotation", *more]) == 0
    figures = json.loads(capsys.readouterr().out)["statistics"]
    assert 0.8 < figures["losses"]["document_rotation"]["accuracy_by_copying_alone"] < 1
    assert main(["show", "emoji", *more]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert set(shown["statistics"]["losses"]["emoji"]["classes"]) == set(EMOJI)
    assert not any(emoji in example["input"] for example in shown["examples"] for emoji in EMOJI)


def test_what_is_off_is_said() -> None:
    mixture = Mixture(objectives={"mlm": MaskedLM()})
    good = {"targets": 10, "rows_without_targets": 0.0}
    figures = {"rows_unchanged": 0.0, "answer_in_the_input": 0.0, "text_in_examples": 1.0, "losses": {"mlm": good}}
    assert concerns(figures, mixture) == []
    (said,) = concerns(figures | {"rows_unchanged": 0.2}, mixture)
    assert said == "20% of the rows are unchanged: their targets can be read off the input"
    (said,) = concerns(figures | {"losses": {"nsp": {"targets": 9, "majority_accuracy": 1.0}}}, mixture)
    assert said == "nsp: 100% of the labels are of one class"
    assert "nothing to predict" in concerns(figures | {"losses": {"mlm": good | {"targets": 0}}}, mixture)[0]
    assert "50% of the text is in no example" in concerns(figures | {"text_in_examples": 0.5}, mixture)[0]


def test_wrong_input_is_one_sentence(tmp_path, capsys) -> None:
    assert main(["show", "mml", "--corpus", str(tmp_path)]) == 2
    assert "no recipe 'mml': did you mean 'mlm'" in capsys.readouterr().err
    assert main(["show"]) == 2
    assert "which recipe?" in capsys.readouterr().err
    assert main(["show", "mlm", "--corpus", str(tmp_path)]) == 2
    assert "no prepared corpus here" in capsys.readouterr().err


def test_the_lengths_in_a_row() -> None:
    batch = row([2, 10, 11, 12, 3, 13, 14, 3, 0], {})
    sentence = np.array([[-1, 2, 2, 3, -1, 1, 1, -1, -1]], np.int16)
    segment = np.array([[0, 0, 0, 0, 0, 1, 1, 1, 0]])
    found = row_lengths(replace(batch, sentence=sentence, token_type_ids=segment))
    assert found.tolist() == [[8, 3, 2, 2, 0, 3]]  # row, second segment, first, last, their difference, sentences


def test_the_words_in_a_row() -> None:
    batch = row([2, 10, 11, 10, 3, 10, 12, 3, 0], {})
    sentence = np.array([[-1, 0, 0, 0, -1, 1, 1, -1, -1]], np.int16)
    segment = np.array([[0, 0, 0, 0, 0, 1, 1, 1, 0]])
    found = row_words(replace(batch, sentence=sentence, token_type_ids=segment), 13).toarray().reshape(3, 13)
    assert found[:, 10:].tolist() == [[2, 1, 0], [1, 0, 1], [1, 0, 0]]  # in the first, in the second, in both
    assert not found[:, :10].any()


def test_labels_that_words_tell() -> None:
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 2, 2000)
    counts = draw.poisson(1.0, (2000, 8))
    assert told_by_words(counts, labels) == pytest.approx(0.5, abs=0.05)
    counts[:, 3] += 2 * labels
    assert told_by_words(counts, labels) > 0.75


def test_a_label_that_lengths_tell_is_warned_about() -> None:
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 2, 2000)
    telling = np.stack([draw.integers(0, 9, 2000), draw.integers(0, 9, 2000) + 4 * labels], axis=1)
    assert told_by_lengths(telling[:, :1], labels) == pytest.approx(0.5, abs=0.05)
    assert told_by_lengths(telling, labels) > 0.7
    figures = {"accuracy_by_lengths_alone": 0.7, "majority_accuracy": 0.51, "targets": 2000}
    common = {"answer_in_the_input": 0.0, "rows_unchanged": 0.0, "text_in_examples": 1.0}
    mixture = Mixture(objectives={"nsp": NextSentencePrediction()})
    (said,) = concerns({**common, "losses": {"nsp": figures}}, mixture)
    assert said.startswith("nsp: the lengths of rows and sentences alone tell 70% of the labels (the majority is 51%)")
