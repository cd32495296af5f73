"""Runs that start from a model of transformers or of an earlier run."""

import shutil
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BartConfig,
    BartForConditionalGeneration,
    BertConfig,
    BertForMaskedLM,
    BertForPreTraining,
    BertForSequenceClassification,
    GPT2Config,
    GPT2LMHeadModel,
    ModernBertConfig,
    ModernBertForMaskedLM,
    PreTrainedTokenizerFast,
)

from nlp_ssl import recipe_files
from nlp_ssl.cli import main
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.models.hybrid import as_decoder
from nlp_ssl.models.initial import load_initial
from nlp_ssl.sampling.batches import Batches
from nlp_ssl.sampling.targets import NO_LABEL
from nlp_ssl.training.collate import collate
from nlp_ssl.training.pretrain import usable_examples
from tests.training.runs import metrics, weights
from tests.worlds import write_corpus

SHAPE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
BERT = BertConfig(vocab_size=64, max_position_embeddings=40, **SHAPE)  # more embeddings than the 50 tokens
GPT2 = GPT2Config(vocab_size=50, n_embd=32, n_layer=2, n_head=2, n_positions=40)
SIDES = {f"{side}_{name}": n for side in ("encoder", "decoder") for name, n in (("layers", 1), ("attention_heads", 2))}
SIDES |= {"encoder_ffn_dim": 64, "decoder_ffn_dim": 64}
BART = BartConfig(vocab_size=50, d_model=32, max_position_embeddings=40, pad_token_id=0, **SIDES)
MODELS = {
    "mlm": lambda: BertForMaskedLM(BERT),
    "nsp": lambda: BertForPreTraining(BERT),
    "clm": lambda: GPT2LMHeadModel(GPT2),
    "bart": lambda: BartForConditionalGeneration(BART),
    "modern-mlm": lambda: ModernBertForMaskedLM(MODERN),
    "modern-clm": lambda: as_decoder(ModernBertForMaskedLM(MODERN)),
}
MODERN = ModernBertConfig(vocab_size=50, max_position_embeddings=40, local_attention=8, pad_token_id=0, **SHAPE)
RUN = ["--batch.max-length", "32", "--batch.tokens", "256", "--precision", "fp32", "--log-every", "1"]
RUN += ["--evaluations", "1", "--evaluation-tokens", "200"]
PLAIN = ["--optimizer.schedule", "constant", "--optimizer.warmup", "0", "--optimizer.weight-decay", "0"]
PLAIN += ["--optimizer.max-grad-norm", "1e9"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return write_corpus(tmp_path_factory.mktemp("worlds") / "corpus")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory, corpus: Corpus) -> Path:
    """A folder with a model of transformers for each of `MODELS`, with random weights and the corpus's tokenizer."""
    folder = tmp_path_factory.mktemp("models")
    for name, make in MODELS.items():
        torch.manual_seed(1)
        make().save_pretrained(folder / name)
        AutoTokenizer.from_pretrained(corpus.tokenizer_folder).save_pretrained(folder / name)
    return folder


def pretrain(recipe: str, corpus: Corpus, init: Path, out: Path, *more: str) -> int:
    place = [] if "--resume" in more else ["--out", str(out)]
    words = ["pretrain", recipe, "--corpus", str(corpus.folder), "--init", str(init), *place]
    return main([*words, *RUN, "--budget", "4-steps", *more])


