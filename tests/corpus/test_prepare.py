"""Raw text in every form -> a corpus; small texts whose documents can be counted by hand."""

from __future__ import annotations

import errno
import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unicodedata
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoTokenizer, GPT2TokenizerFast, PreTrainedTokenizerFast, XLMRobertaTokenizer

from nlp_ssl.cli import main
from nlp_ssl.corpus import joining, units
from nlp_ssl.corpus.finding import find_sources
from nlp_ssl.corpus.prepare import PrepareOptions, prepare
from nlp_ssl.corpus.reading import read_span
from nlp_ssl.corpus.scanning import scan
from nlp_ssl.corpus.sources import Source, Span
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import InputError

SENTENCES = [
    f"{who} {does} the {size} {thing} in the {place}. It was number {n}."
    for n, (who, does, size, thing, place) in enumerate(
        (who, does, size, thing, place)
        for who in ("Anna", "Bob", "Clara", "David")
        for does in ("saw", "found", "lost")
        for size in ("old", "small")
        for thing in ("house", "garden", "letter", "river")
        for place in ("morning", "city")
    )
]  # 192 texts of two sentences each


def make(text: Path | str | list[str], out: Path, **options: Any) -> Corpus:
    texts = tuple(text) if isinstance(text, list) else (str(text),)
    return prepare(PrepareOptions(**{"text": texts, "out": out, "vocab_size": 500, "processes": 1, **options}))


def documents(corpus: Corpus) -> int:
    return sum(counts.documents for counts in corpus.counts.values())


def texts(corpus: Corpus, split: str) -> list[str]:
    """The documents of a split, decoded, sentences joined by a bar."""
    tokenizer = AutoTokenizer.from_pretrained(corpus.tokenizer_folder)
    found = []
    for shard in corpus.shards(split):
        for first, last in pairwise(shard.document_offsets):
            bounds = shard.sentence_offsets[first : last + 1]
            sentences = [shard.tokens[a:b].tolist() for a, b in pairwise(bounds)]
            found.append("|".join(tokenizer.decode(s) for s in sentences))
    return found


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    file = tmp_path / "lines.txt"
    file.write_text("\n".join(SENTENCES) + "\n", encoding="utf-8")
    return file


# Formats


def write(file: Path, rows: list[str]) -> Path:
    """The rows in the format of the file's suffixes."""
    name = file.name.removesuffix(".gz").removesuffix(".zst")
    if name.endswith(".parquet"):
        sink = pa.BufferOutputStream()
        pq.write_table(pa.table({"text": rows, "label": [0] * len(rows)}), sink)
        content = sink.getvalue().to_pybytes()
    elif name.endswith(".jsonl"):
        content = "".join(json.dumps({"text": row, "label": 0}) + "\n" for row in rows).encode()
    elif name.endswith((".csv", ".tsv")):
        separator = "\t" if name.endswith("tsv") else ","
        content = "".join(f"{row}{separator}0\n" for row in ["text", *rows]).encode()
        content = content.replace(b"text" + separator.encode() + b"0", b"text" + separator.encode() + b"label")
    else:
        content = "".join(row + "\n" for row in rows).encode()
    if file.suffix == ".gz":
        content = gzip.compress(content)
    if file.suffix == ".zst":
        content = pytest.importorskip("zstandard").compress(content)
    file.write_bytes(content)
    return file


@pytest.mark.parametrize("compression", ["", ".gz", ".zst"])
@pytest.mark.parametrize("suffix", [".txt", ".jsonl", ".csv", ".tsv", ".parquet", ".log"])
def test_every_format_gives_the_same_corpus(tmp_path: Path, suffix: str, compression: str) -> None:
    plain = make(write(tmp_path / "plain.txt", SENTENCES), tmp_path / "plain", tokenizer="wordlevel")
    corpus = make(write(tmp_path / f"x{suffix}{compression}", SENTENCES), tmp_path / "other", tokenizer="wordlevel")
    assert corpus.fingerprint == plain.fingerprint
    assert documents(corpus) == 192
    assert corpus.counts["train"].sentences == 2 * corpus.counts["train"].documents


