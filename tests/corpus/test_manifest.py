import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from nlp_ssl.corpus.manifest import check_unknown, is_finished, make_manifest, print_summary, settings_of
from nlp_ssl.corpus.options import Options
from nlp_ssl.corpus.sources import Source
from nlp_ssl.errors import InputError

OPTIONS = Options(text=("a.txt",), out=Path("x"), processes=1)
SOURCE = Source("a.txt", "text", bytes=9, hash="12", document="line")


def test_settings_leave_out_what_does_not_change_the_corpus() -> None:
    settings = settings_of(OPTIONS, [SOURCE])
    assert settings == settings_of(replace(OPTIONS, out=Path("y"), processes=7, text=("b",)), [SOURCE])
    assert settings != settings_of(replace(OPTIONS, language="de"), [SOURCE])
    assert not {"text", "out", "processes"} & set(settings["options"])


@pytest.mark.parametrize(("file", "finished"), [("manifest.json", True), ("work/plan.json", False)])
def test_a_folder_with_the_same_or_other_settings(tmp_path: Path, file: str, finished: bool) -> None:
    settings = settings_of(OPTIONS, [SOURCE])
    assert not is_finished(tmp_path / "new", settings)
    (tmp_path / "work").mkdir()
    (tmp_path / file).write_text(json.dumps(settings))
    assert is_finished(tmp_path, settings) == finished
    assert is_finished(tmp_path, settings_of(OPTIONS, [replace(SOURCE, name="moved.txt")])) == finished
    other = settings_of(replace(OPTIONS, lowercase=False), [replace(SOURCE, hash="34")])
    with pytest.raises(InputError, match=r"\(other --lowercase, text\); choose another --out or delete it"):
        is_finished(tmp_path, other)


def test_a_folder_with_something_else(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    with pytest.raises(InputError, match="exists and is not a corpus; choose another --out"):
        is_finished(tmp_path, settings_of(OPTIONS, [SOURCE]))


@pytest.mark.parametrize(
    ("unknown", "said"), [(10, ""), (11, "1.1 % of the training tokens are unknown"), (200, "20.0 %")]
)
def test_many_unknown_tokens_are_warned_of(unknown: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    check_unknown({"train": Counter(tokens=1000, unknown=unknown)}, "wordlevel")
    printed = capsys.readouterr().err
    assert said in printed and bool(printed) == bool(said)


def test_too_many_unknown_tokens_are_refused() -> None:
    with pytest.raises(
        InputError, match=r"--tokenizer wordlevel: 20.1 % of the training tokens .* use --tokenizer bpe"
    ):
        check_unknown({"train": Counter(tokens=1000, unknown=201)}, "wordlevel")


def test_rates_and_summary(capsys: pytest.CaptureFixture[str]) -> None:
    train = Counter(documents=2, sentences=3, tokens=2000, bytes=8000, words=1600, unknown=10)
    counts = {"train": train, "validation": Counter(documents=1, sentences=1, tokens=5, bytes=20)}
    manifest = make_manifest(
        settings_of(OPTIONS, [SOURCE]), counts, Counter(duplicate=1, empty=0),
        fingerprint="ab", vocab_size=300, emoji_ids={},
    )  # fmt: skip
    assert (manifest["bytes_per_token"], manifest["tokens_per_word"], manifest["unknown_rate"]) == (4.0, 1.25, 0.005)
    assert manifest["splits"]["validation"] == {
        "documents": 1, "sentences": 1, "tokens": 5, "bytes": 20, "unknown": 0, "unknown_bytes": 0,
    }  # fmt: skip
    assert (manifest["document"], manifest["language"]) == (["line"], "en")
    print_summary(manifest, 3_000_000, 2.0)
    lines = capsys.readouterr().err.splitlines()
    assert "dropped: 1 duplicate" in lines[-4]
    assert "vocabulary 300 (0 emoji), 0.500 % unknown, 1.25 tokens per word, 4.00 bytes per token" in lines[-3]
    assert "3.0 MB in 2s, 1.5 MB/s" in lines[-2]
    assert "fingerprint ab" in lines[-1]
