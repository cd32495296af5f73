import pytest

from nlp_ssl.errors import InputError
from nlp_ssl.tasks.declaration import CorpusTaskDeclaration
from nlp_ssl.tasks.flags import TaskFlags, find_task, is_declared, is_from_corpus


def test_a_task_is_declared_or_new() -> None:
    assert find_task("sst2").title != "" and find_task("sst2").name == "sst2"
    assert find_task("nothing like it").name == "nothing like it"
    assert [is_declared(name) for name in ("sst2", "mine.toml", "mine")] == [True, True, False]


def test_flags_describe_a_task_without_a_declaration() -> None:
    flags = TaskFlags(text_column="a", pair_column="b", label_column="c", kind="regression", metric=("spearman",))
    task = flags.task_named("mine")
    assert (task.columns, task.label, task.kind, task.metrics) == (
        (("a",), ("b",)),
        ("c",),
        "regression",
        ("spearman",),
    )
    assert TaskFlags(text_column="a", label_column="c", metric=("f1",), positive="x").task_named("mine").positive == "x"


def test_flags_replace_declared_columns() -> None:
    task = TaskFlags(text_column="words").task_named("sst2")
    assert (task.columns, task.labels) == ((("words",),), ("negative", "positive"))


def test_a_task_without_columns_is_refused() -> None:
    with pytest.raises(InputError, match="needs --text-column and --label-column"):
        TaskFlags(text_column="a").task_named("mine")


def test_a_task_that_is_made_from_a_corpus() -> None:
    task = TaskFlags(corpus_examples=700).task_named("bigram_shift")
    assert isinstance(task, CorpusTaskDeclaration) and task.examples == 700
    assert (task.labels, task.columns, task.knowledge) == (("intact", "swapped"), (("text",),), "order")
    assert task.baselines == ("majority", "lengths", "unigrams", "bigrams")
    assert find_task("next_sentence").baselines[-1] == "tfidf", "its features compare the texts of a pair"
    assert is_from_corpus("half_order") and is_declared("half_order") and not is_from_corpus("sst2")
    assert is_declared("damaged_sentences") and is_declared("next_sentence_retrieval")


def test_damaged_sentences_are_no_labelled_task() -> None:
    with pytest.raises(InputError, match="damaged_sentences: only for compare; for one model, use nlp-ssl minimal-pa"):
        find_task("damaged_sentences")


def test_retrieval_is_no_labelled_task() -> None:
    with pytest.raises(
        InputError, match="next_sentence_retrieval: only for compare; for one model, use nlp-ssl retrieval"
    ):
        find_task("next_sentence_retrieval")