def test_a_declared_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tiny.toml").write_text('[corpus]\nmodule = "tiny_corpus"\n')
    (tmp_path / "tiny_corpus.py").write_text(
        "version = 1\n"
        "def sources(): return ['a', 'b']\n"
        "def identity(source): return f'{source} {version}'\n"
        "def documents(source): yield from (f'{source} {i}' for i in range(3))\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("nlp_ssl.declarations.folder", lambda kind: tmp_path)
    options = {"tokenizer": "wordlevel", "min_frequency": 1}
    corpus = make("tiny", tmp_path / "out", **options)
    assert documents(corpus) == 6
    assert make("tiny", tmp_path / "out", **options).fingerprint == corpus.fingerprint
    monkeypatch.setattr("tiny_corpus.version", 2)
    with pytest.raises(InputError, match=r"holds another corpus \(other text\)"):
        make("tiny", tmp_path / "out", **options)


# Documents


def test_default_documents(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "novels").mkdir()
    for i in range(4):
        (tmp_path / "novels" / f"{i}.txt").write_text("\n\n".join(SENTENCES[i::4]))
    assert documents(make(tmp_path / "novels", tmp_path / "1")) == 4
    assert "novels (4 files): a document is a file (one of several files)" in capsys.readouterr().err
    (tmp_path / "blocks.txt").write_text("\n\n".join("\n".join(SENTENCES[i : i + 2]) for i in range(0, 192, 2)))
    assert documents(make(tmp_path / "blocks.txt", tmp_path / "2")) == 96
    assert "a document is a block" in capsys.readouterr().err
    assert documents(make(tmp_path / "blocks.txt", tmp_path / "3", document=("line",))) == 192


def test_ranges_of_a_large_file_hold_whole_documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units, "UNIT_BYTES", 1000)
    for document, join in (("line", "\n"), ("block", "\n \n"), ("line", "\r\n")):
        file = tmp_path / "x.txt"
        file.write_bytes(join.join(SENTENCES).encode())
        source = Source(str(file), "text", bytes=file.stat().st_size, document=document)
        spans = [span for unit in units.units([source]) for span in unit]
        assert len(spans) > 5
        assert [text for span in spans for text in read_span(span)] == SENTENCES
    rows = write(tmp_path / "rows.jsonl", SENTENCES)
    rows.write_text(rows.read_text().replace(SENTENCES[150], "\\x"))
    spans = [span for unit in units.units(find_sources([str(rows)]).sources) for span in unit]
    with pytest.raises(InputError, match=r"rows\.jsonl:151: broken JSON"):
        [text for span in spans for text in read_span(span)]


def test_duplicates_and_empty_documents_are_dropped_and_counted(tmp_path: Path) -> None:
    file = tmp_path / "x.txt"
    file.write_text("\n".join([*SENTENCES, "  ", SENTENCES[0] + "  ", SENTENCES[3]]))
    corpus = make(file, tmp_path / "out", document=("line",))
    assert documents(corpus) == 192
    assert corpus.manifest["dropped"] == {"empty": 1, "duplicate": 2}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp949", "cp1252"])
