"""Readers, checks, and the parts of train."""

import gzip
import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from nlp_ssl import registry
from nlp_ssl.corpus.table import read_table
from nlp_ssl.errors import InputError
from nlp_ssl.tasks.declaration import Task, load_task, own_task, with_flags
from nlp_ssl.tasks.splits import PROBLEMS_SHOWN, LabelledExamples, fold_of, joined, load_splits

ROWS = [("so good", "positive"), ("so bad", "negative"), ('quite "good"', "positive")]


def write(file: Path, rows: list[tuple[str, ...]], header: tuple[str, ...] = ("sentence", "label")) -> None:
    file.write_text("".join("\t".join(row) + "\n" for row in [header, *rows]), encoding="utf-8")


def problems(task: Task, *data: Path) -> list[str]:
    with pytest.raises(InputError) as error:
        load_splits(task, data)
    return list(error.value.problems)


def as_tsv(file: Path) -> Path:
    write(file.with_suffix(".tsv"), ROWS)
    return file.with_suffix(".tsv")


def as_csv(file: Path) -> Path:
    file = file.with_suffix(".csv")
    file.write_text('sentence,label\nso good,positive\nso bad,negative\n"quite ""good""",positive\n')
    return file


def as_jsonl(file: Path) -> Path:
    file = file.with_suffix(".jsonl")
    file.write_text("".join(json.dumps({"label": label, "sentence": text}) + "\n" for text, label in ROWS))
    return file


def as_parquet(file: Path) -> Path:
    texts, labels = zip(*ROWS, strict=True)
    pq.write_table(pa.table({"sentence": texts, "label": labels}), file.with_suffix(".parquet"))
    return file.with_suffix(".parquet")


def as_gz(file: Path) -> Path:
    packed = file.with_suffix(".tsv.gz")
    packed.write_bytes(gzip.compress(as_tsv(file).read_bytes()))
    as_tsv(file).unlink()
    return packed


def as_zst(file: Path) -> Path:
    packed = file.with_suffix(".jsonl.zst")
    packed.write_bytes(zstandard.compress(as_jsonl(file).read_bytes()))
    as_jsonl(file).unlink()
    return packed


@pytest.mark.parametrize("form", [as_tsv, as_csv, as_jsonl, as_parquet, as_gz, as_zst])
def test_every_format_gives_the_same_examples(tmp_path: Path, form) -> None:
    folder = tmp_path / "sst2"
    folder.mkdir()
    files = [form(folder / "train"), form(folder / "validation")]
    for data in ([folder], files):  # by name in a folder, or named one by one
        labels, splits = load_splits(load_task("sst2"), data)
        assert labels == ("negative", "positive")
        assert list(splits) == ["train", "dev"]
        assert splits["train"].texts == [text for text, _ in ROWS]
        assert splits["train"].labels.tolist() == [1, 0, 1]


def test_a_heading_that_stands_over_the_wrong_column(tmp_path: Path, capsys) -> None:
    for split in ("train", "dev"):
        write(tmp_path / f"{split}.tsv", [("0", "hide new secretions"), ("1", "a smart film")])
    _, splits = load_splits(load_task("sst2"), [tmp_path])
    assert splits["dev"].texts == ["hide new secretions", "a smart film"]
    assert splits["dev"].labels.tolist() == [0, 1]
    assert capsys.readouterr().err.count("are swapped") == 2


def test_files_without_heading(tmp_path: Path) -> None:
    for split in ("train", "dev"):
        (tmp_path / f"{split}.tsv").write_text("gj04\t1\t\tFine words.\ngj04\t0\t*\tWords fine the.\n")
    _, splits = load_splits(load_task("cola"), [tmp_path])
    assert splits["train"].texts == ["Fine words.", "Words fine the."]
    assert splits["train"].labels.tolist() == [1, 0]


def test_test_splits_may_lack_labels(tmp_path: Path) -> None:
    for split in ("train", "dev"):
        write(tmp_path / f"{split}.tsv", ROWS)
    write(tmp_path / "test.tsv", [("0", "so what")], ("index", "sentence"))
    assert load_splits(load_task("sst2"), [tmp_path])[1]["test"].labels is None
    for unknown in ("-1", "-1.0"):  # numbers to predict are -1.0 where they are secret
        write(tmp_path / "test.tsv", [("so what", unknown)])
        assert load_splits(load_task("sst2"), [tmp_path])[1]["test"].labels is None