def refused(capsys, *arguments: object) -> str:
    """What a run that must not begin says."""
    out = arguments[3]
    assert pretrain(*arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert not out.exists() and len(line) < 300
    return line


@pytest.mark.parametrize(
    ("recipe", "name", "same"),
    [
        ("mlm", "mlm", "mlm"),
        ("clm", "clm", "clm"),
        ("bart", "bart", "bart"),
        ("mlm", "modern-clm", "modern-mlm"),
        ("clm", "modern-mlm", "modern-clm"),
    ],
)
def test_the_losses_are_those_of_a_loop_around_the_model_of_transformers(
    recipe, name, same, corpus, models, tmp_path
) -> None:
    """`same` has the same weights, as a model of the recipe's kind."""
    assert pretrain(recipe, corpus, models / name, tmp_path / "run", *PLAIN) == 0
    ours = [line["loss"] for line in metrics(tmp_path / "run", "train")]
    options, vocabulary = recipe_files.load(str(tmp_path / "run")), Vocabulary.of(corpus)
    text, examples = usable_examples(corpus, vocabulary, "train", options)
    batches = Batches(text, examples, vocabulary, options.mixture, seed=0, tokens=256).in_run(4)
    model = type(MODELS[same]()).from_pretrained(models / same).eval()  # no dropout
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.98), eps=1e-6, weight_decay=0)
    theirs = []
    for step in range(4):
        (batch,) = batches[step]
        inputs = collate(batch, options.mixture, vocabulary)
        read, ((targets),) = inputs["views"]["main"], inputs["targets"].values()
        labels = torch.full_like(read.get("decoder_input_ids", read["input_ids"]), NO_LABEL)
        real = targets["labels"] != NO_LABEL
        labels.view(-1)[targets["positions"][real]] = targets["labels"][real]
        if recipe == "clm":  # this model shifts its labels itself
            labels = labels.roll(1, 1)
        loss = model(**read, labels=labels).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        theirs.append(loss.item())
    assert ours == pytest.approx(theirs, abs=1e-5)


def started(run: Path) -> str:
    """What a run's model card says about its start."""
    (line,) = [line for line in (run / "model" / "README.md").read_text().splitlines() if "| started from" in line]
    return line


@pytest.mark.slow
def test_what_was_taken_is_said(corpus, models, tmp_path, capsys) -> None:
    assert pretrain("bert", corpus, models / "nsp", tmp_path / "bert") == 0
    said = "taken: body, masked_lm head; new: classifier; left: cls.seq_relationship"
    assert f"started from {models / 'nsp'}; {said}\n" in capsys.readouterr().err
    assert said in started(tmp_path / "bert")
    card = (tmp_path / "bert" / "model" / "README.md").read_text()
    assert "# mlm+nsp, continued from nsp\n" in card and "from scratch" not in card
    assert pretrain("nsp", corpus, tmp_path / "bert", tmp_path / "nsp") == 0  # its own head, which lies in a folder
    assert "taken: body, nsp head (" in started(tmp_path / "nsp")
    assert pretrain("rtd", corpus, models / "mlm", tmp_path / "rtd") == 0
    assert "taken: body; new: classifier, layers of replaced_token_detection; left: cls.predictions (" in started(
        tmp_path / "rtd"
    )


@pytest.mark.slow
def test_the_default_bodies_of_mlm_and_clm_start_from_each_other(corpus, models, tmp_path) -> None:
    few = ["--budget", "1-steps", "--optimizer.learning-rate", "1e-30"]
    assert pretrain("clm", corpus, models / "modern-mlm", tmp_path / "clm", *few) == 0
    assert "modern-mlm, as a modernbert-decoder | taken: body, causal_lm head (" in started(tmp_path / "clm")
    assert pretrain("mlm", corpus, tmp_path / "clm", tmp_path / "mlm", *few) == 0
    assert "clm, as a modernbert | taken: body, masked_lm head (" in started(tmp_path / "mlm")
    folders = models / "modern-mlm", tmp_path / "mlm" / "model"
    before, after = map(ModernBertForMaskedLM.from_pretrained, folders)
    assert after.config.local_attention == before.config.local_attention == 8
    for name, weight in before.state_dict().items():
        torch.testing.assert_close(after.state_dict()[name], weight, rtol=0, atol=1e-20)
    assert pretrain("nsp", corpus, tmp_path / "clm", tmp_path / "nsp", *few) == 0
    assert "| taken: body; new: classifier; left: decoder (" in started(tmp_path / "nsp")


def test_a_classifier_of_other_classes_is_new(tmp_path: Path) -> None:
    torch.manual_seed(1)
    BertForSequenceClassification(BertConfig(**SHAPE, id2label={0: "next", 1: "random"})).save_pretrained(tmp_path)
    stored = BertForSequenceClassification.from_pretrained(tmp_path).classifier.weight
    for labels, missing in (({0: "next", 1: "random"}, set()), ({0: "in order", 1: "swapped"}, {"weight", "bias"})):
        config = BertConfig(**SHAPE, id2label=labels)
        model, loaded = load_initial(tmp_path, "nsp", AutoModelForSequenceClassification, config)
        assert loaded.missing == {f"classifier.{name}" for name in missing}
        assert torch.equal(model.classifier.weight, stored) == (not missing)
        assert model.config.id2label == labels