def test_encodings_are_found(tmp_path: Path, encoding: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = "영화가 정말 재미있고 배우들의 연기가 훌륭했습니다. 다시 보고 싶어요." * 20
    if encoding == "cp1252":
        text = "Der Müller aß süße Äpfel und trank dazu für längere Zeit Öl aus der Küche. Schöne Grüße! " * 20
    file = tmp_path / "x.txt"
    file.write_bytes((text + "\nzwei\n").encode(encoding))
    source = scan(find_sources([str(file)]).sources[0], None)
    assert isinstance(source, Source)
    source = replace(source, document="line")
    assert list(read_span(Span(source))) == [text, "zwei"]
    corpus = make(file, tmp_path / "out", tokenizer="wordlevel", min_frequency=1, validation=0.0)
    assert documents(corpus) == 2
    assert ("not UTF-8, read as" in capsys.readouterr().err) == (encoding in ("cp949", "cp1252", "utf-16"))


# Tokenizers


@pytest.mark.parametrize("kind", ["wordpiece", "bpe", "unigram", "wordlevel"])
def test_a_trained_tokenizer_is_at_home_in_transformers(tmp_path: Path, lines: Path, kind: str) -> None:
    with lines.open("a", encoding="utf-8") as file:
        file.writelines(f"What a day {i} 👨‍👩‍👧 and so on 😂\n" for i in range(6))
    corpus = make(lines, tmp_path / "out", tokenizer=kind)
    tokenizer = AutoTokenizer.from_pretrained(corpus.tokenizer_folder)
    assert corpus.manifest["special_ids"] == {"pad": 0, "unk": 1, "cls": 2, "sep": 3, "mask": 4}
    assert len(tokenizer) == corpus.vocab_size == len(corpus.word_starts)
    one = tokenizer("Anna saw the river").input_ids
    pair = tokenizer("Anna saw", "the river")
    assert (one[0], one[-1], one.count(3)) == (2, 3, 1)
    assert pair.input_ids.count(3) == 2
    assert pair.token_type_ids[1] == 0 and pair.token_type_ids[-1] == 1
    assert tokenizer.decode(one, skip_special_tokens=True) == "anna saw the river"
    assert tokenizer.model_max_length == 512
    assert (tokenizer.bos_token_id, tokenizer.eos_token_id) == (2, 3)
    family = corpus.manifest["emoji_ids"]["👨‍👩‍👧"]
    assert tokenizer("a 👨‍👩‍👧 day").input_ids.count(family) == 1
    assert len(tokenizer("👨‍👩‍👧").input_ids) == 3
    starts = corpus.word_starts
    for shard in corpus.shards("train"):
        assert starts[shard.tokens[shard.sentence_offsets[:-1]]].all()  # a sentence begins with a word
    words = tokenizer("Anna saw the river", add_special_tokens=False).input_ids
    assert starts[words].sum() == 4


@pytest.mark.parametrize("kind", ["wordpiece", "bpe", "unigram", "wordlevel"])
def test_a_saved_tokenizer_normalises_as_the_corpus_does(tmp_path: Path, kind: str) -> None:
    text = "영화가 정말 재미있고 café Ångström 배우들의 연기가 훌륭했습니다"
    words = text.split()
    rows = [" ".join(words[i % 7 :] + words[: i % 7]) + f" {i}" for i in range(60)]
    composed = make(write(tmp_path / "c.txt", rows), tmp_path / "composed", tokenizer=kind)
    decomposed = write(tmp_path / "d.txt", [unicodedata.normalize("NFD", row) for row in rows])
    assert make(decomposed, tmp_path / "decomposed", tokenizer=kind).fingerprint == composed.fingerprint
    tokenizer = AutoTokenizer.from_pretrained(composed.tokenizer_folder)
    ids = tokenizer(text).input_ids
    assert 1 not in ids
    assert tokenizer(unicodedata.normalize("NFD", text)).input_ids == ids
    assert unicodedata.normalize("NFD", text) != text


def test_training_is_deterministic(tmp_path: Path, lines: Path) -> None:
    for kind in ("wordpiece", "unigram", "bpe"):
        made = {make(lines, tmp_path / f"{kind}{i}", tokenizer=kind).fingerprint for i in range(2)}
        assert len(made) == 1


def test_cased(tmp_path: Path, lines: Path) -> None:
    corpus = make(lines, tmp_path / "out", lowercase=False, tokenizer="wordlevel")
    assert {t.split()[0] for t in texts(corpus, "train")} == {"Anna", "Bob", "Clara", "David"}


def test_a_corpus_reads_back_as_written(tmp_path: Path, lines: Path) -> None:
    corpus = make(lines, tmp_path / "out", tokenizer="wordlevel")
    found = texts(corpus, "train") + texts(corpus, "validation")
    expected = [s.lower().replace(". ", " .|").replace("1.", "1 .") for s in SENTENCES]
    assert len(found) == 192
    assert {t.split("|")[0] for t in found} <= {t.split("|")[0] for t in expected}
    counts = corpus.counts["train"]
    kept = [s for s in SENTENCES if s.split(".")[0].lower() + " ." in {t.split("|")[0] for t in texts(corpus, "train")}]
    assert counts.bytes == sum(len(s.encode()) for s in kept)


def test_given_tokenizers(tmp_path: Path, lines: Path) -> None:
    trained = make(lines, tmp_path / "bert-like")
    same = make(lines, tmp_path / "same", tokenizer=str(trained.tokenizer_folder))
    assert same.counts == trained.counts
    assert same.manifest["special_ids"] == trained.manifest["special_ids"]
    assert (same.word_starts == trained.word_starts).all()

    bytes_bpe = make(lines, tmp_path / "bpe", tokenizer="bpe")
    layout = json.loads((bytes_bpe.tokenizer_folder / "tokenizer.json").read_text())["model"]
    gpt2 = GPT2TokenizerFast(vocab=layout["vocab"], merges=[tuple(m) for m in layout["merges"]], unk_token=None)
    gpt2.save_pretrained(tmp_path / "gpt2")
    corpus = make(lines, tmp_path / "with-gpt2", tokenizer=str(tmp_path / "gpt2"))
    assert len(set(corpus.manifest["special_ids"].values())) == 5
    tokenizer = AutoTokenizer.from_pretrained(corpus.tokenizer_folder)
    assert tokenizer("a b").input_ids[0] == corpus.manifest["special_ids"]["cls"]
    for shard in corpus.shards("train"):
        assert corpus.word_starts[shard.tokens[shard.sentence_offsets[:-1]]].all()


@pytest.mark.parametrize("lowercase", [True, False])
@pytest.mark.parametrize("kind", ["wordpiece", "bpe", "unigram", "wordlevel"])
def test_text_that_spells_special_tokens_is_text(
    tmp_path: Path, kind: str, lowercase: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    spelled = [f"[MASK] {text} [SEP] x[PAD]y 😂" if i % 4 == 0 else text for i, text in enumerate(SENTENCES)]
    lines = write(tmp_path / "x.txt", spelled)
    corpus = make(lines, tmp_path / "out", tokenizer=kind, lowercase=lowercase, document=("line",))
    tokens = np.concatenate([shard.tokens for split in ("train", "validation") for shard in corpus.shards(split)])
    assert not np.isin(tokens, [0, 2, 3, 4]).any()
    assert (tokens == corpus.manifest["emoji_ids"]["😂"]).sum() == 48
    assert corpus.manifest["special_tokens_in_text"] == 3 * 48
    assert "special tokens that the text spells, such as [MASK], read as text: 144" in capsys.readouterr().err
    given = make(lines, tmp_path / "given", tokenizer=str(corpus.tokenizer_folder), document=("line",))
    assert given.counts == corpus.counts
    tokenizer = AutoTokenizer.from_pretrained(corpus.tokenizer_folder)
    assert tokenizer("the [MASK]").input_ids.count(4) == 1  # a pipeline that fills masks still can


def test_a_given_tokenizer_never_reads_its_special_tokens_in_text(tmp_path: Path) -> None:
    lines = write(tmp_path / "x.txt", [f"{text} <mask></s> b<pad>" for text in SENTENCES])
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    letters = sorted(set("".join(SENTENCES)) | set("<>/sbmaskpd"))
    pieces = [*((s, 0.0) for s in special[:4]), ("▁", -2.0), *((c, -3.0) for c in letters if c != " ")]
    XLMRobertaTokenizer(vocab=[*pieces, ("<mask>", 0.0)]).save_pretrained(tmp_path / "given")
    corpus = make(lines, tmp_path / "out", tokenizer=str(tmp_path / "given"))
    tokens = np.concatenate([shard.tokens for shard in corpus.shards("train")])
    ids = corpus.manifest["special_ids"]
    assert not np.isin(tokens, list(ids.values())).any()
    assert corpus.manifest["special_tokens_in_text"] == 3 * 192
    tokenizer = AutoTokenizer.from_pretrained(corpus.tokenizer_folder)
    assert tokenizer("a</s>", split_special_tokens=True).tokens() == ["<s>", "▁", "a", "<", "/", "s", ">", "</s>"]


@pytest.mark.parametrize("kind", ["wordpiece", "bpe", "unigram"])
def test_long_words_are_known(tmp_path: Path, kind: str) -> None:
    rng = np.random.default_rng(0)
    rows = ["".join(rng.choice(list("acgt"), 300)) for _ in range(60)]
    corpus = make(write(tmp_path / "x.txt", rows), tmp_path / "out", tokenizer=kind, document=("line",))
    assert corpus.manifest["unknown_rate"] == 0.0
    assert corpus.counts["train"].tokens > 50 * 30  # they are cut, not taken whole


@pytest.mark.parametrize(("kind", "letters"), [("wordpiece", 1001), ("wordlevel", 30), ("given", 30)])
def test_text_that_is_mostly_unknown_is_refused(tmp_path: Path, lines: Path, kind: str, letters: int) -> None:
    rng = np.random.default_rng(0)
    rows = ["".join(rng.choice(list("가나다라"), letters)) for _ in range(60)]
    remedy = "use another tokenizer, or train one" if kind == "given" else "use --tokenizer bpe"
    if kind == "given":
        kind = str(make(lines, tmp_path / "english").tokenizer_folder)
    with pytest.raises(InputError, match=rf"100.0 % of the training tokens are unknown to it; {remedy}"):
        make(write(tmp_path / "x.txt", rows), tmp_path / "out", tokenizer=kind, document=("line",))
    assert not (tmp_path / "out").exists()


def test_a_large_vocabulary_takes_four_bytes_a_token(tmp_path: Path) -> None:
    lines = write(tmp_path / "lines.txt", [f"{'Anna ' * 9}Bob{i}" for i in range(60)])
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"w{i}" for i in range(70_000)), "Anna"]
    model = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    model.pre_tokenizer = pre_tokenizers.Whitespace()
    roles = {f"{role}_token": f"[{role.upper()}]" for role in ("pad", "unk", "cls", "sep", "mask")}
    PreTrainedTokenizerFast(tokenizer_object=model, **roles).save_pretrained(tmp_path / "large")
    corpus = make(lines, tmp_path / "out", tokenizer=str(tmp_path / "large"))
    tokens = corpus.shards("train")[0].tokens
    assert (tokens.dtype, corpus.vocab_size) == (np.uint32, 70_006)
    assert set(tokens.tolist()) == {1, 70_005}


