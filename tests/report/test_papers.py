import pytest

from nlp_ssl.registry import find, names
from nlp_ssl.report.papers import OBJECTIVES, STATISTICS


@pytest.mark.parametrize("name", list(names("objectives")))
def test_every_objective_has_its_papers(name: str) -> None:
    for paper in find("objectives", name).paper.split("; "):
        assert sum(paper.startswith(beginning) for beginning in OBJECTIVES) == 1, paper


def test_keys_are_unique_and_links_are_https() -> None:
    papers = [*OBJECTIVES.values(), *STATISTICS]
    assert len({paper.key for paper in papers}) == len(papers)
    assert all(paper.link.startswith("https://") for paper in papers if paper.link)
