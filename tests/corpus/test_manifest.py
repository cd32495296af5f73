import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nlp_ssl.corpus.assignment import DROPPED, TRAIN, Assignment
from nlp_ssl.corpus.inputs import Group, Inputs
from nlp_ssl.corpus.manifest import check_unknown, is_finished, make_manifest, print_summary, settings_of, sources_of
from nlp_ssl.corpus.options import PrepareOptions
from nlp_ssl.corpus.sources import Source
from nlp_ssl.errors import InputError

OPTIONS = PrepareOptions(text=("a.txt",), out=Path("x"), processes=1)
SOURCE = Source("a.txt", "text", bytes=9, hash="12", document="line")


def inputs(*sources: Source) -> Inputs:
    return Inputs(list(sources), [Group("a.txt", (0,), "no blank lines")], {"binary": ["b\x1b"] * 300}, ["l -> t"])


def settings(options: PrepareOptions, *sources: Source) -> dict[str, object]:
    return settings_of(options, inputs(*sources))


def assigned(documents: int) -> Assignment:
    fates = np.array([TRAIN] * (documents - 1) + [DROPPED], np.uint8)
    return Assignment(fates, np.uint64(0), np.array([[90, 10]]), np.array([documents]), 0)


def test_settings_have_only_options_that_change_the_corpus() -> None:
    mine = settings(OPTIONS, SOURCE)
    assert mine == settings(replace(OPTIONS, out=Path("y"), processes=7, text=("b",)), SOURCE)
    assert mine != settings(replace(OPTIONS, language="de"), SOURCE)
    assert not {"text", "out", "processes"} & set(mine["options"])


@pytest.mark.parametrize(("file", "finished"), [("manifest.json", True), ("work/plan.json", False)])
def test_a_folder_with_the_same_or_other_settings(tmp_path: Path, file: str, finished: bool) -> None:
    mine = settings(OPTIONS, SOURCE)
    assert not is_finished(tmp_path / "new", mine)
    (tmp_path / "work").mkdir()
    (tmp_path / file).write_text(json.dumps(mine))
    assert is_finished(tmp_path, mine) == finished
    assert is_finished(tmp_path, settings(OPTIONS, replace(SOURCE, name="moved.txt"))) == finished
    other = settings(replace(OPTIONS, lowercase=False), replace(SOURCE, hash="34"))
    with pytest.raises(InputError, match=r"\(other --lowercase, text\); choose another --out or delete it"):
        is_finished(tmp_path, other)