def test_labels_not_declared_are_those_of_train(tmp_path: Path) -> None:
    task = with_flags(own_task("mine"), "text", None, "stars", ())
    write(tmp_path / "train.tsv", [("a", "10"), ("b", "2"), ("c", "2")], ("text", "stars"))
    write(tmp_path / "dev.tsv", [("a", "2"), ("b", "10")], ("text", "stars"))
    labels, splits = load_splits(task, [tmp_path])
    assert labels == ("2", "10")
    assert splits["dev"].labels.tolist() == [0, 1]


def test_numbers_to_predict(tmp_path: Path) -> None:
    for split in ("train", "dev"):
        write(tmp_path / f"{split}.tsv", [("a", "b", "2.5"), ("c", "d", "0")], ("sentence1", "sentence2", "score"))
    labels, splits = load_splits(load_task("stsb"), [tmp_path])
    assert labels == ()
    assert splits["train"].pairs == ["b", "d"]
    assert splits["train"].labels.tolist() == [2.5, 0.0]
    write(tmp_path / "dev.tsv", [("a", "b", "high"), ("c", "d", "nan")], ("sentence1", "sentence2", "score"))
    assert [p.partition("dev.tsv")[2] for p in problems(load_task("stsb"), tmp_path)] == [
        ":2: the label 'high' is not a finite number such as 1.5",
        ":3: the label 'nan' is not a finite number such as 1.5",
    ]


def test_all_problems_are_reported_with_their_lines(tmp_path: Path) -> None:
    write(tmp_path / "train.tsv", [("fine", "positive"), ("", "negative"), ("x", "neutral")])
    write(tmp_path / "dev.tsv", [("fine", "1"), ("y", "7")])
    assert [p.replace(str(tmp_path), "") for p in problems(load_task("sst2"), tmp_path)] == [
        "/train.tsv:3: the text is empty; remove the row",
        "/train.tsv:4: unknown label 'neutral'; the labels are negative (0), positive (1)",
        "/dev.tsv:3: unknown label '7'; the labels are negative (0), positive (1)",
    ]


def test_a_long_list_of_problems_is_cut(tmp_path: Path) -> None:
    write(tmp_path / "train.tsv", [("x", "neutral")] * 1500)
    write(tmp_path / "dev.tsv", ROWS)
    found = problems(load_task("sst2"), tmp_path)
    assert len(found) == PROBLEMS_SHOWN + 1
    assert found[-1] == "… and 1,497 more problems"


@pytest.mark.parametrize("rows", [4, 5])
def test_the_number_of_further_problems_is_told(rows: int, tmp_path: Path) -> None:
    write(tmp_path / "train.tsv", [("x", "neutral")] * rows)
    write(tmp_path / "dev.tsv", ROWS)
    assert problems(load_task("sst2"), tmp_path)[-1] == {4: "… and 1 more problem", 5: "… and 2 more problems"}[rows]


def test_missing_columns_are_one_problem(tmp_path: Path) -> None:
    for split in ("train", "dev"):
        (tmp_path / f"{split}.csv").write_text("text;label\na;1\nb;0\n")
    (only,) = problems(load_task("sst2"), tmp_path)
    assert only.startswith(f"{tmp_path}/train.csv: no column 'sentence' and 'label'; found text;label; its values seem")
    (tmp_path / "dev.csv").write_text("words\na\n")
    first, second = problems(load_task("sst2"), tmp_path)
    assert "train.csv: no column" in first
    assert "dev.csv: no column 'sentence' and 'label'; found words; set --text-column" in second


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("dev.tsv", b"text\tlabel\nx\t1\n", "no column 'sentence'; found text, label"),
        ("dev.tsv", b"sentence\tlabel\nx\t1\ty\n", "dev.tsv:2: 3 columns, the header has 2"),
        ("dev.tsv", b"sentence\tlabel\n", "dev.tsv: no examples in it"),
        ("dev.tsv", b"", "dev.tsv: no examples in it"),
        ("dev.tsv", b"sentence\tlabel\n\xff\t1\n", "dev.tsv: byte 15 is not UTF-8; convert the file to UTF-8"),
        ("dev.jsonl", b'{"sentence": "x", "label": 1}\n{"sentence": \n', "dev.jsonl:2: broken JSON"),
        ("dev.jsonl", b'{"sentence": "x", "label": 1}\n{"sentence": "y"}\n', "dev.jsonl:2: no 'label'"),
        ("dev.jsonl", b"[1]\n", "dev.jsonl:1: not a JSON object"),
        ("dev.parquet", b"PAR0", "dev.parquet: not a readable Parquet file"),
        ("dev.tsv.gz", b"plain", "dev.tsv.gz: damaged gzip file"),
    ],
)
def test_unusable_files_are_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    write(tmp_path / "train.tsv", ROWS)
    (tmp_path / name).write_bytes(content)
    found = problems(load_task("sst2"), tmp_path)
    assert len(found) == 1 and message in found[0]


