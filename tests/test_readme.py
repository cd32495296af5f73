"""The commands of the README, run as they stand on a small text of the same shape."""

import csv
import itertools
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

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
