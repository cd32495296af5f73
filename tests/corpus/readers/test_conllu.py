from pathlib import Path

from nlp_ssl.corpus.readers.conllu import FIELDS, Conllu
from nlp_ssl.corpus.sources import Source, Span


def span(file: Path, content: str) -> Span:
    file.write_text(content, encoding="utf-8")
    return Span(Source(str(file), "conllu", bytes=file.stat().st_size))


def line(number: str, form: str, upos: str) -> str:
    return "\t".join([number, form, "_", upos, *["_"] * 6]) + "\n"


SENTENCES = (
    "# sent_id = 1\n# text = vámonos #1\n"
    + line("1-2", "vámonos", "_")
    + line("1", "vamos", "VERB")
    + line("2", "nos", "PRON")
    + line("2.1", "va", "VERB")
    + line("3", "#1", "SYM")
    + "\n"
    + line("1", "no", "INTJ")
)


def test_ranges_empty_nodes_and_comments_are_skipped(tmp_path: Path) -> None:
    (first, one), (second, two) = Conllu().rows(span(tmp_path / "a", SENTENCES))
    assert (first, second) == (4, 9)
    assert (one["form"], one["upos"]) == (["vamos", "nos", "#1"], ["VERB", "PRON", "SYM"])
    assert one["text"] == "vámonos #1"
    assert list(two) == list(FIELDS)
    assert (two["id"], two["form"], two["misc"]) == (["1"], ["no"], ["_"])


def test_a_line_without_ten_columns_spoils_its_sentence_only(tmp_path: Path) -> None:
    text = line("1", "a", "X") + "2 b X\n\n" + line("1", "c", "Y")
    problem, (number, row) = Conllu().rows(span(tmp_path / "a", text))
    assert problem == (2, "1 columns, CoNLL-U has 10, separated by tabs")
    assert (number, row["form"]) == (4, ["c"])


def test_documents_are_the_texts_of_sentences(tmp_path: Path) -> None:
    assert list(Conllu().documents(span(tmp_path / "a", SENTENCES), "text")) == ["vámonos #1", "no"]
