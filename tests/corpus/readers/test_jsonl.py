from pathlib import Path

from nlp_ssl.corpus.readers.jsonl import JsonLines
from nlp_ssl.corpus.sources import Source, Span


def span(file: Path, content: str) -> Span:
    file.write_text(content, encoding="utf-8")
    return Span(Source(str(file), "jsonl", bytes=file.stat().st_size))


def test_objects_may_have_different_keys(tmp_path: Path) -> None:
    text = '{"text": "a"}\n\n{"n": [1, null], "text": "b\\n"}\n'
    assert list(JsonLines().rows(span(tmp_path / "a", text))) == [
        (1, {"text": "a"}),
        (3, {"n": [1, None], "text": "b\n"}),
    ]


def test_broken_lines_are_problems(tmp_path: Path) -> None:
    text = '{"a": \n[1]\n' + "[" * 100_000 + '\n{"a": 1}\n'
    found = list(JsonLines().rows(span(tmp_path / "a", text)))
    assert [line for line, _ in found] == [1, 2, 3, 4]
    assert found[0][1] == "broken JSON (Expecting value); each line must be one JSON object"
    assert found[1][1] == "not a JSON object; each line must be one"
    assert "broken JSON" in found[2][1]
    assert found[3][1] == {"a": 1}


def test_a_key_that_occurs_twice_is_a_problem_where_its_column_is_needed(tmp_path: Path) -> None:
    text = '{"text": "a", "id": 1, "text": "b"}\n{"text": "c", "of": {"n": 1, "n": 2}}\n'
    file = span(tmp_path / "a", text)
    problem = (1, "the key 'text' occurs twice; keep one of them")
    others = (2, {"text": "c", "of": {"n": 2}})
    assert list(JsonLines().rows(file)) == list(JsonLines().rows(file, ["text"])) == [problem, others]
    assert list(JsonLines().rows(file, ["id"])) == [(1, {"text": "b", "id": 1}), others]


def test_a_null_is_an_empty_document(tmp_path: Path) -> None:
    assert list(JsonLines().documents(span(tmp_path / "a", '{"text": null}\n{"text": "b"}'), "text")) == ["", "b"]