def test_unusable_folders_are_refused(tmp_path: Path) -> None:
    task = load_task("sst2")
    assert "no such file or folder" in problems(task, tmp_path / "none")[0]
    assert "no file for train, dev" in problems(task, tmp_path)[0]
    write(tmp_path / "train.tsv", ROWS)
    (tmp_path / "dev.doc").write_text("")
    assert "dev.doc: not one of .tsv" in problems(task, tmp_path / "train.tsv", tmp_path / "dev.doc")[0]
    (tmp_path / "train.csv").write_text("")
    assert "several files for train: train.tsv, train.csv" in problems(task, tmp_path)[0]
    assert "is not on the hub" in problems(load_task("bbc"))[0]
    write(tmp_path / "dev.tsv", ROWS)
    mine = with_flags(own_task("mine"), "sentence", None, "label", ())
    write(tmp_path / "same.tsv", ROWS[:1])
    assert "at least 2 classes are required" in problems(mine, tmp_path / "same.tsv", tmp_path / "same.tsv")[0]


def test_a_declaration_can_keep_empty_texts(tmp_path: Path, capsys) -> None:
    for split in ("train", "dev"):
        write(tmp_path / f"{split}.tsv", [(" ", "0"), ("x", "1")])
    _, splits = load_splits(load_task("tweet_hate"), [tmp_path])
    assert splits["train"].texts == ["", "x"]
    assert "kept 1 empty texts" in capsys.readouterr().err


