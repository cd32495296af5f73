"""Validation metrics for people."""

import pytest

from nlp_ssl.training.readable import format_metrics, metric_rows, what_was_learned

CLM = {"loss": 3.863, "accuracy": 0.25, "uniform_loss": 9.704, "unigram_loss": 6.47, "trigram_loss": 4.9}
CLM |= {"bits_per_byte": 1.56, "trigram_bits_per_byte": 1.72, "learned": 1.0, "validation_targets": 1000.0}


def test_a_line_has_the_models_own_metrics() -> None:
    assert format_metrics(CLM) == "loss 3.8630  accuracy 0.2500  bits per byte 1.5600"


def test_a_table_has_all_metrics() -> None:
    rows = metric_rows(CLM)
    assert ["trigram loss", "4.9000"] in rows and ["learned", "yes"] in rows
    assert len(rows) == 8  # without the number of targets
    assert metric_rows({"bytes": 53214.0}) == [["bytes", "53,214"]]
    assert metric_rows({"sop learned": 0.0, "sop validation_targets": 3.0}) == [["sop learned", "no"]]
    by_phase = {"loss": 5.0, "clm loss": 4.0, "mlm loss": 5.0}
    assert metric_rows(by_phase) == [["clm loss", "4.0000"], ["mlm loss", "5.0000"]]


@pytest.mark.parametrize(
    ("metrics", "losses", "sentences"),
    [
        (
            CLM,
            ["clm"],
            [
                "clm has learned more than token frequencies: loss 3.86 nats per target, trigrams 4.90, "
                "unigrams 6.47, ln(vocabulary) 9.70"
            ],
        ),
        (
            {"mlm loss": 6.4, "mlm unigram_loss": 6.41, "mlm uniform_loss": 9.7, "mlm learned": 0.0}
            | {"nsp accuracy": 0.544, "nsp majority": 0.501, "nsp learned": 1.0, "loss": 7.0},
            ["mlm", "nsp"],
            [
                "mlm has not detectably learned more than token frequencies: loss 6.40 nats per target, "
                "unigrams 6.41, ln(vocabulary) 9.70",
                "nsp has learned more than the majority class: accuracy 54.4%, the majority class 50.1%",
            ],
        ),
        ({"accuracy": 0.5, "accuracy_by_chance": 0.01}, ["contrastive"], []),
        (
            {"mlm loss": 3.0, "contrastive spread": 0.05},
            ["contrastive", "mlm"],
            [
                "the vectors of contrastive have collapsed: all texts have nearly the same one "
                "(spread 0.050, 1 is uniform)"
            ],
        ),
        ({"spread": 0.11}, ["contrastive"], []),
        ({"loss": 1.0}, ["own"], []),
    ],
)
def test_what_was_learned(metrics: dict[str, float], losses: list[str], sentences: list[str]) -> None:
    assert what_was_learned(metrics, losses) == sentences
