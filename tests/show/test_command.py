"""The command."""

import json

import pytest

from nlp_ssl import declarations
from nlp_ssl.cli import main
from tests.worlds import EMOJI, write_corpus


@pytest.mark.parametrize("name", declarations.names("objectives"))
def test_every_recipe_can_be_shown(name, tmp_path, capsys) -> None:
    corpus = write_corpus(tmp_path / "corpus", documents=200)
    arguments = ["show", name, "--corpus", str(corpus.folder), "--batch.max-length", "64", "--batch.tokens", "512"]
    assert main([*arguments, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert len(said["examples"]) == 3 and all(len(example) >= 3 for example in said["examples"])
    figures = said["statistics"]
    assert figures["rows"] > 0 and 0 <= figures["padding"] < 1
    assert all(part["targets"] > 0 for part in figures["losses"].values())
    assert main(arguments) == 0
    assert "statistics of a sample" in capsys.readouterr().out


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
    assert main(["show", "rtd", *more]) == 0
    assert json.loads(capsys.readouterr().out)["statistics"]["rows_unchanged"] == 0
    assert main(["show", "document_rotation", *more]) == 0
    figures = json.loads(capsys.readouterr().out)["statistics"]
    assert 0.8 < figures["losses"]["document_rotation"]["accuracy_by_copying_alone"] < 1
    assert main(["show", "random_label", "--objective.random_label.labels", "2", *more]) == 0
    figures = json.loads(capsys.readouterr().out)["statistics"]["losses"]["random_label"]
    assert list(figures["classes"]) == ["1", "2"] and sum(figures["classes"].values()) == pytest.approx(1)
    assert figures["majority_accuracy"] == max(figures["classes"].values()) < 0.7
    assert figures["rows_without_targets"] == 0 and "accuracy_by_lengths_alone" not in figures
    assert main(["show", "emoji", *more]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert set(shown["statistics"]["losses"]["emoji"]["classes"]) == set(EMOJI)
    assert not any(emoji in example["input"] for example in shown["examples"] for emoji in EMOJI)


def test_wrong_input_is_one_sentence(tmp_path, capsys) -> None:
    assert main(["show", "mml", "--corpus", str(tmp_path)]) == 2
    assert "no recipe 'mml': did you mean 'mlm'" in capsys.readouterr().err
    assert main(["show"]) == 2
    assert "show: name a recipe: " in capsys.readouterr().err
    assert main(["show", "mlm", "--corpus", str(tmp_path)]) == 2
    assert "no prepared corpus here" in capsys.readouterr().err


def test_the_help_has_no_flags_of_training(capsys) -> None:
    with pytest.raises(SystemExit):
        main(["show", "mlm", "--help"])
    said = capsys.readouterr().out
    assert "--batch.max-length" in said and "--objective.mlm.masking" in said
    for flag in ("--budget", "--optimizer.", "--model.", "--precision", "--compile", "--save-every", "--log-with"):
        assert flag not in said
