"""Masks that are made without reading from the device."""

import pytest
import torch
from transformers import PreTrainedModel, masking_utils

from nlp_ssl.models.mask_reads import known_masks
from tests.host_reads import HostReads
from tests.networks import batch, make


@pytest.mark.parametrize(
    ("objective", "architecture"),
    [
        ("mlm", "modernbert"),
        ("mlm", "bert"),
        ("clm", "modernbert-decoder"),
        ("clm", "gpt2"),
        ("text_infilling", "bart"),
    ],
)
def test_states_are_those_of_masks_that_transformers_reads(objective, architecture) -> None:
    body = make(objective, architecture).body.eval()
    view = batch(objective)["views"]["main"]
    if objective == "text_infilling":
        view["decoder_input_ids"] = view["input_ids"][:, :8]
    with torch.no_grad():
        with HostReads() as before:
            expected = body(**view).last_hidden_state
        with HostReads() as reads, known_masks():
            found = body(**view).last_hidden_state
    assert before.found and not reads.found
    assert torch.equal(found, expected)


def test_transformers_is_left_as_it_was() -> None:
    def names() -> list:
        return [masking_utils.fast_all, masking_utils.find_packed_sequence_indices, PreTrainedModel.__dict__.copy()]

    before = names()
    with pytest.raises(ZeroDivisionError), known_masks(), known_masks():
        _ = 1 / 0
    assert names() == before
