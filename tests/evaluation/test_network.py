"""What goes into a network, which of its weights are fresh, and what it classifies by."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel

from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.network import (
    DROPOUT,
    Encoder,
    batches,
    build,
    collate,
    encode,
    learning_rate_at,
    load_checkpoint,
    longest_input,
)
from nlp_ssl.tasks.splits import LabelledExamples

Run = Callable[[str], Path]
KINDS = ["mlm", "sop", "clm", "bart", "mbart"]
THREE = LabelledExamples(["w1 w2 w3 fine", "w4", "w5 w6"], None, None)
PAIRS = LabelledExamples(["w1 w2 w3 fine", "w4"], ["w5", "w6 w7"], None)


def model_of(run: Run, kind: str, pretrained: bool = True, seed: int = 1) -> torch.nn.Module:
    return build(load_checkpoint(run(kind) / "model"), pretrained, ["bad", "good"], seed).eval()


@pytest.mark.parametrize("kind", KINDS)
def test_the_body_is_pretrained_and_the_classifier_is_fresh(run: Run, kind: str) -> None:
    checkpoint = load_checkpoint(run(kind) / "model")
    one, two = (build(checkpoint, True, ["bad", "good"], seed).state_dict() for seed in (1, 2))
    untrained = build(checkpoint, False, ["bad", "good"], 1).state_dict()
    fresh = [name for name in one if not torch.equal(one[name], two[name])]
    assert fresh and all(any(part in name for part in ("classif", "score", "pooler")) for name in fresh)
    assert any("pooler" in name for name in fresh) == (kind == "mlm")  # sop has trained its own
    for name in fresh:  # the same seed gives both networks the same start
        torch.testing.assert_close(one[name], untrained[name])
    body = [name for name in one if name not in fresh and one[name].ndim == 2]
    assert all(not torch.equal(one[name], untrained[name]) for name in body)


def test_dropout_and_label_names_are_set(run: Run) -> None:
    for kind, field in (("mlm", "hidden_dropout_prob"), ("clm", "resid_pdrop"), ("bart", "dropout")):
        config = model_of(run, kind).config
        assert getattr(config, field) == DROPOUT
        assert config.id2label == {0: "bad", 1: "good"} and config.label2id == {"bad": 0, "good": 1}


@pytest.mark.parametrize("kind", KINDS)
def test_padding_does_not_change_what_is_predicted(run: Run, kind: str) -> None:
    checkpoint = load_checkpoint(run(kind) / "model")
    model = model_of(run, kind)
    tokens = encode(checkpoint, THREE, 64)
    together = model(**collate(tokens, np.arange(3), 0)).logits
    for i in range(3):
        torch.testing.assert_close(model(**collate(tokens, np.array([i]), 0)).logits[0], together[i])


@pytest.mark.parametrize("kind", KINDS)
def test_a_frozen_vector_is_the_mean_over_the_tokens(run: Run, kind: str) -> None:
    checkpoint = load_checkpoint(run(kind) / "model")
    tokens, seen = encode(checkpoint, THREE, 64), []
    vectors = Encoder(checkpoint, True, 0, "fp32").vectors(tokens, seen.append)
    assert vectors.shape == (3, 32) and seen == [3]
    body = AutoModel.from_pretrained(run(kind) / "model").eval()
    body = body.encoder if kind in ("bart", "mbart") else body
    for i in range(3):
        ids = torch.from_numpy(tokens.ids[tokens.starts[i] : tokens.starts[i + 1]].astype(np.int64))
        with torch.no_grad():
            expected = body(input_ids=ids[None]).last_hidden_state[0].mean(0)
        np.testing.assert_allclose(vectors[i], expected, atol=1e-5)


def test_an_untrained_frozen_network_is_its_seed(run: Run) -> None:
    checkpoint = load_checkpoint(run("mlm") / "model")
    tokens = encode(checkpoint, THREE, 64)
    one, again, two = (Encoder(checkpoint, False, seed, "fp32").vectors(tokens, lambda _: None) for seed in (1, 1, 2))
    assert np.array_equal(one, again) and not np.allclose(one, two, atol=0.1)


def test_a_decoder_classifies_by_its_last_token(run: Run) -> None:
    model = model_of(run, "clm")
    tokens = encode(load_checkpoint(run("clm") / "model"), THREE, 64)
    batch = collate(tokens, np.array([1, 2]), 0)
    hidden = model.base_model(**batch).last_hidden_state
    last = tokens.lengths[[1, 2]] - 1
    assert batch["input_ids"][[0, 1], last].tolist() == [3, 3]  # the end of the text
    torch.testing.assert_close(model(**batch).logits, model.score(hidden[[0, 1], last]))


@pytest.mark.parametrize(("kind", "start"), [("bart", 2), ("mbart", 3)])
def test_an_encoder_decoder_classifies_by_what_has_written_the_text(run: Run, kind: str, start: int) -> None:
    """The decoder reads a start token and the text; what would write the last [SEP] classifies, of pairs too."""
    model, checkpoint = model_of(run, kind), load_checkpoint(run(kind) / "model")
    for examples in (THREE, PAIRS):
        tokens = encode(checkpoint, examples, 64)
        assert tokens.types is None
        batch = collate(tokens, np.array([0, 1]), 0)
        ids = batch["input_ids"]
        read = torch.cat([torch.full((2, 1), start), ids[:, :-1]], dim=1)
        hidden = model.base_model(**batch, decoder_input_ids=read).last_hidden_state
        last = tokens.lengths[:2] - 1
        assert ids[[0, 1], last].tolist() == [3, 3]
        torch.testing.assert_close(model(**batch).logits, model.classification_head(hidden[[0, 1], last]))


@pytest.mark.parametrize("kind", ["bart", "mbart"])
def test_an_encoder_decoder_reads_as_far_as_it_has_positions(run: Run, kind: str) -> None:
    checkpoint = load_checkpoint(run(kind) / "model")
    assert longest_input(checkpoint.config, 512) == 64
    tokens = encode(checkpoint, LabelledExamples(["w1 " * 100], None, None), 64)
    assert tokens.lengths.tolist() == [64]
    assert torch.isfinite(model_of(run, kind)(**collate(tokens, np.array([0]), 0)).logits).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_special_token_that_a_text_spells_out_is_text(run: Run, kind: str) -> None:
    """An encoder-decoder is to find the [SEP] at the end, as many in each row."""
    tokens = encode(load_checkpoint(run(kind) / "model"), LabelledExamples(["w1[SEP]w2", "w3"], None, None), 64)
    assert np.count_nonzero(tokens.ids == 3) == 2
    assert model_of(run, kind)(**collate(tokens, np.arange(2), 0)).logits.shape == (2, 2)


def test_a_backward_decoder_reads_from_the_end(run: Run) -> None:
    checkpoint = load_checkpoint(run("clm") / "model")
    forward, backward = (encode(replace(checkpoint, backward=b), THREE, 64) for b in (False, True))
    for i in range(3):
        ids = [list(t.ids[t.starts[i] : t.starts[i + 1]]) for t in (forward, backward)]
        assert ids[1] == [ids[0][0], *ids[0][-2:0:-1], ids[0][-1]]


def test_pairs_have_two_segments_where_the_model_is_told(run: Run) -> None:
    tokens = encode(load_checkpoint(run("mlm") / "model"), PAIRS, 64)
    batch = collate(tokens, np.arange(2), 0)
    first = batch["input_ids"][0].tolist()
    assert (first.count(3), first[0]) == (2, 2)
    assert batch["token_type_ids"][0].tolist() == [0, 0, 0, 0, 0, 0, 1, 1]
    assert batch["attention_mask"][1].tolist() == [1, 1, 1, 1, 1, 1, 0, 0]
    # GPT-2 would add the embeddings of the words 0 and 1.
    assert "token_type_ids" not in collate(encode(load_checkpoint(run("clm") / "model"), PAIRS, 64), np.arange(2), 0)


def test_long_texts_are_cut_and_counted(run: Run) -> None:
    checkpoint = load_checkpoint(run("mlm") / "model")
    tokens = encode(checkpoint, LabelledExamples(["w1 " * 20, "w1 " * 6, "nobody knows w1"], None, None), 8)
    assert tokens.lengths.tolist() == [8, 8, 5]
    assert tokens.truncated == 1
    assert tokens.unknown == pytest.approx(2 / 21)
    assert longest_input(checkpoint.config, 512) == 64
    assert longest_input(checkpoint.config, 32) == 32


def test_batches_are_pure_whole_and_of_like_length() -> None:
    lengths = np.random.default_rng(0).integers(3, 60, 4000)
    cut = batches(lengths, 32, seed=1, epoch=2)
    assert sorted(np.concatenate(cut)) == list(range(4000))
    assert 1 - lengths.sum() / sum(len(b) * lengths[b].max() for b in cut) < 0.05
    again, other = batches(lengths, 32, seed=1, epoch=2), batches(lengths, 32, seed=1, epoch=3)
    assert all(np.array_equal(a, b) for a, b in zip(cut, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(cut, other, strict=True))
    assert np.corrcoef(np.arange(len(cut)), [lengths[b].mean() for b in cut])[0, 1] < 0.3


def test_the_learning_rate_rises_then_falls_to_nearly_nothing() -> None:
    rates = [learning_rate_at(step, 100) for step in range(100)]
    assert np.argmax(rates) in (9, 10) and max(rates) == 1
    assert rates[0] == pytest.approx(0.1) and rates[-1] == pytest.approx(1 / 90)


def test_folders_that_hold_no_usable_model(run: Run, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(InputError, match="not a model with its tokenizer"):
        load_checkpoint(tmp_path)
