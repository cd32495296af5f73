"""Existing models as rows of a comparison."""

from dataclasses import replace
from pathlib import Path

import torch
from transformers import AutoTokenizer, BertConfig, BertForMaskedLM, GPT2Config, GPT2LMHeadModel

from nlp_ssl import recipe_files
from nlp_ssl.comparison.existing import ExistingModel, existing_models, names_model
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.recipe import Recipe
from tests.comparison.plans import small_plan
from tests.worlds import write_corpus

MODELS = {
    "bert": BertForMaskedLM(
        BertConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=1, intermediate_size=16, vocab_size=50)
    ),
    "gpt": GPT2LMHeadModel(GPT2Config(n_embd=16, n_layer=1, n_head=1, vocab_size=50)),
}


def save(folder: Path, kind: str, corpus: Corpus) -> str:
    MODELS[kind].save_pretrained(folder)
    AutoTokenizer.from_pretrained(corpus.tokenizer_folder).save_pretrained(folder)
    return str(folder)


def rows(words: list[str], recipes: dict[str, Recipe]) -> tuple[list[ExistingModel], list[str]]:
    problems: list[str] = []
    return existing_models(words, recipes, problems), problems


def test_folders_and_names_with_an_owner_are_models(tmp_path: Path) -> None:
    words = ("mlm", "mine.toml", "recipes/mine.toml", str(tmp_path), "openai-community/gpt2")
    assert [word for word in words if names_model(word)] == [str(tmp_path), "openai-community/gpt2"]


def test_rows_say_what_their_models_can_do(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    words = [save(tmp_path / "bert", "bert", corpus), save(tmp_path / "runs" / "a" / "model", "gpt", corpus)]
    found, problems = rows([*words, "mlm"], {})
    assert not problems
    assert [(m.name, m.body, m.likelihood, m.answers_prompts) for m in found] == [
        ("bert", "encoder", "masked", True),
        ("a", "decoder", "causal", True),
    ]


def test_a_model_that_recipes_start_from_is_one_row_and_shares_their_random_initialisation(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    name = save(tmp_path / "mlm", "bert", corpus)
    recipes = {key: replace(recipe_files.load(key), init=name) for key in ("mlm", "clm")}
    found, problems = rows([str(tmp_path / "corpus" / ".." / "mlm")], recipes)
    assert not problems
    assert [(model.name, model.starts) for model in found] == [("mlm (2)", ("mlm",))]
    plan = small_plan(tmp_path, recipes=recipes, existing={model.name: model for model in found})
    assert plan.random_init("mlm (2)") == plan.random_init("mlm") == "encoder, random initialisation"
    jobs = [job for job in plan.jobs() if job.about.get("model") == "mlm (2)"]
    assert [job.name for job in jobs] == [
        "finetune mlm (2) on mine, all examples",
        "probe mlm (2) on mine, all examples",
    ]
    assert all("--no-baselines" in job.arguments[0] and not job.needs for job in jobs)


def test_a_model_of_its_own_has_its_own_random_initialisation(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    (model,), _ = rows([save(tmp_path / "bert", "bert", corpus)], {"mlm": recipe_files.load("mlm")})
    plan = small_plan(tmp_path, "mlm", existing={"bert": model})
    assert plan.random_init("bert") == "bert, random initialisation"
    assert all("--no-baselines" not in job.arguments[0] for job in plan.jobs() if job.about.get("model") == "bert")


def test_scores_depend_on_the_files_of_the_model(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    word = save(tmp_path / "bert", "bert", corpus)
    (model,), _ = rows([word], {})
    assert not model.changed()
    with torch.no_grad():
        MODELS["bert"].bert.embeddings.word_embeddings.weight[0, 0] += 1
    MODELS["bert"].save_pretrained(word)
    assert model.changed()


def test_folders_without_a_model_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert rows([str(tmp_path / "empty")], {}) == (
        [],
        [f"{tmp_path}/empty: no model/config.json or config.json: an unfinished run has no model"],
    )
