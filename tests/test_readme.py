"""The commands of the README, run as they stand on a small text of the same shape."""

import csv
import itertools
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from nlp_ssl import registry
from nlp_ssl.corpus import pydocs

REPOSITORY = Path(__file__).parent.parent
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")

TESTED = re.findall(r"<!-- tested -->\n```sh\n(.*?)```", README, re.DOTALL)

SHORTER = {"--budget 10M-tokens": "--budget 20-steps", "--model.size mini": "--model.size tiny", "16384": "2048"}


@pytest.mark.slow
def test_the_commands_run(tmp_path: Path) -> None:
    documents = list(itertools.islice(pydocs.documents("python"), 60))
    (tmp_path / "novels").mkdir()
    for number, document in enumerate(documents):
        (tmp_path / "novels" / f"{number}.txt").write_text(document, encoding="utf-8")
    sentences = [paragraph for document in documents for paragraph in document.split("\n\n")]
    (tmp_path / "tasks" / "sst2").mkdir(parents=True)
    for split, some in {"train": sentences[:120], "dev": sentences[120:160]}.items():
        with (tmp_path / "tasks" / "sst2" / f"{split}.tsv").open("w", encoding="utf-8", newline="") as file:
            rows = [(sentence, int("the" in sentence)) for sentence in some]
            csv.writer(file, delimiter="\t").writerows([("sentence", "label"), *rows])

    [block] = TESTED
    for long, short in SHORTER.items():
        assert long in block, f"the README no longer says {long!r}"
        block = block.replace(long, short)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # where `nlp-ssl` is
    for command in block.strip().splitlines():
        done = subprocess.run(
            command, shell=True, cwd=tmp_path, env={**os.environ, "PATH": path}, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"

    for result in (
        "corpora/novels/manifest.json",
        "corpora/novels/tokenizer/tokenizer.json",
        "runs/mlm/metrics.jsonl",
        "runs/mlm/recipe.toml",
        "runs/mlm/model/config.json",
        "scores/mlm-sst2/scores.json",
    ):
        assert (tmp_path / result).is_file(), result


def test_its_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)", README):
        assert (REPOSITORY / target).exists(), target


def test_no_figure_is_missing() -> None:
    assert "TODO-FIGURE" not in README


FAMILIES = (
    "word vectors",
    "language models",
    "classes of tokens",
    "order of text",
    "encoder-decoders",
    "bottlenecks",
    "contrast",
    "labels in the text",
)
"""Of objectives, in the order of the table."""

BODIES = {"static": "static vectors", "encoder": "encoder", "decoder": "decoder", "seq2seq": "encoder-decoder"}


def test_the_table_of_objectives_agrees_with_the_registry() -> None:
    """Each objective has one row, with its kind of model, and the paper that it names first."""
    lines = re.findall(r"^\| ([a-z -]+) \| `(\w+)` \| (.+) \| (.+) \| (.+) \|$", README, re.MULTILINE)
    rows = {name: row for _, name, *row in lines}
    problems = []
    for name in registry.names("objectives"):
        objective = registry.find("objectives", name)()
        model, paper = BODIES[objective.body], objective.paper
        if name not in rows:
            line = f"| FAMILY | `{name}` | what it predicts | {model} | {paper} |"
            problems.append(
                f"add to the README, FAMILY one of {', '.join(FAMILIES)}, the paper as author and year: {line}"
            )
            continue
        _, of_model, of_paper = rows[name]
        author, year = re.match(r"([\w ]+?)(?: et al\.| and .+?)? (\d{4})", of_paper).groups()
        if of_model.split(",")[0] != model or author not in paper or year not in paper:
            problems.append(f"correct the README's row of {name}: its model is {model}, its paper {paper}")
    problems += [f"remove {name} from the README" for name in rows if name not in registry.names("objectives")]
    assert not problems, "\n".join(problems)
    families = [family for family, *_ in lines]
    assert len(lines) == len(rows) and families == sorted(families, key=FAMILIES.index) and set(families) == {*FAMILIES}
