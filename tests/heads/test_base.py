"""Properties of all heads."""

import torch

from nlp_ssl.heads.base import Encode, Head
from nlp_ssl.heads.masked_lm import MaskedLMHead
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.objectives.mlm import MaskedLM
from tests.networks import config_of, mixture
from tests.worlds import vocabulary

VIEWS = {
    "main": {"input_ids": torch.tensor([[2, 7]]), "attention_mask": torch.tensor([[1, 0]])},
    "other": {"input_ids": torch.tensor([[2, 8]])},
}


def test_a_view_is_run_once_by_each_copy_of_the_body() -> None:
    runs = []

    def run(view: dict, averaged: bool) -> int:
        runs.append((view["input_ids"].tolist(), averaged))
        return len(runs)

    encode = Encode(run, VIEWS)
    assert [encode(), encode("main"), encode("other"), encode(averaged=True), encode()] == [1, 1, 2, 3, 1]
    assert runs == [([[2, 7]], False), ([[2, 8]], False), ([[2, 7]], True)]


def test_other_token_ids_are_run_each_time_with_the_views_mask() -> None:
    runs = []
    encode = Encode(lambda view, averaged: runs.append((view, averaged)), VIEWS)
    for _ in range(2):
        encode(ids=torch.tensor([[2, 9]]), averaged=True)
    assert [(view["input_ids"].tolist(), averaged) for view, averaged in runs] == [([[2, 9]], True)] * 2
    assert runs[0][0]["attention_mask"].tolist() == [[1, 0]]
    assert VIEWS["main"]["input_ids"].tolist() == [[2, 7]]


def test_the_mask_of_a_view() -> None:
    encode = Encode(lambda view, averaged: None, VIEWS)
    assert encode.attention_mask().tolist() == [[1, 0]]
    assert encode.attention_mask("other") is None


def test_each_loss_has_a_head_and_each_kind_of_head_a_carrier() -> None:
    assert Head.key("mlm") == "mlm" and Head.momentum is None
    assert MaskedLMHead.carrier_key("mlm") == MaskedLMHead.carrier_key("emoji") == "masked_lm"


def test_a_carriers_config_is_a_copy() -> None:
    config = config_of(mixture("mlm"), size="tiny")
    loss = Mixture(objectives={"mlm": MaskedLM()}).losses["mlm"]
    copied = MaskedLMHead.configure(config, loss, vocabulary())
    copied.id2label = {0: "one"}
    assert config.id2label != copied.id2label and copied.hidden_size == config.hidden_size