def test_a_given_tokenizer_with_ids_that_have_no_token(tmp_path: Path, lines: Path) -> None:
    words = sorted({word for text in SENTENCES for word in re.findall(r"\w+|[^\w\s]", text)})
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = {word: 3 * i for i, word in enumerate([*special, *words])}
    model = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    model.pre_tokenizer = pre_tokenizers.Whitespace()
    roles = {f"{role}_token": f"[{role.upper()}]" for role in ("pad", "unk", "cls", "sep", "mask")}
    PreTrainedTokenizerFast(tokenizer_object=model, **roles).save_pretrained(tmp_path / "holes")
    corpus = make(lines, tmp_path / "out", tokenizer=str(tmp_path / "holes"))
    assert corpus.vocab_size == 3 * (len(vocabulary) - 1) + 1 == len(corpus.word_starts)
    assert corpus.manifest["special_ids"] == {"pad": 0, "unk": 3, "cls": 6, "sep": 9, "mask": 12}
    assert Vocabulary.of(corpus).ordinary.tolist() == [vocabulary[word] for word in words]


# Validation


def test_validation_is_by_hash_so_adding_text_moves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "x.txt"
    file.write_text("\n".join(SENTENCES[:150]))
    before = make(file, tmp_path / "1", validation=0.2, tokenizer="wordlevel", min_frequency=1)
    file.write_text("\n".join(SENTENCES))
    after = make(file, tmp_path / "2", validation=0.2, tokenizer="wordlevel", min_frequency=1)
    assert 15 <= before.counts["validation"].documents <= 45
    assert set(texts(before, "validation")) <= set(texts(after, "validation"))
    assert set(texts(before, "train")) <= set(texts(after, "train"))