def test_the_first_row_of_a_function_is_no_schema(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "uneven_rows.py").write_text(
        "def splits():\n    rows = [{'id': 1, 'label': 'x', 'text': 'a'}, {'text': 'b', 'label': 'y', 'more': 2}]\n"
        "    return {'train': rows, 'dev': [{'label': 'x'}, *rows]}\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(registry, "_plugins", ["uneven_rows"])
    task = Task(name="mine", module="uneven_rows:splits", columns=(("text",),), label=("label",), metrics=("accuracy",))
    assert problems(task) == ["mine/dev, row 1: the text is empty; remove the row"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("raise KeyError('text')", "task 'mine': odd_rows:splits failed (KeyError: 'text'); repair the plug-in"),
        ("return [1, 2]", "task 'mine': odd_rows:splits must return a dict with a list of rows (dicts) for each split"),
        ("return {'train': [['a']]}", "task 'mine': odd_rows:splits must return a dict"),
        ("return {'train': {'text': ['a']}}", "task 'mine': odd_rows:splits must return a dict"),
        ("return {'train': [{'text': 'a', 'label': 'x'}]}", "task 'mine': odd_rows:splits returned no rows for dev"),
    ],
)
def test_a_function_that_fails_or_returns_no_rows_is_one_sentence(body, message, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "odd_rows.py").write_text(f"def splits():\n    {body}\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "odd_rows", raising=False)
    monkeypatch.setattr(registry, "_plugins", ["odd_rows"])
    task = Task(name="mine", module="odd_rows:splits", columns=(("text",),), label=("label",), metrics=("accuracy",))
    (problem,) = problems(task)
    assert problem.startswith(message)


def test_rows_from_a_function(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "own_rows.py").write_text(
        "def splits():\n    rows = [{'text': 'a', 'label': 'x'}, {'text': 'b', 'label': 'y'}]\n"
        "    return {'train': rows, 'dev': rows[::-1]}\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    declaration = tmp_path / "own.toml"
    declaration.write_text(
        '[task]\nmodule = "own_rows:splits"\ncolumns = ["text"]\nlabel = "label"\nmetrics = ["accuracy"]'
    )
    message = "module = 'own_rows:splits' is not imported from a declaration; load it with --plugin own_rows"
    assert message in problems(load_task(str(declaration)))[0]
    assert "own_rows" not in sys.modules
    monkeypatch.setattr(registry, "_plugins", ["own_rows"])
    labels, splits = load_splits(load_task(str(declaration)), [])
    assert labels == ("x", "y")
    assert splits["dev"].labels.tolist() == [1, 0]
    declaration.write_text(declaration.read_text().replace("own_rows:splits", "own_rows:rows"))
    assert "cannot load module = 'own_rows:rows'" in problems(load_task(str(declaration)))[0]


def test_from_the_hub_by_way_of_a_local_folder(tmp_path: Path, monkeypatch) -> None:
    """`datasets` reads a folder as it reads the hub; the names of the splits are the hub's."""
    folder = tmp_path / "owner" / "reviews"
    folder.mkdir(parents=True)
    for split in ("train", "validation"):
        as_csv(folder / split)
    declaration = tmp_path / "reviews.toml"
    declaration.write_text(
        '[task]\nhub = "owner/reviews"\ncolumns = ["sentence"]\nlabel = "label"\nmetrics = ["accuracy"]'
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    _, splits = load_splits(load_task(str(declaration)), [])
    assert splits["train"].texts == [text for text, _ in ROWS]
    assert splits["dev"].labels.tolist() == [1, 0, 1]


def test_a_row_without_a_label_is_no_class_of_its_own(tmp_path: Path) -> None:
    task = with_flags(own_task("mine"), "text", None, "stars", ())
    write(tmp_path / "train.tsv", [("a", "1"), ("b", ""), ("c", "2")], ("text", "stars"))
    write(tmp_path / "dev.tsv", [("a", "2"), ("b", "1")], ("text", "stars"))
    with pytest.raises(InputError, match=r"train.tsv:3: the label is empty; fill it in or remove the row"):
        load_splits(task, [tmp_path])


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "train.tsv", [("a", "b", "1")], ("text", "text", "label"))
    with pytest.raises(InputError, match="two columns are called 'text'; rename one"):
        read_table(tmp_path / "train.tsv")


def test_a_compressed_file_that_ends_too_early_is_damaged(tmp_path: Path) -> None:
    text = ("text\tlabel\n" + "".join(f"a{i * i} b{i * 7}\t{i % 2}\n" for i in range(5000))).encode()
    whole = zstandard.compress(text)
    file = tmp_path / "train.tsv.zst"
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="damaged zstd file"):
        read_table(file)
    file.write_bytes(whole + zstandard.compress(b"c\t1\n"))  # frames one behind the other
    assert read_table(file).columns["text"][4999:] == ["a24990001 b34993", "c"]


def wide(folder: Path, rows: list[tuple[str, ...]], header: tuple[str, ...] = ("text", "label")) -> list[str]:
    """The problems of a train file with these rows, and of a dev file with the last two."""
    write(folder / "train.tsv", rows, header)
    write(folder / "dev.tsv", rows[-2:], header)
    return problems(with_flags(own_task("mine"), "text", None, "label", ()), folder)


def test_a_wrong_label_column_is_one_short_sentence(tmp_path: Path) -> None:
    rows = [("text", f"{i} {'long text ' * 100}") for i in range(3000)]
    assert wide(tmp_path, rows) == [
        f"{tmp_path}/train.tsv:2: the labels of train have 3,000 different values in 3,000 rows; check --label-column"
    ]


def test_many_different_numbers_suggest_regression(tmp_path: Path) -> None:
    assert wide(tmp_path, [("text", f"{i / 7:.3f}") for i in range(100)]) == [
        f"{tmp_path}/train.tsv:2: the labels of train have 100 different values in 100 rows; "
        "for numbers, use --kind regression"
    ]


def test_an_unknown_number_among_many_suggests_regression(tmp_path: Path) -> None:
    write(tmp_path / "train.tsv", [("text", str(i % 15)) for i in range(300)], ("text", "label"))
    write(tmp_path / "dev.tsv", [("text", "99"), ("text", "1")], ("text", "label"))
    assert problems(with_flags(own_task("mine"), "text", None, "label", ()), tmp_path) == [
        f"{tmp_path}/dev.tsv:2: unknown label '99'; the labels are 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 5 more; "
        "for numbers, use --kind regression"
    ]


@pytest.mark.parametrize(("suffix", "separator"), [("csv", ";"), ("csv", "\t"), ("tsv", ","), ("tsv", "|")])
def test_another_separator_is_recognised(tmp_path: Path, suffix: str, separator: str) -> None:
    for split in ("train", "dev"):
        (tmp_path / f"{split}.{suffix}").write_text(f"text{separator}label\nfine{separator}a\nbad{separator}b\n")
    found = problems(with_flags(own_task("mine"), "text", None, "label", ()), tmp_path)
    assert all(
        f"its values seem to be separated by {separator!r}; save it with commas" in problem
        for problem in found[:PROBLEMS_SHOWN]
    )


def test_a_table_of_many_columns_lists_ten(tmp_path: Path) -> None:
    header = tuple(f"column{i}" for i in range(500))
    found = wide(tmp_path, [("x",) * 500] * 2, header)
    assert "column0, column1" in found[0] and "column9 and 490 more" in found[0] and len(found[0]) < 400


MINE = with_flags(own_task("mine"), "text", None, "label", ())


def test_one_file_is_divided_by_the_hash_of_the_text(tmp_path: Path, capsys) -> None:
    texts = [f"text {i // 2}" if i % 2 else f" text  {i // 2} " for i in range(2000)]  # each occurs twice
    write(tmp_path / "all.tsv", [(text, "ab"[i % 3 == 0]) for i, text in enumerate(texts)], ("text", "label"))
    labels, splits = load_splits(MINE, [tmp_path / "all.tsv"])
    sides = {name: {" ".join(text.split()) for text in examples.texts} for name, examples in splits.items()}
    assert labels == ("a", "b") and list(splits) == ["train", "dev"]
    assert not sides["train"] & sides["dev"] and len(sides["train"] | sides["dev"]) == 1000
    assert 0.17 < len(splits["dev"]) / 2000 < 0.23
    assert len(splits["train"]) + len(splits["dev"]) == 2000
    assert "one file, divided by the hash of the text into 1," in capsys.readouterr().err
    (tmp_path / "more").mkdir()
    rows = [("new", "a"), *((text, "a") for text in texts)]
    write(tmp_path / "more" / "all.tsv", [*rows, ("x", "b"), ("y", "b")], ("text", "label"))
    longer = load_splits(MINE, [tmp_path / "more" / "all.tsv"])[1]
    assert {" ".join(text.split()) for text in longer["dev"].texts} - {"new", "x", "y"} == sides["dev"]


def test_a_file_that_is_too_small_to_divide(tmp_path: Path) -> None:
    write(tmp_path / "all.tsv", [("same", "a"), ("same", "b")] * 5, ("text", "label"))
    found = problems(MINE, tmp_path / "all.tsv")
    assert found in (
        ["mine: dev has 0 labelled examples; at least 2 are required"],
        ["mine: train has no labelled examples"],
    )


def test_dev_of_one_row_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "train.tsv", ROWS)
    write(tmp_path / "dev.tsv", ROWS[:1])
    assert problems(load_task("sst2"), tmp_path) == ["sst2: dev has 1 labelled examples; at least 2 are required"]