@pytest.mark.slow
def test_a_bidirectional_model_becomes_a_decoder(corpus, models, tmp_path) -> None:
    assert pretrain("clm", corpus, models / "mlm", tmp_path / "run") == 0
    assert "taken: body, causal_lm head (" in started(tmp_path / "run")
    assert BertConfig.from_pretrained(tmp_path / "run" / "model").is_decoder
    assert pretrain("mlm", corpus, tmp_path / "run", tmp_path / "back") == 0
    assert not BertConfig.from_pretrained(tmp_path / "back" / "model").is_decoder


@pytest.mark.slow
def test_a_finished_run_is_lengthened(corpus, tmp_path) -> None:
    shape = ["--model.size", "tiny", "--batch.max-length", "32", "--batch.tokens", "256", "--precision", "fp32"]
    first = ["pretrain", "clm", "--corpus", str(corpus.folder), "--out", str(tmp_path / "first"), *shape]
    assert main([*first, "--budget", "60-steps", "--evaluations", "1"]) == 0
    run = str(tmp_path / "first")
    more = ["--corpus", str(corpus.folder), "--init", run, "--out", str(tmp_path / "more"), "--budget", "60-steps"]
    assert main(["pretrain", run, *more, "--seed", "1"]) == 0
    before, after = (metrics(tmp_path / name, "end")[0]["validation"]["loss"] for name in ("first", "more"))
    assert after < before - 0.05
    rates = [line["learning_rate"] for line in metrics(tmp_path / "more", "train")]
    assert max(rates) > 8e-4 and rates[-1] < 1e-4
    assert main(["evaluate", str(tmp_path / "more"), "--corpus", str(corpus.folder), "--no-tasks"]) == 0


def test_a_killed_run_goes_on_to_the_same_weights_without_its_initial_model(corpus, models, tmp_path, capsys) -> None:
    initial, run, whole = (tmp_path / name for name in ("initial", "run", "whole"))
    shutil.copytree(models / "nsp", initial)
    more = ["--save-every", "2", "--model.dropout", "0.1", "--optimizer.learning-rate", "1e-2"]
    assert pretrain("bert", corpus, initial, run, *more) == 0
    shutil.copytree(run, whole)
    shutil.rmtree(initial)
    for gone in ("checkpoints/step-00000004", "model"):
        shutil.rmtree(run / gone)
    assert pretrain("bert", corpus, initial, run, *more, "--resume", str(run)) == 0
    assert weights(run) == weights(whole) and started(run) == started(whole)
    capsys.readouterr()
    shutil.rmtree(run / "checkpoints")
    assert pretrain("bert", corpus, initial, run, *more, "--resume", str(run)) == 0
    assert f"{run} is finished" in capsys.readouterr().err


@pytest.mark.slow
def test_a_tokenizer_with_holes_and_without_special_tokens(tmp_path) -> None:
    """`prepare` adds them after the highest id, and the model gets embeddings for them."""
    words = {"[UNK]": 0, **{f"word{i}": 2 * i + 2 for i in range(30)}}  # ids up to 60
    backend = Tokenizer(WordLevel(words, unk_token="[UNK]"))
    backend.pre_tokenizer = Whitespace()
    backend.add_tokens(["🌻"])
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="[UNK]")
    size = max(tokenizer.get_vocab().values()) + 1
    model = GPT2LMHeadModel(GPT2Config(vocab_size=size, n_embd=32, n_layer=1, n_head=2, n_positions=40))
    for part in (tokenizer, model):
        part.save_pretrained(tmp_path / "gpt2")
    lines = [" ".join(f"word{(i * j) % 30}" for j in range(5, 15)) + f" 🌻 word{i % 30} ." for i in range(200)]
    (tmp_path / "text.txt").write_text("\n".join(lines))
    prepare = ["prepare", str(tmp_path / "text.txt"), "--out", str(tmp_path / "corpus"), "--processes", "1"]
    assert main([*prepare, "--tokenizer", str(tmp_path / "gpt2"), "--document", "line"]) == 0
    corpus, run = Corpus.open(tmp_path / "corpus"), tmp_path / "run"
    assert corpus.vocab_size == size + 4
    assert pretrain("clm", corpus, tmp_path / "gpt2", run, "--save-every", "2") == 0
    assert "taken: body, causal_lm head; new: embeddings of 4 tokens (" in started(run)
    trained = GPT2LMHeadModel.from_pretrained(run / "model")
    assert trained.get_input_embeddings().weight.shape == trained.lm_head.weight.shape == (size + 4, 32)
    assert trained.generation_config.eos_token_id == corpus.manifest["special_ids"]["sep"]
    before = weights(run)
    for gone in ("checkpoints/step-00000004", "model"):
        shutil.rmtree(run / gone)
    assert pretrain("clm", corpus, tmp_path / "gpt2", run, "--save-every", "2", "--resume", str(run)) == 0
    assert weights(run) == before
    assert pretrain("clm", corpus, run, tmp_path / "longer") == 0


