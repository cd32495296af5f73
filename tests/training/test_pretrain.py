"""Pretraining from the command, in this process."""

import json
import math
from pathlib import Path

import pytest
import torch
from transformers import AutoModel, AutoTokenizer, pipeline

from nlp_ssl import recipe
from nlp_ssl.cli import main
from nlp_ssl.heads.base import LossSum
from nlp_ssl.objectives import all_objectives
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.training.model import PretrainingModel, head_classes
from tests.worlds import shard, write_corpus

OBJECTIVES = all_objectives()


TINY = ["--model.size", "tiny", "--batch.max-length", "32", "--batch.tokens", "256", "--precision", "fp32"]

EIGHT_ROWS = {"mlm": 0.5, "clm": 0.6, "skip_thought": 0.6, "nsp": 0.25, "sop": 0.25, "emoji": 0.7}
EIGHT_ROWS |= {"sentence_permutation": 0.05, "document_rotation": 0.05, "text_infilling": 0.05, "gap_sentences": 0.05}
EIGHT_ROWS |= {"cbow": 0.8, "skip_gram": 0.8, "rtd": 0.5, "contrastive": 0.5}
"""The share of its first loss that an objective is left with when eight rows are all there is. A text with two emoji
is two rows with one text: which of them is meant cannot be learned."""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("worlds") / "corpus").folder


def pretrain(objective: str, corpus: Path, out: Path, *more: str) -> int:
    return main(["pretrain", objective, "--corpus", str(corpus), "--out", str(out), *TINY, *more])


def metrics(out: Path, event: str | None = None) -> list[dict]:
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return [line for line in lines if event in (None, line["event"])]


