import random
from pathlib import Path

import pytest

from nlp_ssl.corpus.inputs import Inputs, scan_sources
from nlp_ssl.corpus.options import PrepareOptions
from nlp_ssl.corpus.workers import Workers
from nlp_ssl.errors import InputError


def scanned(*text: Path, **options: tuple[str, ...]) -> Inputs:
    return scan_sources(
        PrepareOptions(text=tuple(map(str, text)), out=Path("x"), processes=1, **options), Workers(None)
    )


def documents(inputs: Inputs) -> dict[str, str]:
    return {Path(source.name).name: source.document for source in inputs.sources}


def reviews(n: int) -> str:
    rng = random.Random(1)
    words = [f"w{i}" for i in range(500)]
    return "".join(" ".join(rng.choices(words, k=rng.randrange(3, 30))) + ".\n" for _ in range(n))


def story(n: int) -> str:
    """Lines that share words with the lines around them, as those of a novel do."""
    rng = random.Random(2)
    return "".join(" ".join(f"w{i // 5 * 5 + rng.randrange(20)}" for _ in range(9)) + "\n" for i in range(n))


def test_each_source_has_its_document_kind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.txt").write_text("a\nb\n")
    (tmp_path / "b.jsonl").write_text('{"text": "a"}\n')
    assert documents(scanned(tmp_path)) == {"a.txt": "line", "b.jsonl": "row"}
    printed = capsys.readouterr().err
    assert f"{tmp_path}/a.txt: a document is a line (no blank lines)" in printed
    assert f"{tmp_path}/b.jsonl: a document is a row, column 'text'" in printed
    assert documents(scanned(tmp_path / "a.txt", document=("block",))) == {"a.txt": "block"}


def test_a_list_of_reviews_beside_novels_has_a_document_in_each_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "two", "three"):
        (tmp_path / f"{name}.txt").write_text(story(1000))
    (tmp_path / "blank.txt").write_text("A paragraph.\n\n" * 300)
    (tmp_path / "reviews.txt").write_text(reviews(3000))
    kinds = documents(scanned(tmp_path))
    assert kinds == dict.fromkeys(("one.txt", "two.txt", "three.txt", "blank.txt"), "file") | {"reviews.txt": "line"}
    printed = capsys.readouterr().err
    assert f"{tmp_path} (4 files): a document is a file (one of several files)" in printed
    assert f"{tmp_path}/reviews.txt: a document is a line (lines that have nothing to do with their" in printed


def test_options_for_some_sources(tmp_path: Path) -> None:
    (tmp_path / "novels").mkdir()
    (tmp_path / "novels" / "a.txt").write_text("a\n\nb\n")
    (tmp_path / "lines.txt").write_bytes("é\nb\n".encode("cp1252"))
    (tmp_path / "reviews.csv").write_text("body,text\na,1\n")
    inputs = scanned(
        tmp_path,
        document=("novels=block", "lines.*=line"),
        text_column=("*/reviews.csv=body",),
        encoding=("lines.txt=cp1252",),
    )
    assert documents(inputs) == {"a.txt": "block", "lines.txt": "line", "reviews.csv": "row"}
    by_name = {Path(source.name).name: source for source in inputs.sources}
    assert by_name["reviews.csv"].text_column == "body"
    assert (by_name["lines.txt"].encoding, by_name["a.txt"].encoding) == ("cp1252", "utf-8")


def test_a_rule_that_fits_some_sources_is_for_these(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a\nb\n")
    (tmp_path / "b.jsonl").write_text('{"text": "a"}\n')
    assert documents(scanned(tmp_path, document=("file",))) == {"a.txt": "file", "b.jsonl": "row"}
    cut = scanned(tmp_path, document=("500-characters",)).sources
    assert [(source.document, source.characters) for source in cut] == [("characters", 500)] * 2


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("a.txt", {"document": ("row",)}, "a.txt: --document row, but a text file has no rows; use file, line"),
        ("a.csv", {"document": ("line",)}, "a.csv: --document line, but it has rows; leave --document out"),
        ("a.csv", {"document": ("*.csv=line",)}, "a.csv: --document line, but it has rows; leave --document out"),
        ("a.txt", {"document": ("page",)}, "--document page: choose auto, file, line, block, row or a length such as"),
        ("a.txt", {"document": ("*.md=line",)}, r"--document \*.md=line: no source matches '\*.md', there are .*a.txt"),
        ("a.txt", {"encoding": ("utf8000",)}, "--encoding utf8000: no such encoding; use for example utf-8"),
        ("a.txt", {"encoding": ("a*=utf8000",)}, "--encoding utf8000: no such encoding; use for example utf-8"),
        ("empty.txt", {}, "empty.txt: no text in it"),
    ],
)  # fmt: skip
def test_options_that_do_not_fit(tmp_path: Path, name: str, options: dict[str, tuple[str, ...]], message: str) -> None:
    (tmp_path / name).write_text("" if name.startswith("empty") else "text\na\n")
    with pytest.raises(InputError, match=message):
        scanned(tmp_path / name, **options)


def test_files_of_a_folder_that_are_no_text_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, content in (
        ("a.txt", b"text"),
        ("b.md", b"text"),
        ("README", b"text"),
        ("c.png", b"\x89PNG\0"),
        ("d.txt", b"a\0b"),
        ("e.bin", b"\xfd\x81 no NUL"),
        ("f.txt", b""),
        (".hidden.txt", b"text"),
    ):
        (tmp_path / name).write_bytes(content)
    inputs = scanned(tmp_path)
    assert sorted(documents(inputs)) == ["README", "a.txt", "b.md"]
    found = {reason: [Path(name).name for name in names] for reason, names in inputs.not_read.items()}
    assert found == {
        "hidden": [".hidden.txt"],
        "binary": ["c.png", "d.txt"],
        "not UTF-8 and without a known suffix": ["e.bin"],
        "empty": ["f.txt"],
    }
    printed = capsys.readouterr().err
    assert all(part in printed for part in ("not read: 2 binary: ", "/c.png, ", "/d.txt; 1 hidden: "))
    with pytest.raises(InputError, match=r"c\.png: a binary file"):
        scanned(tmp_path / "c.png")
