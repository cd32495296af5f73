"""The papers of the objectives and of the statistics."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nlp_ssl.comparison.board import Board
from nlp_ssl.comparison.results_file import Results
from nlp_ssl.report.blocks import Bibliography, Reference, Section
from nlp_ssl.report.papers import OBJECTIVES, STATISTICS


def bibliography(results: Results, boards: Sequence[Board]) -> Section:
    """Each paper once, by key."""
    cited = [paper for entry in results["objectives"] for paper in entry["paper"].split("; ") if paper]
    references = dict.fromkeys([*map(reference, cited), *(STATISTICS if boards else ())])
    return Section("bibliography", "Bibliography", [Bibliography(sorted(references, key=lambda r: r.key))])


def reference(paper: str) -> Reference:
    """The reference of an objective's paper; a paper that is not known here is quoted as it is, without a link."""
    for beginning, known in OBJECTIVES.items():
        if paper.startswith(beginning):
            return known
    authors, _, rest = re.sub(r", section .*", "", paper).partition(", ")
    return Reference(authors, rest)