def test_validation_is_like_train(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for n in range(3):
        story = [f"{s} Chapter {n} goes on." for s in SENTENCES[n::3]]
        (folder / f"novel{n}.txt").write_text("\n\n".join(story * 8))
    rng = np.random.default_rng(1)
    words = [f"w{i}" for i in range(500)]
    reviews = [" ".join(rng.choice(words, rng.integers(3, 30))).capitalize() + "." for _ in range(1500)]
    (folder / "reviews.txt").write_text("\n".join(reviews))
    corpus = make(folder, tmp_path / "out")
    novels, lines = corpus.manifest["sources"]
    assert (novels["documents"], novels["document"]) == (3, "file")
    assert (lines["documents"], lines["document"]) == (1500, "line")
    for source in (novels, lines):
        assert 0.03 < source["validation_bytes"] / (source["train_bytes"] + source["validation_bytes"]) < 0.08
    assert corpus.manifest["documents"] == {"read": 1503, "divided": 3, "pieces": 9}
    assert documents(corpus) == 1500 + 9 - corpus.manifest["dropped"]["duplicate"]
    printed = capsys.readouterr().err
    assert "1,503 documents; 3 long ones give a part to validation" in printed and "warning" not in printed
    held_out = {text for text in texts(corpus, "validation") if "chapter" in text}
    assert len(held_out) == 3
    (folder / "novel3.txt").write_text("\n\n".join(f"Another {s}" for s in SENTENCES * 4))
    more = make(folder, tmp_path / "more", tokenizer=str(corpus.tokenizer_folder))
    assert held_out < set(texts(more, "validation"))


def test_few_documents_still_have_validation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "x.txt"
    file.write_text("\n".join(SENTENCES[:3]))
    assert make(file, tmp_path / "3").counts["validation"].documents == 1
    assert make(file, tmp_path / "0", validation=0.0).counts["validation"].documents == 0
    file.write_text(SENTENCES[0])
    capsys.readouterr()
    alone = make(file, tmp_path / "1")
    assert (alone.counts["train"].documents, alone.counts["validation"].documents) == (1, 0)
    said = capsys.readouterr().err
    assert "no validation split" in said and "train and validation differ" not in said
    assert alone.shards("validation") == ()


# The same corpus, however it comes about


def test_one_and_two_processes_and_any_cut_make_the_same(
    tmp_path: Path, lines: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = make(lines, tmp_path / "one")
    two = make(lines, tmp_path / "two", processes=2)
    monkeypatch.setattr(joining, "SHARD_TOKENS", 1000)
    monkeypatch.setattr(units, "UNIT_BYTES", 2000)
    cut = make(lines, tmp_path / "cut")
    assert one.fingerprint == two.fingerprint
    assert len(cut.shards("train")) > 2
    tokens = [np.concatenate([s.tokens for s in c.shards("train")]) for c in (one, cut)]
    assert (tokens[0] == tokens[1]).all()
    assert one.counts == cut.counts


KILLED = """
import sys
from importlib import import_module
from nlp_ssl.corpus import units
units.UNIT_BYTES = 1000
def slowly(*work):
    import time
    time.sleep(0.1)
    return original(*work)
module, stage = sys.argv[1].split(":")
module = import_module(f"nlp_ssl.corpus.{module}")
original = getattr(module, stage)
setattr(module, stage, slowly)
from nlp_ssl.cli import main
sys.exit(main(["prepare", *sys.argv[2:], "--vocab-size", "500", "--processes", "1"]))
"""


@pytest.mark.parametrize("stage", ["reading:read_unit", "encoding:encode_documents", "prepare:join_shards"])
def test_a_killed_run_goes_on_to_the_same_corpus(
    tmp_path: Path, lines: Path, stage: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "killed"
    folder = {"reading": "work/text/*.json", "encoding": "work/pieces/*.json", "prepare": "tokenizer/*.npy"}[
        stage.partition(":")[0]
    ]
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, stage, str(lines), "--out", str(out)], stderr=subprocess.DEVNULL
    )
    while process.poll() is None and not list(out.glob(folder)):
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert (out / "work").is_dir() and not (out / "manifest.json").exists()
    with pytest.raises(InputError, match="did not finish: run the same"):
        Corpus.open(out)
    with pytest.raises(InputError, match=r"holds another unfinished preparation \(other --language\)"):
        make(lines, out, language="de")
    monkeypatch.setattr(units, "UNIT_BYTES", 1000)
    resumed = make(lines, out)
    assert "continuing an unfinished preparation" in capsys.readouterr().err
    assert resumed.fingerprint == make(lines, tmp_path / "whole").fingerprint
    assert not (out / "work").exists()


def test_a_finished_corpus_is_left_alone(tmp_path: Path, lines: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = make(lines, tmp_path / "out")
    capsys.readouterr()
    again = make(lines, tmp_path / "out", processes=2)
    assert "already exists" in capsys.readouterr().err
    assert again.fingerprint == first.fingerprint
    with pytest.raises(InputError, match=r"holds another corpus \(other --vocab-size, --min-frequency\)"):
        make(lines, tmp_path / "out", vocab_size=400, min_frequency=1)
    lines.write_text("other text\n" * 3)
    with pytest.raises(InputError, match=r"holds another corpus \(other text\)"):
        make(lines, tmp_path / "out")


# Wrong input


def problem(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The errors that a wrong command prints before it exits with status 2."""
    capsys.readouterr()
    assert main(["prepare", *map(str, arguments), "--processes", "1"]) == 2
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("nlp-ssl: error: ")]
    return "\n".join(line.removeprefix("nlp-ssl: error: ") for line in errors)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"", "FILE: no text in it (1 empty"),
        ("a.txt", b" \n\n ", "FILE: no text in it"),
        ("a.txt", b"ab\0c", "FILE: a binary file (it has NUL bytes)"),
        ("a.bin", b"\x89PNG\0\xff\xc3", "FILE: a binary file (it has NUL bytes)"),
        ("a.txt", b"abc \xc3\xa9\nx \xff y", "FILE: byte 9 is not UTF-8; repair the file or name its encoding"),
        ("a.txt", b"abc \xc3", "FILE: byte 4 is not UTF-8"),
        ("a.txt.gz", b"no gzip", "FILE: damaged gzip file"),
        ("a.txt.gz", gzip.compress(b"text " * 999, mtime=0)[:-12], "FILE: damaged gzip file"),
        ("a.jsonl", b'{"text": "a"}\n\n{"text": "b"\n', "FILE:3: broken JSON (Expecting ',' delimiter)"),
        ("a.jsonl", b'["text"]\n', "FILE:1: not a JSON object"),
        ("a.jsonl", b'{"body": "a", "label": 1}\n', "FILE:1: no column 'text', there is 'body', 'label'; name the one"),
        ("a.jsonl", b'{"text": "a"}\n{"text": 7}\n', "FILE:2: 'text' holds int '7', not text"),
        ("a.csv", b"body,label\na,1\n", "FILE:1: no column 'text', there is 'body', 'label'"),
        ("a.csv", b"text,label\na,1\nb\n", "FILE:3: 1 columns, the header has 2"),
        ("a.csv", b'text,label\n"a,1\n', "FILE:2: broken CSV"),
        ("a.tsv", b"text\tlabel\na\t1\t2\n", "FILE:2: 3 columns, the header has 2"),
        ("a.parquet", b"PAR1", "FILE: not a readable Parquet file"),
    ],
)  # fmt: skip
def test_bad_files(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes, message: str) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    assert problem(capsys, file, "--out", tmp_path / "out").startswith(message.replace("FILE", str(file)))
    assert not (tmp_path / "out").exists()


def test_several_mistakes_are_reported_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "novels").mkdir()
    wrong = problem(capsys, tmp_path / "novel", "nowhere.txt", "*.nothing", "--out", tmp_path / "out")
    assert wrong.splitlines() == [
        f"{tmp_path}/novel: no such file or folder; did you mean 'novels'?",
        "nowhere.txt: no such file or folder; check the path",
        "*.nothing: no file matches",
    ]
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("gone.txt")
    wrong = problem(capsys, tmp_path / "pipe", tmp_path / "link", "--out", tmp_path / "out")
    assert wrong.splitlines() == [
        f"{tmp_path}/pipe: not a regular file; prepare reads its input twice, so write it to a file first",
        f"{tmp_path}/link: a broken link to gone.txt; repair the link",
    ]
    (tmp_path / "a.txt").write_bytes(b"a\0")
    (tmp_path / "b.txt").write_bytes(b"b \xc3\xa9 \xff")
    assert len(problem(capsys, tmp_path / "a.txt", tmp_path / "b.txt", "--out", tmp_path / "out").splitlines()) == 2
    wrong = problem(capsys, "x", "--out", "y", "--vocab-size", 3, "--validation", 2, "--min-frequency", 0)
    assert [line.split()[0] for line in wrong.splitlines()] == ["--vocab-size", "--min-frequency", "--validation"]


def test_bad_options(tmp_path: Path, lines: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert "no such encoding" in problem(capsys, lines, "--out", out, "--encoding", "utf8000")
    assert "has no rows" in problem(capsys, lines, "--out", out, "--document", "row")
    assert "byte 0 is not UTF-16" in problem(capsys, lines, "--out", out, "--encoding", "utf-16")
    wrong = problem(capsys, lines, "--out", out, "--tokenizer", tmp_path / "none")
    known = "wordpiece, bpe, unigram, wordlevel"
    assert wrong.startswith(f"--tokenizer {tmp_path}/none: no such folder; to train one, name one of {known}")
    wrong = problem(capsys, lines, "--out", out, "--tokenizer", lines)
    assert wrong.startswith(f"--tokenizer {lines} is a file: give the folder that holds it")
    rows = write(tmp_path / "a.jsonl", SENTENCES)
    assert "leave --document out" in problem(capsys, rows, "--out", out, "--document", "line")
    assert not out.exists()


def test_a_folder_that_is_not_free_is_refused_before_anything_is_read(tmp_path: Path, capsys) -> None:
    lines, mine = write(tmp_path / "a.txt", SENTENCES), tmp_path / "mine"
    (mine / "kept").mkdir(parents=True)
    for out, message in (
        (mine, f"{mine}: exists and is not a corpus; choose another --out"),
        (lines, f"{lines} is a file: choose another --out"),
        (lines / "below", f"{lines} is a file: choose another --out"),
    ):
        assert main(["prepare", str(lines), "--out", str(out)]) == 2
        assert capsys.readouterr().err.splitlines() == [f"nlp-ssl: error: {message}"]
    assert [*mine.iterdir()] == [mine / "kept"]


def test_single_surrogates_are_counted(tmp_path: Path, capsys) -> None:
    broken = ['{"text": "Cut: \\ud83d, and whole: \\ud83d\\ude02."}', '{"text": "Two more: \\udc00\\ud800."}']
    (tmp_path / "a.jsonl").write_text("\n".join([*broken, *(f'{{"text": "Sentence {i}."}}' for i in range(50))]))
    corpus = prepare(PrepareOptions(text=(str(tmp_path / "a.jsonl"),), out=tmp_path / "out", vocab_size=300))
    assert corpus.manifest["replaced_surrogates"] == 3
    assert "broken characters (single surrogates of JSON) replaced by U+FFFD: 3" in capsys.readouterr().err


def test_a_full_disk_is_one_sentence_and_loses_nothing(
    tmp_path: Path, lines: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(joining, "write_shard", full)
        with pytest.raises(
            InputError, match="no space left on device; free some space, then run the command again to continue"
        ):
            make(lines, tmp_path / "out")
    assert make(lines, tmp_path / "out").fingerprint == make(lines, tmp_path / "other").fingerprint


def test_help_is_fast_and_light() -> None:
    light = "import sys, nlp_ssl.corpus.prepare; print([m for m in ('torch', 'transformers', 'datasets', 'pandas') if m in sys.modules])"  # noqa: E501
    assert subprocess.check_output([sys.executable, "-c", light], text=True).strip() == "[]"


def test_a_failing_plug_in_leaves_a_preparation_that_can_be_continued(
    tmp_path: Path, lines: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr("nlp_ssl.corpus.reading.clean", broken)
        with pytest.raises(ZeroDivisionError):
            make(lines, tmp_path / "out")
    assert make(lines, tmp_path / "out").fingerprint == make(lines, tmp_path / "other").fingerprint


@pytest.mark.parametrize("left", [[], ["work"], ["work", "work/plan.json.77.writing"]])
def test_a_folder_that_was_only_begun_is_taken(tmp_path: Path, lines: Path, left: list[str]) -> None:
    (tmp_path / "out").mkdir()
    for name in left:
        (tmp_path / "out" / name).touch() if "." in name else (tmp_path / "out" / name).mkdir()
    assert documents(make(lines, tmp_path / "out")) == 192


def test_names_that_are_not_utf_8_and_escape_sequences(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for n, name in enumerate(("b\udcff.txt", "c\x1b]0;owned\x07.txt", "d\n.txt", "e\u202etxt.exe")):
        (folder / name).write_text("\n".join(SENTENCES[n::4]))
    (folder / "f\x1b[31m.png").write_bytes(b"a\0")
    assert main(["prepare", str(folder), "--out", str(tmp_path / "out"), "--processes", "1"]) == 0
    assert main(["prepare", str(folder / "f\x1b[31m.png"), "--out", str(tmp_path / "no"), "--processes", "1"]) == 2
    printed = "".join(capfd.readouterr())
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\udc80-\udcff]", printed)
    assert "f\\x1b[31m.png: a binary file" in printed
    assert Corpus.open(tmp_path / "out").manifest["documents"]["read"] == 4


# Whatever lies in a folder

NAMES = st.sampled_from(
    [
        *("a.txt", "b.txt", "c.csv", "d.tsv", "e.jsonl", "f.json", "g.md", "LICENSE", ".hidden", "sub/h.txt"),
        *("sub/deep/i", "j.gz", "k.txt.gz", "l.txt.zst", "m.parquet", "n.conll", "o.conllu", "p\udcff.txt"),
        *("q\x1b[2J.txt", "r.toml", "s.bin"),
    ]
)
CONTENTS = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace")),
    st.lists(st.text(st.characters(codec="utf-8"), max_size=20), max_size=9).map(lambda rows: "\n".join(rows).encode()),
    st.lists(st.text(max_size=20), max_size=5).map(
        lambda rows: "".join(json.dumps({"text": row}) + "\n" for row in rows).encode()
    ),
    st.lists(st.text('ab ,"\r\n\t', max_size=9), max_size=5).map(lambda rows: "\n".join(["text,n", *rows]).encode()),
    st.text(max_size=40).map(lambda text: gzip.compress(text.encode("utf-8", "replace"))),
    st.text(max_size=40).map(lambda text: text.encode("utf-16", "replace")),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(NAMES, CONTENTS, max_size=6), st.sampled_from(["auto", "line", "block", "7-characters"]))
def test_any_folder_gives_a_corpus_or_a_sentence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], tree: dict[str, bytes], document: str
) -> None:
    with tempfile.TemporaryDirectory(dir=tmp_path) as temporary:
        folder, out = Path(temporary) / "in", Path(temporary) / "out"
        folder.mkdir()
        for name, content in tree.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        flags = ["--tokenizer", "bpe", "--vocab-size", "300", "--processes", "1", "--document", document]
        capfd.readouterr()
        status = main(["prepare", str(folder), "--out", str(out), *flags])
        printed = "".join(capfd.readouterr())
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\udc80-\udcff]", printed)
        if status == 2:
            problems = [line for line in printed.splitlines() if line.startswith("nlp-ssl: error: ")]
            assert problems and all(len(line) < 500 for line in problems)
            assert not out.exists()
            return
        assert status == 0
        manifest = json.loads((out / "manifest.json").read_text())
        assert manifest["files"] + sum(some["files"] for some in manifest["not_read"].values()) == len(tree)
        counts, dropped = manifest["documents"], manifest["dropped"]
        written = sum(split["documents"] for split in manifest["splits"].values())
        assert counts["read"] + counts["pieces"] - counts["divided"] == written + sum(dropped.values())


def test_reserved_tokens_are_in_the_manifest_and_are_no_text(tmp_path: Path) -> None:
    source = write(tmp_path / "a.txt", [f"a <extra_id_0> in text {i % 7}, and [R] {i % 5}" for i in range(60)])
    corpus = make(source, tmp_path / "corpus", sentinels=10)
    size = corpus.vocab_size
    assert corpus.manifest["sentinel_ids"] == [*range(size - 13, size - 3)]
    assert corpus.manifest["mode_ids"] == {"[R]": size - 3, "[S]": size - 2, "[X]": size - 1}
    vocabulary = Vocabulary.of(corpus)
    assert vocabulary.sentinels == (*range(size - 13, size - 3),) and vocabulary.modes["[X]"] == size - 1
    assert vocabulary.counts[size - 13 :].tolist() == [0] * 13  # what a text spells stays text
    assert vocabulary.ordinary[-1] == size - 14
    tokenizer = AutoTokenizer.from_pretrained(corpus.tokenizer_folder)
    assert set(range(size - 13, size)) <= set(tokenizer.all_special_ids)
    assert make(source, tmp_path / "none", sentinels=0).vocab_size == size - 13


@pytest.mark.parametrize("place", ["tokenizer", "model", "corpus", "run"])
def test_the_tokenizer_of_a_corpus_or_a_run_is_found_in_its_folder(tmp_path: Path, place: str) -> None:
    source = write(tmp_path / "a.txt", [f"a text {i % 7}, and more {i % 5}" for i in range(60)])
    corpus = make(source, tmp_path / "corpus")
    shutil.copytree(corpus.tokenizer_folder, tmp_path / "run" / "model")
    names = {"tokenizer": corpus.tokenizer_folder, "model": tmp_path / "run" / "model"}
    given = names.get(place, tmp_path / place)
    other = make(source, tmp_path / "other", tokenizer=str(given), vocab_size=PrepareOptions.vocab_size)
    one, two = (folder.tokenizer_folder / "tokenizer.json" for folder in (corpus, other))
    assert one.read_bytes() == two.read_bytes()


def test_options_of_training_are_named_where_a_tokenizer_is_given(tmp_path: Path, capsys) -> None:
    source = write(tmp_path / "a.txt", [f"a text {i % 7}, and more {i % 5}" for i in range(60)])
    given = str(make(source, tmp_path / "corpus").tokenizer_folder)
    capsys.readouterr()
    make(source, tmp_path / "other", tokenizer=given, vocab_size=PrepareOptions.vocab_size, sentinels=20)
    said = capsys.readouterr().err
    assert f"warning: --sentinels: only for a tokenizer that is trained; --tokenizer {given} is taken as it is" in said
    make(source, tmp_path / "more", tokenizer=given, vocab_size=PrepareOptions.vocab_size)
    assert "only for a tokenizer" not in capsys.readouterr().err


def test_two_columns_of_a_row_are_two_sentences(tmp_path: Path, capsys) -> None:
    rows = [{"title": f"News {n}", "body": f"{text}\nThe end of {n}."} for n, text in enumerate(SENTENCES)]
    rows[3]["title"] = " \n"
    rows[4]["body"] = None
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    corpus = make(tmp_path / "a.jsonl", tmp_path / "out", pair_columns=("title", "body"))
    assert "a document is a row, columns 'title' and 'body'" in capsys.readouterr().err
    assert (documents(corpus), corpus.manifest["dropped"]["empty"]) == (190, 2)
    found = [text for split in ("train", "validation") for text in texts(corpus, split)]
    whole = [f"news {n}|{rows[n]['body']}".replace("\n", " ").lower() for n in range(192) if n not in (3, 4)]
    assert sorted(text.replace(" .", ".") for text in found) == sorted(whole)
    assert all((np.diff(shard.document_offsets) == 2).all() for shard in corpus.shards("train"))
    assert (
        make(tmp_path / "a.jsonl", tmp_path / "out", pair_columns=("title", "body")).fingerprint == corpus.fingerprint
    )


def test_a_long_pair_stays_whole(tmp_path: Path) -> None:
    rows = [{"a": f"part {n} " * 4000, "b": f"other {n} " * 4000} for n in range(8)]  # over 16 kB each
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    corpus = make(tmp_path / "a.jsonl", tmp_path / "out", pair_columns=("a", "b"), vocab_size=300)
    sizes = [
        size for split in corpus.counts for shard in corpus.shards(split) for size in np.diff(shard.document_offsets)
    ]
    assert sizes == [2] * 8


AB = {"pair_columns": ("a", "b")}


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("a.txt", AB, "a.txt: no columns in it; --pair-columns reads .jsonl, .csv, .tsv and .parquet"),
        (
            "a.csv",
            {"pair_columns": ("a", "c")},
            "a.csv:1: no column 'c', there is 'a', 'b'; name the one with",
        ),
        ("a.csv", {"pair_columns": ("a", "a")}, "--pair-columns is a a: name two columns"),
        (
            "a.csv",
            {"pair_columns": ("a", "b", "x")},
            "--pair-columns is a b x: name two columns, after",
        ),
        ("a.csv", {**AB, "text_column": ("a",)}, "--pair-columns and --text-column exclude each other"),
        ("a.csv", {**AB, "sentences": "kiwi"}, "--sentences is kiwi: with --pair-columns each column is a sentence"),
        ("a.csv", {**AB, "document": ("9-characters",)}, "--document 9-characters would cut pairs"),
    ],
)
def test_wrong_pairs_are_a_sentence(tmp_path: Path, name: str, options: dict[str, Any], message: str) -> None:
    (tmp_path / name).write_text("a,b\nOne text.,another text\n", encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(message)):
        make(tmp_path / name, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()
