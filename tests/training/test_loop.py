"""Steps: their dependencies, and resuming after an interruption."""

import json
import os
import re
import shutil
import signal
from pathlib import Path

import pytest
import torch

from nlp_ssl.cli import main
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.heads.base import LossSum
from nlp_ssl.heads.negative_sampling import NegativeSampling
from nlp_ssl.training.collate import collate_group
from nlp_ssl.training.loop import Trainer
from nlp_ssl.training.model import PretrainingModel
from nlp_ssl.training.pretrain import read_options, usable_examples
from nlp_ssl.training.run import make_trainer
from tests.host_reads import HostReads
from tests.training.runs import EACH, RUNS, TINY, arguments_of, metrics, pretrain, refused, weights
from tests.worlds import write_corpus

EIGHT_ROWS = {"mlm": 0.5, "clm": 0.6, "skip_thought": 0.6, "nsp": 0.25, "sop": 0.25, "emoji": 0.7}
EIGHT_ROWS |= {"sentence_permutation": 0.05, "document_rotation": 0.05, "text_infilling": 0.05, "gap_sentences": 0.05}
EIGHT_ROWS |= {"span_corruption": 0.5, "prefix_lm": 0.5, "ul2": 0.5, "span_corruption:t5": 0.5}
EIGHT_ROWS |= {"cbow": 0.8, "skip_gram": 0.8, "rtd": 0.5, "contrastive": 0.5}
EIGHT_ROWS |= {"sentence_jigsaw": 0.5, "relative_position": 0.5, "rotation_detection": 0.5}
EIGHT_ROWS |= {"first_character": 0.2, "token_type": 0.2, "random_label": 0.5}
EIGHT_ROWS |= {"tsdae": 0.5, "mae": 0.5, "retromae": 0.5, "cpc": 0.5, "token_detection": 0.5}
EIGHT_ROWS |= {"instance_discrimination": 0.05, "hybrid": 0.6}
EIGHT_ROWS |= {"contrastive:queue": 0.5, "contrastive:byol": 0.05, "contrastive:simsiam": 10}  # from -0.05 to -1
EIGHT_ROWS |= {"contrastive:barlow_twins": 0.5, "contrastive:vicreg": 0.9}  # eight rows cannot fill 128 dimensions
"""The share of its first loss that an objective is left with when eight rows are all there is. A text with two emoji
is two rows with one text: which of them is meant cannot be learned."""
LEARNED = [
    pytest.param(
        name, marks=() if name in ("mlm", "clm", "sop", "rtd", "skip_gram", "contrastive") else pytest.mark.slow
    )
    for name in RUNS
]


@pytest.mark.parametrize("objective", LEARNED)
def test_eight_rows_are_learned_by_heart(objective, tmp_path) -> None:
    corpus = write_corpus(tmp_path / "corpus", documents=20 if objective == "cpc" else 4)
    out = tmp_path / "run"
    more = ["--budget", "600-steps", "--optimizer.warmup", "0.02", "--log-every", "20", "--evaluations", "1"]
    if objective == "emoji":
        more += ["--objective.emoji.min-count", "1"]
    if objective == "contrastive:queue":
        more += ["--objective.contrastive.queue", "8"]  # while a long one fills with keys, the loss rises
    assert pretrain(objective, corpus.folder, out, *more) == 0
    losses = [line["loss"] for line in metrics(out, "train")]
    # Half of what the next token is, is chance: where a sentence ends, and what the next one begins with.
    assert losses[-1] < EIGHT_ROWS[objective] * losses[0]


DISENTANGLED = pytest.param("rtd", ["--objective.rtd.embeddings", "disentangled"], id="rtd-disentangled")
FALLING = ["--objective.mlm.mlm-probability", "0.6", "--objective.mlm.final-probability", "0.1"]
MUON = pytest.param("clm", ["--optimizer.method", "muon", "--optimizer.embedding-rate", "3"], id="clm-muon")
SCHEDULE = pytest.param("mlm", [*FALLING, "--batch.workers", "1"], id="mlm-schedule")