def test_a_folder_with_something_else(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    with pytest.raises(InputError, match="exists and is not a corpus; choose another --out"):
        is_finished(tmp_path, settings(OPTIONS, SOURCE))


def counted(train: int, validation: int = 0) -> dict[str, Counter[str]]:
    """Counts of 1,000 tokens in each split, of which so many are unknown."""
    return {
        "train": Counter(tokens=1000, unknown=train),
        "validation": Counter(tokens=1000, unknown=validation),
    }


@pytest.mark.parametrize(
    ("train", "validation", "said"),
    [
        (10, 10, ""),
        (11, 0, "1.1 % of the training tokens are unknown to it, so models learn nothing about that text"),
        (200, 0, "20.0 % of the training tokens"),
        (0, 11, "1.1 % of the validation tokens are unknown to it, so scores on it mean little"),
        (0, 200, "20.0 % of the validation tokens"),
    ],
)
def test_many_unknown_tokens_are_warned_of(train, validation, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    check_unknown(counted(train, validation), replace(OPTIONS, tokenizer="wordlevel"), 300)
    printed = capsys.readouterr().err
    assert said in printed and bool(printed) == bool(said)


@pytest.mark.parametrize(
    ("chosen", "size", "remedy"),
    [
        ({"tokenizer": "wordlevel", "vocab_size": 300}, 300, "use --tokenizer bpe or a larger --vocab-size"),
        ({"tokenizer": "wordlevel", "vocab_size": 300}, 299, "use --tokenizer bpe or a smaller --min-frequency"),
        ({"tokenizer": "wordlevel", "vocab_size": 300, "min_frequency": 1}, 299, "use --tokenizer bpe"),
        ({"tokenizer": "mine"}, 99, "use another tokenizer, or train one on the text with --tokenizer bpe"),
    ],
)
def test_too_many_unknown_tokens_are_refused_with_a_remedy_that_can_help(chosen, size: int, remedy: str) -> None:
    with pytest.raises(InputError) as refused:
        check_unknown(counted(201), replace(OPTIONS, **chosen), size)
    name = chosen["tokenizer"]
    assert str(refused.value) == f"--tokenizer {name}: 20.1 % of the training tokens are unknown to it; {remedy}"
    with pytest.raises(InputError, match=rf"{name}: 20.1 % of the validation tokens are unknown to it; {remedy}"):
        check_unknown(counted(0, 201), replace(OPTIONS, **chosen), size)


def test_rates_and_summary(capsys: pytest.CaptureFixture[str]) -> None:
    train = Counter(documents=2, sentences=3, tokens=2000, bytes=8000, words=1600, unknown=10)
    counts = {"train": train, "validation": Counter(documents=1, sentences=1, tokens=5, bytes=20)}
    manifest = make_manifest(
        settings(OPTIONS, SOURCE), counts, Counter(duplicate=1, empty=0),
        fingerprint="ab", vocab_size=300, emoji_ids={}, replaced_surrogates=3,
        split_divergence={"bits": 0.3, "by_chance": 0.1},
        **sources_of(inputs(SOURCE), assigned(3), 1),
    )  # fmt: skip
    assert (manifest["bytes_per_token"], manifest["tokens_per_word"], manifest["unknown_rate"]) == (4.0, 1.25, 0.005)
    assert manifest["splits"]["validation"] == {
        "documents": 1, "sentences": 1, "tokens": 5, "bytes": 20, "unknown": 0, "unknown_bytes": 0,
    }  # fmt: skip
    assert manifest["language"] == "en"
    print_summary(manifest, 3_000_000, 2.0)
    lines = capsys.readouterr().err.splitlines()
    assert "read: 1 files or other sources, 4 documents" in lines[-8]
    assert lines[-7] == "train and validation differ by 0.3000 bits, by chance 0.1000"
    assert lines[-6] == "warning: validation is unlike train: its words differ by 0.30 bits, by chance 0.10"
    assert "dropped: 1 duplicate" in lines[-5]
    assert lines[-4] == "broken characters (single surrogates of JSON) replaced by U+FFFD: 3"
    assert "vocabulary 300 (0 emoji), 0.500 % unknown, 1.25 tokens per word, 4.00 bytes per token" in lines[-3]
    assert "3.0 MB in 2s, 1.5 MB/s" in lines[-2]
    assert "fingerprint ab" in lines[-1]


def test_the_manifest_stays_small_for_any_number_of_files() -> None:
    found = sources_of(inputs(SOURCE), assigned(3), 0)
    assert found["not_read"]["binary"]["files"] == 300
    assert found["not_read"]["binary"]["first"] == ["b\\x1b"] * 100
    many = [replace(SOURCE, name=f"{i}/a.txt", hash=str(i)) for i in range(300)]
    groups = [Group(f"{i}/a.txt", (i,), "") for i in range(300)]
    counts = Assignment(np.zeros(300, np.uint8), np.uint64(0), np.ones((300, 2)), np.ones(300), 0)
    found = sources_of(Inputs(many, groups), counts, 0)
    assert (found["files"], len(found["sources"]), found["more_sources"]) == (300, 100, 200)
    assert settings_of(OPTIONS, Inputs(many, groups)) != settings_of(OPTIONS, Inputs(many[:299], groups))
