from dataclasses import replace
from pathlib import Path

import pytest

from nlp_ssl.comparison.options import in_tokens, parse
from nlp_ssl.corpus.store import SplitCounts
from nlp_ssl.errors import InputError
from tests.worlds import write_corpus

COMMON = ["--corpus", "c", "--task", "a", "--out", "o"]


def refusals(*words: str) -> list[str]:
    with pytest.raises(InputError) as error:
        parse([*words, *COMMON])
    return list(error.value.problems)


def test_defaults() -> None:
    options, chosen = parse(["mlm", "clm", *COMMON])
    assert list(chosen) == ["mlm", "clm"]
    assert (options.corpus, options.task, options.out) == (Path("c"), ("a",), Path("o"))
    assert (options.seeds, options.finetune_seeds, options.train_examples, options.jobs) == ((5,), 3, ("all",), 1)
    assert (options.tune, options.dry_run, options.data, options.text_column) == (False, False, None, None)


def test_flags_change_every_recipe_and_leave_the_rest_of_it() -> None:
    _, chosen = parse(["mlm", "cbow", *COMMON, "--budget", "7-steps", "--batch.max-length", "64"])
    assert [recipe.budget for recipe in chosen.values()] == ["7-steps", "7-steps"]
    assert [recipe.batch.max_length for recipe in chosen.values()] == [64, 64]
    _, plain = parse(["mlm", "cbow", *COMMON])
    methods = [recipe.optimizer.method for recipe in plain.values()]
    assert [recipe.optimizer.method for recipe in chosen.values()] == methods == ["adamw", "adagrad"]
    assert list(chosen["cbow"].mixture.objectives) == ["cbow"]


def test_sizes_are_numbers_or_all() -> None:
    options, _ = parse(["mlm", *COMMON, "--train-examples", "100", "all"])
    assert options.train_examples == (100, "all")


def test_recipes_are_named_by_their_file(tmp_path: Path) -> None:
    (tmp_path / "short.toml").write_text("[objective.mlm]\n[batch]\nmax_length = 32\n")
    _, chosen = parse([str(tmp_path / "short.toml"), "mlm", *COMMON])
    assert [(name, recipe.batch.max_length) for name, recipe in chosen.items()] == [("short", 32), ("mlm", 128)]


def test_problems_of_recipes_are_reported_together(tmp_path: Path) -> None:
    (tmp_path / "mlm.toml").write_text("[objective.mlm]\n")
    (tmp_path / "brief.toml").write_text('budget = "3-steps"\n[objective.sop]\n')
    assert refusals("mlm", "mlm", str(tmp_path / "mlm.toml"), str(tmp_path / "brief.toml")) == [
        "mlm is named twice: remove one",
        "two recipes are called 'mlm': rename one of the files",
        "the recipes have different budgets (mlm 10M-tokens, brief 3-steps): give all of them one with --budget",
    ]
    assert parse(["mlm", str(tmp_path / "brief.toml"), *COMMON, "--budget", "9-steps"])[1]["brief"].budget == "9-steps"


def test_epochs_are_the_same_tokens_for_all(tmp_path: Path, capsys) -> None:
    corpus = replace(write_corpus(tmp_path / "corpus"), counts={"train": SplitCounts(10, 100, 1000, 4000)})
    _, chosen = parse(["mlm", "sop", *COMMON, "--budget", "2.5-epochs"])
    assert [recipe.budget for recipe in in_tokens(chosen, corpus).values()] == ["2500-tokens", "2500-tokens"]
    assert capsys.readouterr().err == f"budget: 2.5 epochs of {corpus.folder} are 2,500 tokens\n"
    large = replace(corpus, counts={"train": SplitCounts(10, 100, 10**11, 4 * 10**11)})
    _, chosen = parse(["mlm", *COMMON, "--budget", "1e5-epochs"])
    with pytest.raises(InputError, match=r"--budget is 100000-epochs, 10000000000000000 tokens: it must be at most"):
        in_tokens(chosen, large)


def test_a_comparison_needs_a_recipe() -> None:
    (problem,) = refusals()
    assert problem.startswith("no recipes: name one or more, which are ") and "mlm" in problem


def test_tasks_and_methods_have_defaults() -> None:
    options, _ = parse(["mlm", "--corpus", "c", "--out", "o"])
    assert (options.task, options.methods, options.corpus_examples) == ((), (), 10_000)
    assert parse(["mlm", *COMMON, "--methods", "finetune"])[0].methods == ("finetune",)