@pytest.mark.parametrize(
    ("objective", "options"),
    [*(pytest.param(*run.values, [], id=run.id, marks=run.marks) for run in EACH), DISENTANGLED, SCHEDULE, MUON],
)
def test_resuming_gives_the_same_weights(objective, options, corpus, tmp_path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    steps = ["--budget", "30-steps", "--evaluations", "3", "--model.dropout", "0.1", "--log-every", "5", *options]
    assert pretrain(objective, corpus, whole, *steps, "--save-every", "100") == 0
    assert pretrain(objective, corpus, parts, *steps, "--save-every", "7", "--keep-checkpoints", "9") == 0
    assert weights(parts) == weights(whole)
    # As if killed after step 21 with step 24 under way: a torn line, a half-written checkpoint, no model.
    for gone in ("checkpoints/step-00000028", "checkpoints/step-00000030", "model"):
        shutil.rmtree(parts / gone)
    (parts / "checkpoints" / "writing").mkdir()
    with (parts / "metrics.jsonl").open("a") as file:
        file.write('{"event": "train", "st')
    assert pretrain(objective, corpus, parts, *steps, "--save-every", "100", into="--resume") == 0
    assert weights(parts) == weights(whole)

    def losses(out: Path) -> list[tuple]:
        return [(line["event"], line["step"], line.get("loss")) for line in metrics(out)]

    assert losses(parts) == losses(whole)
    assert metrics(parts, "end")[0]["tokens"] == metrics(whole, "end")[0]["tokens"]


IN_FOUR = ["mlm", "rtd", "contrastive"]
IN_TWO = ["clm", "skip_gram", "span_corruption", "contrastive:byol", "instance_discrimination"]
DIVIDED = [("2", name) for name in IN_TWO]
DIVIDED += [("4", name) for name in IN_FOUR]
DIVIDED += [pytest.param("4", name, marks=pytest.mark.slow) for name in RUNS if name not in IN_FOUR]


@pytest.mark.parametrize(("accumulation", "objective"), DIVIDED)
def test_micro_batches_change_nothing(accumulation, objective, corpus, tmp_path) -> None:
    steps = ["--budget", "12-steps", "--log-every", "1"]
    assert pretrain(objective, corpus, tmp_path / "one", *steps) == 0
    assert pretrain(objective, corpus, tmp_path / "many", *steps, "--batch.accumulation", accumulation) == 0
    one, many = ([line["loss"] for line in metrics(tmp_path / name, "train")] for name in ("one", "many"))
    assert one == pytest.approx(many, abs=1e-5, rel=3e-6)


def test_the_masking_rate_falls_over_the_run(corpus, tmp_path) -> None:
    more = ["--budget", "300-steps", "--log-every", "100", "--evaluations", "1"]
    assert pretrain("mlm", corpus, tmp_path / "falling", *more, *FALLING) == 0
    first, second, third = metrics(tmp_path / "falling", "train")
    assert first["targets"] / first["tokens"] == pytest.approx(0.6 - 0.5 / 6, abs=0.02)
    last = (third["targets"] - second["targets"]) / (third["tokens"] - second["tokens"])
    assert last == pytest.approx(0.1 + 0.5 / 6, abs=0.02)
    # Validation does not depend on the step: it has the rate of the end.
    more[1] = "2-steps"
    assert pretrain("mlm", corpus, tmp_path / "low", *more, "--objective.mlm.mlm-probability", "0.1") == 0
    falling, low = (metrics(tmp_path / name, "end")[0]["validation"] for name in ("falling", "low"))
    assert falling["validation_targets"] == low["validation_targets"]


def test_workers_change_nothing(corpus, tmp_path) -> None:
    for workers in ("0", "1", "4"):
        more = ["--budget", "6-steps", "--batch.workers", workers]
        assert pretrain("mlm", corpus, tmp_path / workers, *more) == 0
    assert weights(tmp_path / "0") == weights(tmp_path / "1") == weights(tmp_path / "4")


def test_seeds_differ_and_repeat(corpus, tmp_path) -> None:
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert pretrain("mlm", corpus, tmp_path / name, "--budget", "3-steps", "--seed", seed) == 0
    assert weights(tmp_path / "a") == weights(tmp_path / "b") != weights(tmp_path / "c")


def test_one_objective_after_the_other(corpus, tmp_path, capsys) -> None:
    """clm-then-mlm: what is not trained has no loss, resuming finds its place, and the model is an encoder.

    "loss" is that of the phase, which each line names.
    """
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    steps = ["--budget", "12-steps", "--log-every", "1", "--evaluations", "2"]
    assert pretrain("clm-then-mlm", corpus, whole, *steps, "--save-every", "100") == 0
    assert pretrain("clm-then-mlm", corpus, parts, *steps, "--save-every", "5", "--keep-checkpoints", "9") == 0
    for gone in ("checkpoints/step-00000010", "checkpoints/step-00000012", "model"):
        shutil.rmtree(parts / gone)
    assert pretrain("clm-then-mlm", corpus, parts, *steps, into="--resume") == 0
    assert weights(parts) == weights(whole)
    assert json.loads((whole / "model" / "config.json").read_text())["architectures"] == ["ModernBertForMaskedLM"]
    trained = [[name for name in ("clm", "mlm") if f"{name} loss" in line] for line in metrics(whole, "train")]
    assert trained == [["clm"]] * 6 + [["mlm"]] * 6
    (middle,), (end,) = metrics(whole, "evaluate"), metrics(whole, "end")
    for line in (*metrics(whole, "train"), middle, end | end["validation"]):
        assert line["loss"] == line[f"{line['phase']} loss"] > 0
    assert (middle["step"], middle["phase"], end["phase"]) == (6, "clm", "mlm")
    assert middle["mlm loss"] > 0 and end["validation"]["clm loss"] > 0
    said = capsys.readouterr().err
    assert re.search(r"step 6 \(clm\): validation clm loss \d\.\d{4}  clm accuracy .* mlm loss", said)
    table = (whole / "model" / "README.md").read_text()
    assert "followed each other" in table and "| validation clm loss |" in table and "| validation loss |" not in table


@pytest.mark.parametrize("objective", ["clm", "span_corruption:t5"])
def test_bf16_is_close_to_fp32(objective, corpus, tmp_path) -> None:
    steps = ["--budget", "20-steps"]
    assert pretrain(objective, corpus, tmp_path / "fp32", *steps) == 0
    assert pretrain(objective, corpus, tmp_path / "bf16", *steps, "--precision", "bf16") == 0
    ends = [metrics(tmp_path / name, "end")[0]["validation"]["loss"] for name in ("fp32", "bf16")]
    assert ends[0] == pytest.approx(ends[1], rel=0.02) and ends[0] != ends[1]
    assert "bf16" in (tmp_path / "bf16" / "recipe.toml").read_text()


@pytest.mark.parametrize("objective", RUNS)
def test_golden_losses(objective, corpus, tmp_path) -> None:
    """Other losses mean that training has changed. If this was intended, copy the values from the failure."""
    golden = json.loads((Path(__file__).parent / "golden_losses.json").read_text())
    assert (
        pretrain(objective, corpus, tmp_path / "run", "--budget", "20-steps", "--log-every", "5", "--seed", "11") == 0
    )
    losses = [line["loss"] for line in metrics(tmp_path / "run", "train")]
    assert losses == pytest.approx(golden.get(objective), rel=1e-4), f"{objective}: {losses}"


def test_a_loss_that_is_not_finite_stops_before_the_weights_are_touched(corpus, tmp_path, capsys, monkeypatch) -> None:
    """At the fifth step the loss is made infinite: after it the weights are still those of the fourth."""
    forward, calls, before = PretrainingModel.forward, [], {}

    def spoiled(self, *args, **kwargs):
        if self.training and torch.is_grad_enabled():
            calls.append(step := len(calls) + 1)
            if step == 6:
                before.update({name: value.clone() for name, value in self.state_dict().items()})
        found = forward(self, *args, **kwargs)
        if len(calls) != 5:
            return found
        return {name: LossSum(loss.sum * float("inf")) for name, loss in found.items()}

    monkeypatch.setattr(PretrainingModel, "forward", spoiled)
    out = tmp_path / "run"
    arguments = ["pretrain", "mlm", "--corpus", str(corpus), "--out", str(out), *TINY, "--budget", "9-steps"]
    said = refused(capsys, *arguments, "--save-every", "4", "--log-every", "100", "--evaluations", "1")
    assert "step 5: the mlm loss is inf" in said
    saved = torch.load(out / "checkpoints" / "step-00000004" / "pytorch_model.bin", weights_only=True)
    assert before
    for name, value in before.items():
        assert torch.equal(value, saved[name]), name
    assert not (out / "model").exists()


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(4, id="takes a snapshot"),
        pytest.param(7, id="evaluates"),
        pytest.param(9, id="logs"),
        pytest.param(10, id="does nothing else"),
    ],
)
def test_a_signal_in_any_step_saves_that_step_or_the_next(step, corpus, tmp_path, capsys, monkeypatch) -> None:
    steps = ["--budget", "16-steps", "--evaluations", "2", "--log-every", "5", "--snapshots", "1", "--save-every", "99"]
    assert pretrain("mlm", corpus, tmp_path / "whole", *steps) == 0
    update = Trainer.update

    def update_and_signal(self, number, rate, group):
        if number == step:
            os.kill(os.getpid(), signal.SIGTERM)
        return update(self, number, rate, group)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "update", update_and_signal)
        assert pretrain("mlm", corpus, tmp_path / "run", *steps) == 128 + signal.SIGTERM
    (saved,) = (tmp_path / "run" / "checkpoints").iterdir()
    done = int(saved.name.removeprefix("step-"))
    assert done in (step + 1, step + 2)
    assert f"stopped and saved at step {done} of 16" in capsys.readouterr().err
    assert main(["pretrain", "--resume", str(tmp_path / "run")]) == 0
    assert weights(tmp_path / "run") == weights(tmp_path / "whole")


