from pathlib import Path

from nlp_ssl import registry
from nlp_ssl.comparison.chosen_tasks import labelled_tasks, named_tasks, pair_files
from nlp_ssl.comparison.options import parse
from nlp_ssl.evaluation.similarity import read_pairs
from tests.comparison.plans import labelled_task
from tests.worlds import write_corpus


def test_corpus_stands_for_all_tasks_made_from_the_corpus() -> None:
    every = [*registry.names("corpus_tasks"), "damaged_sentences", "next_sentence_retrieval"]
    assert {"bigram_shift", "half_order"} < set(every)
    tasks = [
        named_tasks(parse(["mlm", "--corpus", "c", "--out", "o", *flags])[0]) for flags in ([], ["--task", "corpus"])
    ]
    assert tasks == [every, every]
    flags = ["--task", "sst2", "--task", "corpus", "--task", "half_order"]
    assert named_tasks(parse(["mlm", "--corpus", "c", "--out", "o", *flags])[0]) == ["sst2", *every]


def test_a_task_whose_texts_are_unknown_to_the_corpus_is_refused(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus", 20)
    task = labelled_task(tmp_path)  # words up to w47; the last one of each text differs
    flags = [
        "--corpus",
        str(corpus.folder),
        "--data",
        str(tmp_path),
        "--text-column",
        "text",
        "--label-column",
        "label",
    ]
    options, _ = parse(["mlm", "--out", "o", "--task", "mine", *flags])
    unknown = sum(int(word[1:]) >= 20 for text in task.sample.texts for word in text.split()) / 1200
    assert 0.1 < unknown < 0.2
    problems: list[str] = []
    assert [task.name for task in labelled_tasks(options, corpus, problems)] == ["mine"] and not problems
    assert labelled_tasks(options, write_corpus(tmp_path / "less", 8), problems) == []
    assert problems == [
        "task 'mine': 25.0 % of the tokens of its training texts are unknown to the corpus's tokenizer; prepare the "
        "text with --tokenizer bpe, or choose another task"
    ]


def test_a_single_file_is_for_a_single_task(tmp_path: Path) -> None:
    labelled_task(tmp_path)
    file = tmp_path / "mine" / "train.tsv"
    corpus = write_corpus(tmp_path / "corpus")
    common = ["mlm", "--corpus", str(corpus.folder), "--out", "o", "--data", str(file)]
    common += ["--text-column", "text", "--label-column", "label", "--task", "mine"]
    problems: list[str] = []
    assert [task.data for task in labelled_tasks(parse(common)[0], corpus, problems)] == [(file,)] and not problems
    labelled_tasks(parse([*common, "--task", "other"])[0], corpus, problems)
    assert problems == [f"--data {file} is a single file, for mine, other: give a folder with one folder for each"]


def test_problems_of_pair_files_are_collected(tmp_path: Path) -> None:
    good, empty = tmp_path / "good.tsv", tmp_path / "empty.tsv"
    good.write_text("tea\tcup\t5\n")
    empty.write_text("")
    problems: list[str] = []
    files = pair_files("--word-pairs", [good, empty, tmp_path / "none"], read_pairs, problems)
    assert [file.name for file in files] == ["good"]
    assert problems == [
        f"--word-pairs {empty}: no word pairs in this file",
        f"--word-pairs {tmp_path / 'none'}: no such file",
    ]