def test_clusters_follow_their_examples() -> None:
    found = LabelledExamples(list("abcd"), None, np.array([0, 1, 0, 1]), None, np.array([5, 5, 8, 8]))
    part = found.take(np.array([3, 0, 1]))
    assert part.clusters.tolist() == [8, 5, 5] and (part.independent, len(part)) == (2, 3)
    assert joined([part, found]).clusters.tolist() == [8, 5, 5, 5, 5, 8, 8]
    assert found.fingerprint() == LabelledExamples(found.texts, None, found.labels).fingerprint()


def test_train_of_one_declared_label_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "train.tsv", [("x", "positive"), ("y", "positive")])
    write(tmp_path / "dev.tsv", ROWS)
    assert problems(load_task("sst2"), tmp_path) == [
        "sst2: all examples of train have the label 'positive'; use data with several"
    ]


def test_the_empty_questions_and_broken_lines_of_qqp_are_counted(tmp_path: Path, capsys) -> None:
    header = "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n"
    good = [f"{i}\t1\t2\twhy {i}?\thow {i}?\t{i % 2}\n" for i in range(3000)]
    broken = "\tWas it real?\t0\n"
    (tmp_path / "train.tsv").write_text(header + "".join(good) + "9\t1\t2\t\thow?\t0\n" + broken * 3)
    (tmp_path / "dev.tsv").write_text(header + "".join(good))
    _, splits = load_splits(load_task("qqp"), [tmp_path])
    assert len(splits["train"]) == 3001 and splits["train"].texts[3000] == ""
    said = capsys.readouterr().err
    assert "train.tsv: left out 3 of 3,004 rows as broken, as the declaration allows" in said
    assert "train.tsv: kept 1 empty texts" in said
    (tmp_path / "train.tsv").write_text(header + "".join(good) + broken * 4)
    assert len(problems(load_task("qqp"), tmp_path)) == PROBLEMS_SHOWN + 1