@pytest.mark.slow
def test_a_changed_model_is_noticed_before_the_first_checkpoint(corpus, models, tmp_path, capsys) -> None:
    initial, run = tmp_path / "initial", tmp_path / "run"
    shutil.copytree(models / "mlm", initial)
    assert pretrain("mlm", corpus, initial, run) == 0
    before = weights(run)
    for gone in ("checkpoints", "model"):  # as if killed before any of them
        shutil.rmtree(run / gone)
    assert pretrain("mlm", corpus, initial, run, "--resume", str(run)) == 0
    assert weights(run) == before
    for gone in ("checkpoints", "model"):
        shutil.rmtree(run / gone)
    torch.manual_seed(2)
    BertForMaskedLM(BERT).save_pretrained(initial)
    capsys.readouterr()
    assert pretrain("mlm", corpus, initial, run, "--resume", str(run)) == 2
    assert f"--init {initial} has changed since {run} began: choose another --out" in capsys.readouterr().err


def test_a_model_that_is_not_there(corpus, models, tmp_path, capsys) -> None:
    out = tmp_path / "run"
    assert f"--init {tmp_path / 'none'}: no such folder" in refused(capsys, "mlm", corpus, tmp_path / "none", out)
    (tmp_path / "empty").mkdir()
    assert "no model/config.json or config.json" in refused(capsys, "mlm", corpus, tmp_path / "empty", out)
    shutil.copytree(models / "mlm", tmp_path / "part")
    (tmp_path / "part" / "model.safetensors").unlink()
    assert "not a model and tokenizer in Hugging Face format" in refused(capsys, "mlm", corpus, tmp_path / "part", out)


def test_a_corpus_with_another_tokenizer(models, tmp_path, capsys) -> None:
    other = write_corpus(tmp_path / "other", vocab_size=51)
    said = refused(capsys, "mlm", other, models / "mlm", tmp_path / "run")
    assert said.endswith(f"make a corpus for this model: nlp-ssl prepare … --tokenizer {models / 'mlm'}")
    assert f"{other.folder} has another tokenizer" in said


@pytest.mark.parametrize(
    ("recipe", "model", "more", "message"),
    [
        ("bart", "mlm", [], "a 'bert' model is no encoder-decoder that this objective can train"),
        ("mlm", "clm", [], "a 'gpt2' model is no encoder that this objective can train"),
        ("hybrid", "mlm", [], "is 'bert': hybrid needs 'modernbert'"),
        ("mlm", "mlm", ["--model.size", "tiny"], "the recipe states another model (hidden_size 128, here 32); leave"),
        ("mlm", "mlm", ["--model.architecture", "roberta"], "(model_type 'roberta', here 'bert')"),
        ("mlm", "mlm", ["--batch.max-length", "64"], "it has only 40 positions: lower --batch.max-length from 64"),
    ],
)
def test_a_model_that_the_recipe_cannot_train(recipe, model, more, message, corpus, models, tmp_path, capsys) -> None:
    assert message in refused(capsys, recipe, corpus, models / model, tmp_path / "run", *more)
