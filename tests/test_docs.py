"""The documentation: its links lead somewhere, its recipes load, its worked example runs."""

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from nlp_ssl import recipe_files, registry
from nlp_ssl.cli import main
from nlp_ssl.tasks.declaration import load_task
from tests.worlds import write_corpus

ROOT = Path(__file__).parents[1]
FILES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "benchmarks").rglob("*.md"))]


def without_code(text: str) -> str:
    return re.sub(r"```.*?```|`[^`\n]*`", lambda code: "x" if "\n" in code[0] else code[0].strip("`"), text, flags=re.S)


def anchors(file: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a file."""
    headings = re.findall(r"^#+ (.+)$", without_code(file.read_text(encoding="utf-8")), re.M)
    return {re.sub(r"[^\w\- ]", "", re.sub(r"\]\([^)]*\)", "", h).lower()).replace(" ", "-") for h in headings}


def broken_links(file: Path) -> list[str]:
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", file.read_text(encoding="utf-8")):
        if re.match(r"https?://", link):
            continue
        path, _, anchor = link.partition("#")
        target = (file.parent / path).resolve() if path else file
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    return broken


@pytest.mark.parametrize("file", FILES, ids=[str(f.relative_to(ROOT)) for f in FILES])
def test_links_lead_to_files_and_headings(file: Path) -> None:
    assert broken_links(file) == []


def test_broken_links_are_found(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# A `name`: here\n")
    page = tmp_path / "page.md"
    links = "[1](other.md#a-name-here) [2](other.md#no) [3](none.md) [4](https://x.org)"
    page.write_text(f"{links}\n```sh\n# no\n```\n[5](#no)")
    assert broken_links(page) == ["other.md#no", "none.md", "#no"]


def test_every_decision_is_in_the_index() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"^- \[.*\]\((.+)\)$", (folder / "README.md").read_text(encoding="utf-8"), re.M)
    assert sorted(listed) == sorted(f.name for f in folder.glob("*.md") if f.name != "README.md")


RECIPES = [
    (file.name, block)
    for file in FILES
    for block in re.findall(r"<!-- recipe -->\n```toml\n(.*?)```", file.read_text(encoding="utf-8"), re.S)
]


@pytest.mark.parametrize(("name", "block"), RECIPES, ids=[name for name, _ in RECIPES])
def test_recipes_load(name: str, block: str, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(block, encoding="utf-8")
    recipe_files.load(str(tmp_path / "mine.toml"))


def test_every_objective_is_described() -> None:
    text = (ROOT / "docs" / "objectives.md").read_text(encoding="utf-8")
    built_in = {f.stem for f in (ROOT / "nlp_ssl" / "objectives").glob("[a-z]*.py")} - {"base", "mixture"}
    assert set(re.findall(r"^\| \[`(\w+)`\]", text, re.M)) == built_in


def test_every_head_is_described() -> None:
    text = (ROOT / "docs" / "objectives.md").read_text(encoding="utf-8")
    table = text[text.index("\n### Heads\n") :]
    built_in = {f.stem for f in (ROOT / "nlp_ssl" / "heads").glob("[a-z]*.py")}
    known = {name for name in registry.names("heads") if name in built_in}
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.M)) == known and len(known) == 19


def test_every_option_is_described() -> None:
    text = (ROOT / "docs" / "objectives.md").read_text(encoding="utf-8")
    described = text[: text.index("\n## Recipes") + 3]
    sections = dict(re.findall(r"^### (.+?)\n(.*?)(?=^##)", described, re.M | re.S))
    sections["cbow"] = sections["skip_gram"] = sections.pop("cbow and skip_gram")
    for name, section in sections.items():
        options = {field.name for field in fields(registry.find("objectives", name))} - {"weight"}
        missing = [option for option in sorted(options) if f"`{option}`" not in section]
        assert missing == [], f"{name}: {missing}"


def test_the_declared_task_loads(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "tasks.md").read_text(encoding="utf-8")
    [block] = re.findall(r"<!-- task -->\n```toml\n(.*?)```", text, re.S)
    (tmp_path / "sst2.toml").write_text(block, encoding="utf-8")
    assert load_task(str(tmp_path / "sst2.toml")).labels == ("negative", "positive")


def test_the_worked_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs" / "objectives.md").read_text(encoding="utf-8")
    files = dict(re.findall(r"<!-- file: (\S+) -->\n```python\n(.*?)```", text, re.S))
    assert sorted(files) == ["moved_token.py", "shuffled_tokens.py"]
    for name, code in files.items():
        (tmp_path / name).write_text(code, encoding="utf-8")
    plugins = [word for name in files for word in ("--plugin", str(tmp_path / name))]
    monkeypatch.setattr(registry, "_plugins", [])
    monkeypatch.setattr(registry, "_named", {group: {} for group in registry.GROUPS})
    corpus = str(write_corpus(tmp_path / "corpus", documents=80).folder)
    small = ["--model.size", "tiny", "--batch.max-length", "32", "--batch.tokens", "256", "--precision", "fp32"]
    words = ["shuffled_tokens", "--corpus", corpus, *plugins]
    assert main(["show", *words]) == 0
    assert main(["pretrain", *words, *small, "--out", str(tmp_path / "run"), "--budget", "2-steps"]) == 0
    assert (tmp_path / "run" / "model" / "model.safetensors").is_file()
    last = json.loads((tmp_path / "run" / "metrics.jsonl").read_text().splitlines()[-1])
    assert "accuracy" in last["validation"] and "learned" not in last["validation"]  # two classes are no tokens
    wrong = files["shuffled_tokens.py"].replace("ids = batch.ids.copy()", "ids = batch.ids")
    (tmp_path / "in_place.py").write_text(wrong.replace("shuffled_tokens", "in_place"), encoding="utf-8")
    words = ["in_place", "--corpus", corpus, "--plugin", str(tmp_path / "in_place.py"), *plugins[2:]]
    status = main(["pretrain", *words, *small, "--out", str(tmp_path / "wrong"), "--budget", "2-steps"])
    assert status == 2 and not (tmp_path / "wrong").exists()


def test_files_named_by_the_architecture_exist() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = {path for path in re.findall(r"`([\w/]+(?:\.py|/))`", text) if "/" in path}
    assert len(named) > 20
    assert [p for p in sorted(named) if not (ROOT / p).exists() and not (ROOT / "nlp_ssl" / p).exists()] == []
