"""Validation metrics."""

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from nlp_ssl.corpus.store import Corpus, fingerprint_of
from nlp_ssl.objectives.base import Objective
from nlp_ssl.objectives.clm import CausalLM
from nlp_ssl.objectives.emoji import EmojiPrediction
from nlp_ssl.objectives.mixture import Mixing, Mixture
from nlp_ssl.objectives.mlm import MaskedLM
from nlp_ssl.objectives.nsp import NextSentencePrediction
from nlp_ssl.objectives.rtd import ReplacedTokenDetection
from nlp_ssl.training.validation import by_loss
from tests.training.runs import metrics, pretrain


def test_metrics_by_objective(corpus, tmp_path) -> None:
    found = {}
    for objective in ("mlm", "clm", "sop", "random_label", "sentence_permutation"):
        assert pretrain(objective, corpus, tmp_path / objective, "--budget", "2-steps") == 0
        found[objective] = metrics(tmp_path / objective, "end")[0]["validation"]
    assert found["mlm"]["loss"] == pytest.approx(math.log(50), rel=0.1)
    # The corpus says 4 bytes a token; each row has one more target for [SEP] only where a document ends.
    nats, bits = found["clm"]["loss"], found["clm"]["bits_per_byte"]
    tokens = validation_tokens(corpus)
    assert bits == pytest.approx(nats * found["clm"]["validation_targets"] / tokens / math.log(2) / 4, rel=1e-6)
    assert 0.5 <= found["sop"]["majority"] < 0.75
    assert 0 < found["random_label"]["majority"] < 0.3 and "unigram_loss" not in found["random_label"]
    assert 0 < found["sentence_permutation"]["orders_by_chance"] < 0.5  # two or more sentences, most unlike
    assert 0 <= found["sentence_permutation"]["orders_recovered"] <= 1


def test_the_loss_of_unknown_targets_is_charged_their_bytes(corpus: Path, tmp_path: Path) -> None:
    """The same corpus, whose manifest says what an unknown token stands for: w0 is made the unknown token."""
    shutil.copytree(corpus, tmp_path / "corpus")
    file = tmp_path / "corpus" / "manifest.json"
    manifest = json.loads(file.read_text())
    tokens = np.concatenate([shard.tokens for shard in Corpus.open(corpus).shards("validation")])
    word = int(tokens[0])
    unknown = int((tokens == word).sum())
    manifest["special_ids"]["unk"] = word
    manifest["splits"]["validation"] |= {"unknown": unknown, "unknown_bytes": 2 * unknown}
    manifest["fingerprint"] = fingerprint_of(tmp_path / "corpus", manifest["special_ids"])
    file.write_text(json.dumps(manifest))
    found = {}
    for name, folder in (("before", corpus), ("charged", tmp_path / "corpus")):
        assert pretrain("clm", folder, tmp_path / name, "--budget", "2-steps") == 0
        found[name] = metrics(tmp_path / name, "end")[0]["validation"]
    more = found["charged"]["bits_per_byte"] - found["before"]["bits_per_byte"]
    assert more == pytest.approx(8 * 2 * unknown / (4 * len(tokens)), rel=1e-6)
    assert found["charged"]["loss"] == found["before"]["loss"]


def test_bits_per_byte_are_those_of_the_causal_examples(corpus: Path, tmp_path: Path) -> None:
    """Each causal example has a target more than its text has tokens, if it ends its document; 4 bytes are a token."""
    assert pretrain("hybrid", corpus, tmp_path / "run", "--budget", "2-steps") == 0
    (end,) = metrics(tmp_path / "run", "end")
    found = end["validation"]
    assert found["loss"] == pytest.approx((found["mntp loss"] + found["clm loss"]) / 2)
    assert "mntp accuracy" in found and "mntp bits_per_byte" not in found
    tokens = found["clm loss"] * found["clm validation_targets"] / math.log(2) / 4 / found["clm bits_per_byte"]
    assert tokens == pytest.approx(round(tokens), abs=1e-6)
    ends = found["clm validation_targets"] - round(tokens)
    assert 0 < ends <= 8 and 0.2 < tokens / validation_tokens(corpus) < 0.8  # the corpus has 8 documents


def validation_tokens(corpus: Path) -> int:
    return json.loads((corpus / "manifest.json").read_text())["splits"]["validation"]["tokens"]


