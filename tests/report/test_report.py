import csv
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from nlp_ssl import cli
from nlp_ssl.comparison.results_file import COLUMNS, write_results
from nlp_ssl.errors import InputError
from nlp_ssl.report.report import write_report
from tests.comparison.worlds import KOREAN, TASKS, World, write_comparison

SURE = World(seeds=4, finetuning_seeds=4, examples=300)
"""Enough seeds to find the true differences."""

VOID = {"meta", "link", "br", "img", "input", "hr", "wbr"}


class Page(HTMLParser):
    """The content of an HTML file: texts by tag, and attributes. Fails if tags do not nest."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[tuple[str, str]] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.append((self.open[-1], data))

    def of(self, *tags: str) -> list[str]:
        return [text for tag, text in self.texts if tag in tags]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], str]:
    """A comparison with its report: the folder, its results, the answer."""
    folder = tmp_path_factory.mktemp("comparison")
    results = write_comparison(folder, SURE)
    return folder, results, write_report(folder)


def test_the_answer(made: tuple[Path, dict[str, Any], str]) -> None:
    assert re.sub(r"[+−]?\d+\.\d", "N", made[2]) == (
        "mlm (on every task, by N to N points) and clm (on every task, by N to N points) are significantly better than "
        "random initialisation (chance for zero-shot tasks). sop does not differ significantly from random "
        "initialisation (chance for zero-shot tasks). "
        "mlm is significantly better than all other objectives. "
        "The largest differences are mlm over sop on sst2, N [N, N]; mlm over sop on nsmc, N [N, N]; "
        "mlm over sop on blimp, N [N, N]. The best objective scores above every simple baseline on every task."
    )


def test_the_answer_is_read_first(made: tuple[Path, dict[str, Any], str]) -> None:
    page = Page((made[0] / "report.html").read_text(encoding="utf-8"))
    assert page.of("h2")[0] == "The answer"
    assert [text for text in page.of("p") if text.strip()][1] == made[2]


def test_nothing_is_loaded_from_outside(made: tuple[Path, dict[str, Any], str]) -> None:
    html = (made[0] / "report.html").read_text(encoding="utf-8")
    page = Page(html)
    loading = ("src", "href", "srcset", "xlink:href", "data", "action", "poster", "background")
    links = [value for tag, name, value in page.attributes if (tag, name) == ("a", "href")]
    assert all(value.startswith(("#", "https://")) for value in links)
    assert not [value for tag, name, value in page.attributes if name in loading and tag != "a"]
    assert not {"script", "link", "img", "iframe", "object", "base"} & {tag for tag, _, _ in page.attributes}
    assert "<script" not in html and "url(" not in html and "@import" not in html and "@font-face" not in html


def test_links_within_the_page_lead_somewhere(made: tuple[Path, dict[str, Any], str]) -> None:
    page = Page((made[0] / "report.html").read_text(encoding="utf-8"))
    names = [value for _, name, value in page.attributes if name == "id"]
    links = [value[1:] for _, name, value in page.attributes if name == "href" and value.startswith("#")]
    assert len(set(names)) == len(names)
    assert links and set(links) < set(names)


def test_texts_of_a_corpus_or_a_task_are_escaped(made: tuple[Path, dict[str, Any], str]) -> None:
    html = (made[0] / "report.html").read_text(encoding="utf-8")
    assert KOREAN in Page(html).of("td")
    assert TASKS["nsmc"] in Page(html).of("td")
    assert "<b>어느" not in html and "<긍정" not in html


def test_every_raw_score_is_in_the_files_beside_it(made: tuple[Path, dict[str, Any], str]) -> None:
    folder, results, _ = made
    with (folder / "scores.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [float(line["score"]) for line in lines] == [score["score"] for score in results["scores"]]
    empty = {None: ""}
    assert [lines[0][c] for c in COLUMNS] == [str(empty.get(v, v)) for c in COLUMNS for v in [results["scores"][0][c]]]
    markdown = (folder / "report.md").read_text(encoding="utf-8")
    assert all(f"| {score['score']} |" in markdown for score in results["scores"])


def test_the_same_results_give_the_same_bytes(made: tuple[Path, dict[str, Any], str]) -> None:
    files = [made[0] / name for name in ("report.html", "report.md", "scores.csv", "differences.csv")]
    before = [file.read_bytes() for file in files]
    write_report(made[0])
    assert [file.read_bytes() for file in files] == before


def test_baselines_are_rows_of_every_table_of_labelled_tasks(made: tuple[Path, dict[str, Any], str]) -> None:
    markdown = (made[0] / "report.md").read_text(encoding="utf-8")
    titles = ("All tasks", "Fine-tuned on 100 labels", "Linear probe on frozen vectors, 100 labels")
    for title in titles:
        table = markdown.split(f"### {title}\n\n")[1].split("\n\n")[0]
        models = [line.split(" | ")[0].removeprefix("| ") for line in table.splitlines()[2:]]
        assert models == [
            *("mlm", "clm", "sop"),
            *(
                "decoder, random initialisation",
                "encoder, random initialisation",
                "random vectors",
                "majority class",
                "TF-IDF + linear model",
            ),
        ]


def test_one_pretraining_seed_is_anecdotal_and_has_no_p_values(tmp_path: Path) -> None:
    write_comparison(tmp_path, World(seeds=1))
    assert write_report(tmp_path).startswith("With one pretraining seed these results are anecdotal")
    markdown = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "anecdotal; MDE" in markdown
    assert not re.search(r"p (<|\d\.)", markdown)


def test_unequal_budgets_precede_the_scores(tmp_path: Path) -> None:
    write_comparison(tmp_path, World(uneven=1.2))
    write_report(tmp_path)
    start = (tmp_path / "report.md").read_text(encoding="utf-8").split("## Scores")[0]
    assert "> **Note:** Tokens should be equal, but the largest is 1.20 times the smallest." in start


def test_a_failed_run_is_named_and_the_rest_is_reported(tmp_path: Path) -> None:
    write_comparison(tmp_path, World(seeds=2, failed="sop"))
    write_report(tmp_path)
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert "RuntimeError: out of <memory> | at step 7" in page.of("td")
    markdown = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "1 job failed; its results are missing" in markdown
    assert "One pretraining seed of sop" in markdown


def test_tasks_at_chance_are_flagged_and_left_out(tmp_path: Path) -> None:
    write_comparison(tmp_path, World(examples=60, skill={}, seeds=3, objectives=("sop", "emoji")))
    results = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    for score in results["scores"]:
        if score["task"] == "nsmc" and score["role"] == "objective":
            majority = next(s for s in results["scores"] if s["model"] == "majority" and s["task"] == "nsmc")
            score |= {"outputs": majority["outputs"], "score": majority["score"]}
    write_results(tmp_path, results)
    write_report(tmp_path)
    markdown = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "nsmc (no objective differs significantly from the majority class)" in markdown.split("## Scores")[0]
    assert "nsmc<br>accuracy<br>⚑ at chance" in markdown


def test_a_comparison_without_scores_yet_is_reported_too(tmp_path: Path) -> None:
    results = write_comparison(tmp_path)
    write_results(tmp_path, results | {"scores": [], "matrix": []})
    assert write_report(tmp_path) == "There are no scores yet."


def test_the_command(made: tuple[Path, dict[str, Any], str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["report", str(made[0])]) == 0
    captured = capsys.readouterr()
    assert captured.out == made[2] + "\n"
    assert str(made[0] / "report.html") in captured.err


def test_wrong_input_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no results.json: give the --out folder"):
        write_report(tmp_path)
    results = write_comparison(tmp_path)
    (tmp_path / "results.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="is damaged"):
        write_report(tmp_path)
    write_results(tmp_path, results | {"format": 1})
    with pytest.raises(InputError, match="has format 1, not 6"):
        write_report(tmp_path)
    for changed in (results | {"scores": {}}, {k: v for k, v in results.items() if k != "runs"}, {"format": 6}):
        (tmp_path / "results.json").write_text(json.dumps(changed), encoding="utf-8")
        with pytest.raises(InputError, match="is damaged or was edited: run `nlp-ssl compare` again"):
            write_report(tmp_path)
    write_results(tmp_path, results)
    (tmp_path / results["scores"][0]["outputs"]).unlink()
    with pytest.raises(InputError, match=r"lacks 1 file.* first: run"):
        write_report(tmp_path)
    assert not (tmp_path / "report.html").exists()