def test_joined_splits_of_tagged_sentences() -> None:
    one = LabelledExamples(["a b"], None, np.array([[0, 1]]), [["a", "b"]])
    two = LabelledExamples(["c", "d e f"], None, np.array([[1, -1, -1], [0, 0, 1]]), [["c"], ["d", "e", "f"]])
    both = joined([one, two])
    assert both.texts == ["a b", "c", "d e f"] and both.words == [["a", "b"], ["c"], ["d", "e", "f"]]
    assert both.labels.tolist() == [[0, 1, -1], [1, -1, -1], [0, 0, 1]]
    pairs = joined([LabelledExamples(["a"], ["b"], np.array([0.5])), LabelledExamples(["c"], ["d"], np.array([1.0]))])
    assert (pairs.texts, pairs.pairs, pairs.labels.tolist()) == (["a", "c"], ["b", "d"], [0.5, 1.0])


def test_equal_texts_share_a_fold_and_folds_are_alike_in_size() -> None:
    texts = [f"text {i}" for i in range(1000)] + ["text  7", " text 7 "]
    fold = fold_of(LabelledExamples(texts, None, None), 5)
    assert fold[1000] == fold[1001] == fold[7]
    assert sorted(np.unique(fold)) == [0, 1, 2, 3, 4] and np.bincount(fold).min() > 160
    more = fold_of(LabelledExamples(texts[500:], None, None), 5)
    np.testing.assert_array_equal(more, fold[500:])  # by the text alone


@pytest.mark.parametrize("content", ["{}\n{}\n", ""])
def test_a_file_without_values_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "all.jsonl").write_text(content)
    assert problems(MINE, tmp_path / "all.jsonl") == [f"{tmp_path}/all.jsonl: no examples in it"]


# --- texts to write ---

SUMMARIES = with_flags(own_task("news"), "article", None, "summary", (), kind="generation")


def test_texts_to_write_are_read_and_are_part_of_the_fingerprint(tmp_path: Path) -> None:
    rows = [("A long story.", "Story"), ("It rained.", "Rain")]
    write(tmp_path / "train.tsv", rows, ("article", "summary"))
    write(tmp_path / "dev.tsv", [rows[0], ("It rained.", "Wet")], ("article", "summary"))
    names, splits = load_splits(SUMMARIES, (tmp_path,))
    assert names == () and SUMMARIES.metrics == ("rouge_1",)
    assert splits["train"].targets == ["Story", "Rain"]
    assert splits["train"].take(np.array([1])).targets == ["Rain"]
    assert joined([splits["dev"], splits["train"]]).targets == ["Story", "Wet", "Story", "Rain"]
    again = load_splits(SUMMARIES, (tmp_path,))[1]
    assert again["train"].fingerprint() == splits["train"].fingerprint() != splits["dev"].fingerprint()


def test_unusable_texts_to_write(tmp_path: Path) -> None:
    write(tmp_path / "dev.tsv", [("a", "b"), ("c", "d")], ("article", "summary"))
    write(tmp_path / "train.tsv", [("a", ""), ("c",)], ("article", "summary"))
    found = problems(SUMMARIES, tmp_path)
    assert len(found) == 1 and "train.tsv:3" in found[0] and "1 columns, the header has 2" in found[0]
    (tmp_path / "train.tsv").unlink()
    lines = [{"article": "a", "summary": ["b"]}, {"article": "a", "summary": ""}]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert problems(SUMMARIES, tmp_path) == [
        f"{tmp_path}/train.jsonl:1: the text to write is a list; it must be a string"
    ]
    (tmp_path / "train.jsonl").write_text(json.dumps(lines[1]) + "\n")
    assert problems(SUMMARIES, tmp_path) == [
        f"{tmp_path}/train.jsonl:1: the text to write is empty; fill it in or remove the row"
    ]