@pytest.mark.parametrize("step", [3, 4])
def test_weights_that_blow_up_are_not_saved(step, corpus, tmp_path, capsys, monkeypatch) -> None:
    """Of four steps, the last update leaves weights that are not finite; or the one before it does."""
    update = Trainer.update

    def update_and_blow_up(self, number, rate, group):
        figures = update(self, number, rate, group)
        if number == step - 1:
            with torch.no_grad():
                next(iter(self.model.parameters())).fill_(torch.inf)
        return figures

    monkeypatch.setattr(Trainer, "update", update_and_blow_up)
    arguments = ["mlm", "--corpus", str(corpus), "--out", str(tmp_path / "run"), *TINY, "--budget", "4-steps"]
    said = refused(capsys, "pretrain", *arguments)
    assert "lower --optimizer.learning-rate" in said and "Traceback" not in said
    assert not (tmp_path / "run" / "model").exists()


@pytest.mark.parametrize("objective", [*EACH, "bart"])
def test_nothing_is_read_from_the_device_within_a_step(objective, corpus, tmp_path) -> None:
    words = [*arguments_of(objective), "--corpus", str(corpus), "--out", str(tmp_path / "run"), *TINY]
    options = read_options([*words, "--batch.accumulation", "2"])
    opened = Corpus.open(corpus)
    vocabulary = Vocabulary.of(opened)
    trainer = make_trainer(options, vocabulary, *usable_examples(opened, vocabulary, "train", options))
    for head in trainer.step.bare.heads.values():
        if isinstance(head, NegativeSampling):
            head.compiled = False  # compiled loops run on a CPU alone
    group = collate_group(trainer.batches[0], trainer.mixture, vocabulary)
    with HostReads() as reads:
        figures = trainer.update(0, 1e-3, group)
    assert reads.found == [] and torch.isfinite(figures).all()
