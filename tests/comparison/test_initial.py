"""Comparisons of runs that start from a model."""

from dataclasses import replace
from pathlib import Path

import torch
from transformers import AutoTokenizer, BertConfig, BertForMaskedLM

from nlp_ssl import recipe_files
from nlp_ssl.comparison.initial import InitialInput, initial_models
from nlp_ssl.corpus.store import Corpus
from tests.comparison.plans import small_plan
from tests.worlds import write_corpus

BERT = BertConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=1, intermediate_size=16, vocab_size=50)


def save(folder: Path, corpus: Corpus, seed: int) -> None:
    torch.manual_seed(seed)
    BertForMaskedLM(BERT).save_pretrained(folder)
    AutoTokenizer.from_pretrained(corpus.tokenizer_folder).save_pretrained(folder)


def test_a_run_depends_on_the_model_that_it_starts_from_and_not_on_its_name(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        save(tmp_path / name, corpus, seed)

    def folder(name: str | None) -> str:
        recipes = {"mlm": replace(recipe_files.load("mlm"), init=name)}
        problems: list[str] = []
        initial = initial_models(corpus, recipes, problems)
        assert not problems
        return small_plan(tmp_path, recipes=recipes, initial=initial).run("mlm", 1).folder.name

    first = folder(str(tmp_path / "a"))
    assert folder(str(tmp_path / "b")) == first
    assert len({first, folder(str(tmp_path / "c")), folder(None)}) == 3


def test_a_model_that_changes_or_cannot_be_trained_is_noticed(tmp_path: Path) -> None:
    corpus, name = write_corpus(tmp_path / "corpus"), str(tmp_path / "model")
    save(tmp_path / "model", corpus, 1)
    recipes = {key: replace(recipe_files.load(key), init=name) for key in ("mlm", "bart", "text_infilling")}
    problems: list[str] = []
    found = initial_models(corpus, recipes, problems)
    assert problems == [
        f"--init {name}: a 'bert' model is no encoder-decoder that this objective can train; use another model"
    ]
    (initial,) = found.values()
    assert isinstance(initial, InitialInput) and not initial.changed()
    save(tmp_path / "model", corpus, 2)
    assert initial.changed()