def weights(out: Path) -> bytes:
    return (out / "model" / "model.safetensors").read_bytes()


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_run_from_end_to_end(objective, corpus, tmp_path) -> None:
    out = tmp_path / "run"
    status = pretrain(objective, corpus, out, "--budget", "40-steps", "--evaluations", "2", "--save-every", "30")
    assert status == 0
    (head, *_) = head_classes(Mixture(objectives={objective: OBJECTIVES[objective]()})).values()
    kind = head.auto_class or AutoModel
    model, loading = kind.from_pretrained(out / "model", output_loading_info=True)
    assert not any(loading[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    tokenizer = AutoTokenizer.from_pretrained(out / "model")
    assert tokenizer.model_max_length == 32
    inputs = tokenizer(["w7 w8 w9"], return_tensors="pt", return_token_type_ids=False)
    assert torch.isfinite(model(**inputs)[0]).all()
    train, (evaluation,), (end,) = metrics(out, "train"), metrics(out, "evaluate"), metrics(out, "end")
    assert [line["step"] for line in train] == [10, 20, 30, 40] and evaluation["step"] == 20
    assert train[-1]["tokens_per_second"] > 0
    assert end["step"] == 40
    assert sorted(p.name for p in (out / "checkpoints").iterdir()) == ["step-00000030", "step-00000040"]
    assert f"`{objective}`" in (out / "model" / "README.md").read_text()
    again = recipe.load(str(out))
    assert again.budget == "40-steps" and again.model.size == "tiny"


def test_masked_words_can_be_filled_in(corpus, tmp_path) -> None:
    """In these texts every word is followed by the next one: 400 steps are enough to know."""
    out = tmp_path / "run"
    more = ["--budget", "400-steps", "--batch.tokens", "1024", "--optimizer.learning-rate", "3e-3"]
    assert pretrain("mlm", corpus, out, *more) == 0
    fill = pipeline("fill-mask", model=str(out / "model"))
    assert fill("w20 w21 w22 [MASK] w24 w25")[0]["token_str"] == "w23"
    (end,) = metrics(out, "end")
    assert end["validation"]["accuracy"] > 0.5


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_eight_rows_are_learned_by_heart(objective, tmp_path) -> None:
    corpus = write_corpus(tmp_path / "corpus", documents=4)
    out = tmp_path / "run"
    more = ["--budget", "600-steps", "--optimizer.warmup", "0.02", "--log-every", "20", "--evaluations", "1"]
    if objective == "emoji":
        more += ["--objective.emoji.min-count", "1"]
    assert pretrain(objective, corpus.folder, out, *more) == 0
    losses = [line["loss"] for line in metrics(out, "train")]
    # Half of what the next token is, is chance: where a sentence ends, and what the next one begins with.
    assert losses[-1] < EIGHT_ROWS[objective] * losses[0]


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_resuming_gives_the_same_weights(objective, corpus, tmp_path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    steps = ["--budget", "30-steps", "--evaluations", "3", "--model.dropout", "0.1", "--log-every", "5"]
    assert pretrain(objective, corpus, whole, *steps, "--save-every", "100") == 0
    assert pretrain(objective, corpus, parts, *steps, "--save-every", "7", "--keep-checkpoints", "9") == 0
    assert weights(parts) == weights(whole)
    # As if killed after step 21 with step 24 under way: a torn line, a half-written checkpoint, no model.
    import shutil

    for gone in ("checkpoints/step-00000028", "checkpoints/step-00000030", "model"):
        shutil.rmtree(parts / gone)
    (parts / "checkpoints" / "writing").mkdir()
    with (parts / "metrics.jsonl").open("a") as file:
        file.write('{"event": "train", "st')
    assert pretrain(objective, corpus, parts, *steps, "--save-every", "100", "--resume") == 0
    assert weights(parts) == weights(whole)

    def losses(out: Path) -> list[tuple]:
        return [(line["event"], line["step"], line.get("loss")) for line in metrics(out)]

    assert losses(parts) == losses(whole)
    assert metrics(parts, "end")[0]["tokens"] == metrics(whole, "end")[0]["tokens"]


def test_a_checkpoint_that_does_not_fit_is_refused(corpus, tmp_path, capsys) -> None:
    out = tmp_path / "run"
    assert pretrain("mlm", corpus, out, "--budget", "4-steps") == 0
    saved = out / "checkpoints" / "step-00000004" / "pytorch_model.bin"
    torch.save({f"old.{name}": weight for name, weight in torch.load(saved).items()}, saved)
    arguments = ["mlm", "--corpus", str(corpus), "--out", str(out), *TINY, "--budget", "4-steps", "--resume"]
    said = refused(capsys, "pretrain", *arguments)
    assert "step-00000004: cannot go on from it" in said and "another --out" in said and "Traceback" not in said


def test_snapshots_are_models_as_they_were(corpus, tmp_path) -> None:
    whole, short = tmp_path / "whole", tmp_path / "short"
    flat = ["--optimizer.schedule", "constant", "--optimizer.warmup", "0"]
    assert pretrain("clm", corpus, whole, "--budget", "12-steps", "--snapshots", "2", *flat) == 0
    assert pretrain("clm", corpus, short, "--budget", "6-steps", *flat) == 0
    assert sorted(path.name for path in (whole / "snapshots").iterdir()) == ["1-of-2", "1-of-4"]
    assert weights(whole / "snapshots" / "1-of-2") == weights(short) != weights(whole)
    assert [(line["name"], line["step"]) for line in metrics(whole, "snapshot")] == [("1-of-4", 3), ("1-of-2", 6)]


def test_resume_without_a_checkpoint_starts_afresh_and_after_the_end_does_nothing(corpus, tmp_path, capsys) -> None:
    out = tmp_path / "run"
    assert pretrain("mlm", corpus, out, "--budget", "4-steps", "--resume") == 0
    before = weights(out)
    assert pretrain("mlm", corpus, out, "--budget", "4-steps", "--resume") == 0
    assert "is finished: 4 steps" in capsys.readouterr().err
    assert weights(out) == before
    end = metrics(out, "end")
    text = (out / "metrics.jsonl").read_text()
    (out / "metrics.jsonl").write_text(text[: text.index('{"event": "end"')])  # killed before it was written
    assert pretrain("mlm", corpus, out, "--budget", "4-steps", "--resume") == 0
    assert metrics(out, "end") == end and weights(out) == before


@pytest.mark.parametrize(("accumulation", "objectives"), [("2", OBJECTIVES), ("4", ["mlm", "contrastive", "rtd"])])
def test_micro_batches_change_nothing(accumulation, objectives, corpus, tmp_path) -> None:
    for objective in objectives:
        one, many = tmp_path / f"{objective}-one", tmp_path / f"{objective}-many"
        steps = ["--budget", "12-steps", "--log-every", "1"]
        assert pretrain(objective, corpus, one, *steps) == 0
        assert pretrain(objective, corpus, many, *steps, "--batch.accumulation", accumulation) == 0
        losses = [[line["loss"] for line in metrics(out, "train")] for out in (one, many)]
        assert losses[0] == pytest.approx(losses[1], abs=1e-5)


def test_workers_change_nothing(corpus, tmp_path) -> None:
    for workers in ("0", "1", "4"):
        more = ["--budget", "6-steps", "--batch.workers", workers]
        assert pretrain("mlm", corpus, tmp_path / workers, *more) == 0
    assert weights(tmp_path / "0") == weights(tmp_path / "1") == weights(tmp_path / "4")


def test_seeds_differ_and_repeat(corpus, tmp_path) -> None:
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert pretrain("mlm", corpus, tmp_path / name, "--budget", "3-steps", "--seed", seed) == 0
    assert weights(tmp_path / "a") == weights(tmp_path / "b") != weights(tmp_path / "c")


@pytest.mark.parametrize(
    ("budget", "key", "amount"), [("3k-tokens", "tokens", 3000), ("1e10-flops", "flops", 1e10), ("7-steps", "step", 7)]
)
def test_budgets_are_met(budget, key, amount, corpus, tmp_path) -> None:
    assert pretrain("mlm", corpus, tmp_path / "run", "--budget", budget) == 0
    assert metrics(tmp_path / "run", "end")[0][key] == pytest.approx(amount, rel=0.1)


def test_a_budget_of_time_is_met(corpus, tmp_path) -> None:
    assert pretrain("mlm", corpus, tmp_path / "run", "--budget", "0.05-minutes") == 0
    assert 1 < metrics(tmp_path / "run", "end")[0]["seconds"] < 9  # of 3, on a machine that others use too


def test_bf16_is_close_to_fp32(corpus, tmp_path) -> None:
    steps = ["--budget", "20-steps"]
    assert pretrain("clm", corpus, tmp_path / "fp32", *steps) == 0
    assert pretrain("clm", corpus, tmp_path / "bf16", *steps, "--precision", "bf16") == 0
    ends = [metrics(tmp_path / name, "end")[0]["validation"]["loss"] for name in ("fp32", "bf16")]
    assert ends[0] == pytest.approx(ends[1], rel=0.02) and ends[0] != ends[1]
    assert "bf16" in (tmp_path / "bf16" / "recipe.toml").read_text()


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_golden_losses(objective, corpus, tmp_path) -> None:
    """A change of these figures is a change of what is trained. If it was meant, put in what the failure shows."""
    golden = json.loads((Path(__file__).parent / "golden_losses.json").read_text())
    assert (
        pretrain(objective, corpus, tmp_path / "run", "--budget", "20-steps", "--log-every", "5", "--seed", "11") == 0
    )
    losses = [line["loss"] for line in metrics(tmp_path / "run", "train")]
    assert losses == pytest.approx(golden[objective], rel=1e-4), f"{objective}: {losses}"


def test_held_out_figures(corpus, tmp_path) -> None:
    for objective in OBJECTIVES:
        assert pretrain(objective, corpus, tmp_path / objective, "--budget", "2-steps") == 0
    held_out = {o: metrics(tmp_path / o, "end")[0]["validation"] for o in OBJECTIVES}
    assert held_out["mlm"]["loss"] == pytest.approx(math.log(50), rel=0.1)
    # The corpus says 4 bytes a token; each row has one more target for [SEP] only where a document ends.
    nats, bits = held_out["clm"]["loss"], held_out["clm"]["bits_per_byte"]
    tokens = validation_tokens(corpus)
    assert bits == pytest.approx(nats * held_out["clm"]["validation_targets"] / tokens / math.log(2) / 4, rel=1e-6)
    assert 0.5 <= held_out["sop"]["majority"] < 0.75
    assert 0 < held_out["sentence_permutation"]["orders_by_chance"] < 0.5  # two or more sentences, most unlike
    assert 0 <= held_out["sentence_permutation"]["orders_recovered"] <= 1


def validation_tokens(corpus: Path) -> int:
    return json.loads((corpus / "manifest.json").read_text())["splits"]["validation"]["tokens"]


# -- what is refused -------------------------------------------------------------------------------------------------


def refused(capsys, *arguments: str) -> str:
    assert main(list(arguments)) == 2
    return capsys.readouterr().err


def test_a_folder_with_another_run_is_refused(corpus, tmp_path, capsys) -> None:
    out = tmp_path / "run"
    steps = ["--budget", "3-steps"]
    assert pretrain("mlm", corpus, out, *steps) == 0
    common = ["--corpus", str(corpus), "--out", str(out), *TINY, *steps]
    assert "holds a run: go on with it by --resume" in refused(capsys, "pretrain", "mlm", *common)
    changed = refused(capsys, "pretrain", "mlm", *common, "--resume", "--seed", "5", "--model.dropout", "0.2")
    assert "run of another recipe: seed is 5, before 0" in changed and "model.dropout is 0.2, before 0.0" in changed
    assert "objective" in refused(capsys, "pretrain", "clm", *common, "--resume")
    other = write_corpus(tmp_path / "other", seed=1).folder
    common[1] = str(other)
    assert "was begun on another corpus" in refused(capsys, "pretrain", "mlm", *common, "--resume")
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("do not lose me")
    common[3] = str(foreign)
    assert "holds something that is not a run" in refused(capsys, "pretrain", "mlm", *common)
    assert [p.name for p in foreign.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["pretrain"], "which recipe? nlp-ssl pretrain RECIPE"),
        (["pretrain", "mml", "--corpus", "x", "--out", "y"], "no recipe 'mml': did you mean 'mlm'?"),
        (["pretrain", "mlm", "--corpus", "nowhere", "--out", "y"], "nowhere: no prepared corpus here"),
    ],
)
def test_wrong_arguments(arguments, message, capsys, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert message in refused(capsys, *arguments)
    assert not list(tmp_path.iterdir())


def test_a_mistyped_flag_gets_a_suggestion(corpus, tmp_path, capsys) -> None:
    with pytest.raises(SystemExit) as caught:
        pretrain("mlm", corpus, tmp_path / "run", "--bugdet", "3-steps")
    assert caught.value.code == 2
    said = capsys.readouterr()
    assert "--budget" in said.out + said.err
    assert not (tmp_path / "run").exists()


def test_a_corpus_that_cannot_serve_is_refused(tmp_path, capsys) -> None:
    from nlp_ssl.corpus.store import write_shard

    folder = write_corpus(tmp_path / "corpus").folder
    single = shard([[[10, 11, 12]]] * 40)  # documents of one sentence
    write_shard(folder / "train" / "00000.arrow", single.tokens, single.sentence_offsets, single.document_offsets)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["splits"]["train"]["tokens"] = 120
    (folder / "manifest.json").write_text(json.dumps(manifest))
    out = tmp_path / "run"
    for objective in ("sop", "gap_sentences"):
        said = refused(capsys, "pretrain", objective, "--corpus", str(folder), "--out", str(out), *TINY)
        sentence = f"cannot serve {objective}: none of the 40 runs of sentences in its train split has two sentences"
        assert sentence in said
    assert not out.exists()


def test_a_batch_without_a_row_for_each_part_is_refused(corpus, tmp_path, capsys) -> None:
    more = ["--batch.accumulation", "16", "--budget", "2-steps"]
    common = ["--corpus", str(corpus), "--out", str(tmp_path / "run"), *TINY]
    assert "batch.tokens is 256" in refused(capsys, "pretrain", "mlm", *common, *more)
    assert not (tmp_path / "run").exists()


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
    assert "step 5: the loss of mlm is inf" in said
    saved = torch.load(out / "checkpoints" / "step-00000004" / "pytorch_model.bin", weights_only=True)
    assert before
    for name, value in before.items():
        assert torch.equal(value, saved[name]), name
    assert not (out / "model").exists()


def test_a_full_disk_is_one_sentence_and_leaves_the_last_checkpoint(corpus, tmp_path, capsys, monkeypatch) -> None:
    import shutil
    from types import SimpleNamespace

    from accelerate import Accelerator

    out = tmp_path / "run"
    save_state, calls = Accelerator.save_state, []

    def fails_the_second_time(self, folder, **options):
        calls.append(1)
        save_state(self, folder, **options)
        if len(calls) == 2:
            raise RuntimeError("unexpected pos 8524544 vs 8524432")  # PyTorch's words for it

    monkeypatch.setattr(Accelerator, "save_state", fails_the_second_time)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    arguments = ["pretrain", "mlm", "--corpus", str(corpus), "--out", str(out), *TINY, "--budget", "9-steps"]
    said = refused(capsys, *arguments, "--save-every", "3")
    assert "the disk is full; make some room and go on with --resume" in said and "Traceback" not in said
    assert [folder.name for folder in (out / "checkpoints").iterdir()] == ["step-00000003"]


@pytest.mark.parametrize(("tracker", "message"), [("tensorbord", "Choose between"), ("mlflow", "pip install mlflow")])
def test_a_tracker_that_is_not_there_is_refused(tracker, message, corpus, tmp_path, capsys) -> None:
    common = ["--corpus", str(corpus), "--out", str(tmp_path / "run"), *TINY, "--budget", "2-steps"]
    assert message in refused(capsys, "pretrain", "mlm", *common, "--log-with", tracker)
    assert not (tmp_path / "run").exists()