def test_references_stand_beside_the_losses_that_they_are_for(corpus, tmp_path) -> None:
    """Each sentence counts upwards, so trigrams know most tokens. Two steps of training teach little."""
    found = {}
    for objective in ("mlm", "clm", "text_infilling", "skip_gram", "sop", "contrastive"):
        assert pretrain(objective, corpus, tmp_path / objective, "--budget", "2-steps") == 0
        found[objective] = metrics(tmp_path / objective, "end")[0]["validation"]
    backward = ("--objective.clm.direction", "backward", "--budget", "2-steps")
    assert pretrain("clm", corpus, tmp_path / "backward", *backward) == 0
    found["backward"] = metrics(tmp_path / "backward", "end")[0]["validation"]
    names = ("uniform_loss", "unigram_loss", "trigram_loss", "unigram_bits_per_byte", "trigram_bits_per_byte")
    assert {o: [name in found[o] for name in names] for o in found} == {
        "mlm": [True, True, False, False, False],
        "clm": [True] * 5,
        "backward": [True] * 5,
        "text_infilling": [True, True, True, False, False],
        "skip_gram": [False, True, False, False, False],
        "sop": [False] * 5,
        "contrastive": [False] * 5,
    }
    assert found["mlm"]["uniform_loss"] == pytest.approx(3.912023)  # ln(50)
    assert found["clm"]["trigram_loss"] < 1.5 < 3.5 < found["clm"]["unigram_loss"] < 3.95
    assert found["backward"]["trigram_loss"] == pytest.approx(found["clm"]["trigram_loss"], rel=0.02)
    ratio = found["clm"]["bits_per_byte"] / found["clm"]["loss"]
    assert found["clm"]["trigram_bits_per_byte"] == pytest.approx(ratio * found["clm"]["trigram_loss"])
    assert [found[o]["learned"] for o in ("mlm", "skip_gram", "sop")] == [0.0] * 3
    assert "learned" not in found["contrastive"]  # chance is no reference: an untrained network is above it


MIXED: dict[Mixing, dict[str, Objective]] = {
    "together": {"mlm": MaskedLM(), "nsp": NextSentencePrediction(weight=2.0)},
    "alternating": {"mlm": MaskedLM(weight=3.0), "emoji": EmojiPrediction()},
    "sequence": {"clm": CausalLM(), "rtd": ReplacedTokenDetection()},
}


@pytest.mark.parametrize(
    ("mixing", "losses", "done", "expected"),
    [
        ("together", {"mlm": 4.0, "nsp": 0.5}, 1.0, {"loss": 5.0}),
        ("together", {"nsp": 0.5}, 1.0, {"loss": 1.5}),
        ("together", {}, 1.0, {}),
        ("alternating", {"mlm": 4.0, "emoji": 2.0}, 1.0, {"loss": 3.5}),
        ("alternating", {"mlm": 4.0}, 1.0, {"loss": 4.0}),
        ("sequence", {"clm": 3.0, "generator": 6.0, "detection": 0.5}, 0.4, {"loss": 3.0}),
        ("sequence", {"clm": 3.0, "generator": 6.0, "detection": 0.5}, 1.0, {"loss": 31.0, "rtd loss": 31.0}),
        ("sequence", {"clm": 3.0}, 1.0, {}),
    ],
)
def test_the_loss_of_a_mixture_is_that_of_the_losses_with_targets(mixing, losses, done, expected) -> None:
    """Where one has none, the others count for all. In a sequence it is the loss of the phase: of `rtd`, two losses."""
    mixture = Mixture(objectives=MIXED[mixing], mixing=mixing)
    found = by_loss({name: {"loss": losses[name]} if name in losses else {} for name in mixture.losses}, mixture, done)
    assert found == expected | {f"{name} loss": value for name, value in losses.items()}


def test_a_run_that_has_learned_says_so(corpus, tmp_path, capsys) -> None:
    more = ("--budget", "150-steps", "--batch.tokens", "512", "--optimizer.learning-rate", "3e-3")
    assert pretrain("clm", corpus, tmp_path / "run", *more) == 0
    (end,) = metrics(tmp_path / "run", "end")
    assert end["validation"]["loss"] < 3 and end["validation"]["learned"] == 1
    assert "clm has learned more than token frequencies: loss " in capsys.readouterr().err
    assert "| validation learned | yes |" in (tmp_path / "run" / "model" / "README.md").read_text()
