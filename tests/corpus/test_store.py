import json
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pytest
from datasets import Dataset

from nlp_ssl.checksums import checksum
from nlp_ssl.corpus.store import Corpus, read_shard, write_shard
from nlp_ssl.errors import InputError
from tests.worlds import write_corpus


@pytest.mark.parametrize("dtype", [np.uint16, np.uint32])
def test_a_shard_reads_back_and_datasets_reads_it_too(tmp_path: Path, dtype) -> None:
    tokens = np.array([1, 2, 3, 4], dtype)
    write_shard(tmp_path / "a.arrow", tokens, np.array([0, 1, 3, 4], np.int32), np.array([0, 2, 3], np.int32))
    shard = read_shard(tmp_path / "a.arrow")
    assert (shard.tokens.tolist(), shard.tokens.dtype) == ([1, 2, 3, 4], dtype)
    assert shard.sentence_offsets.tolist() == [0, 1, 3, 4]
    assert shard.document_offsets.tolist() == [0, 2, 3]
    assert Dataset.from_file(str(tmp_path / "a.arrow"))["sentences"][:] == [[[1], [2, 3]], [[4]]]


def test_damaged_shards(tmp_path: Path) -> None:
    (tmp_path / "a.arrow").write_bytes(b"no arrow")
    with pytest.raises(InputError, match=r"a\.arrow: damaged shard"):
        read_shard(tmp_path / "a.arrow")


def test_a_folder_without_a_corpus(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"make one with `nlp-ssl prepare TEXT\.\.\. --out FOLDER`"):
        Corpus.open(tmp_path)
    (tmp_path / "work").mkdir()
    with pytest.raises(InputError, match="run the same `nlp-ssl prepare` again"):
        Corpus.open(tmp_path)


def test_a_corpus_without_its_manifest_is_named_with_a_remedy(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    (corpus.folder / "manifest.json").unlink()
    with pytest.raises(InputError, match=r"manifest\.json is missing: delete the folder and prepare the corpus again"):
        Corpus.open(corpus.folder)


def edit(corpus: Corpus, **changes: object) -> None:
    path = corpus.folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_corpus_of_another_version_is_refused(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    edit(corpus, format=2)
    with pytest.raises(InputError, match="corpus format 2, this version reads 1"):
        Corpus.open(corpus.folder)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", "[" * 100_000, '{"format": 1}', '{"format": 1, "splits": 3}']
)
def test_a_damaged_manifest_is_one_short_sentence_with_a_remedy(content: str, tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    (corpus.folder / "manifest.json").write_text(content)
    with pytest.raises(
        InputError, match=r"manifest\.json(: | is )damaged.*delete the folder and prepare the corpus again"
    ) as error:
        Corpus.open(corpus.folder)
    assert len(str(error.value)) < len(str(tmp_path)) + 300


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("name", ["train/00000.arrow", "validation/00000.arrow", "tokenizer/tokenizer.json"])
def test_a_flipped_bit_is_noticed(name: str, place: float, tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    file = corpus.folder / name
    content = bytearray(file.read_bytes())
    if name.endswith("arrow"):  # among the tokens: Arrow pads buffers, and nobody reads the padding
        tokens = corpus.shards(name.split("/")[0])[0].tokens.tobytes()
        place_of = content.index(tokens) + int(place * len(tokens))
    else:
        place_of = int(place * len(content))
    content[place_of] ^= 4
    file.write_bytes(content)
    with pytest.raises(InputError, match="damaged") as error:
        Corpus.open(corpus.folder)
    assert "delete the folder and prepare the corpus again" in str(error.value)


@pytest.mark.parametrize("name", ["train/00000.arrow", "validation/00000.arrow", "tokenizer/tokenizer.json"])
def test_a_missing_or_cut_file_is_noticed(name: str, tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    file = corpus.folder / name
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(InputError, match="delete the folder and prepare the corpus again"):
        Corpus.open(corpus.folder)
    file.unlink()
    with pytest.raises(InputError, match="delete the folder and prepare the corpus again"):
        Corpus.open(corpus.folder)


def test_files_with_a_checksum_in_the_manifest_are_checked(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    name = "tokenizer/word_starts.npy"
    edit(corpus, checksums={name: checksum(corpus.folder / name)})
    Corpus.open(corpus.folder)
    edit(corpus, checksums={name: "00"})
    with pytest.raises(InputError, match=r"prepare` wrote tokenizer/word_starts\.npy; delete the folder"):
        Corpus.open(corpus.folder)


def test_counts_and_arrays_that_disagree_are_noticed(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    splits = json.loads((corpus.folder / "manifest.json").read_text())["splits"]
    splits["train"]["tokens"] += 1
    edit(corpus, splits=splits)
    with pytest.raises(InputError, match="the manifest says"):
        Corpus.open(corpus.folder).shards("train")
    (corpus.tokenizer_folder / "word_starts.npy").write_bytes(b"x")
    with pytest.raises(InputError, match=r"word_starts\.npy: damaged"):
        _ = corpus.word_starts


def test_the_fingerprint_covers_format_ids_tokenizer_and_arrays(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    expected = blake2b(b'nlp_ssl corpus 1 {"pad": 0, "unk": 1, "cls": 2, "sep": 3, "mask": 4}', digest_size=16)
    expected.update((corpus.tokenizer_folder / "tokenizer.json").read_bytes())
    for split in ("train", "validation"):
        expected.update(split.encode())
        for s in corpus.shards(split):
            for array in (s.tokens, s.sentence_offsets, s.document_offsets):
                expected.update(array.tobytes())
    assert corpus.fingerprint == expected.hexdigest()
