import pytest

from nlp_ssl.objectives.base import Objective
from nlp_ssl.objectives.contrastive import LOSS_PAPERS, VIEW_PAPERS, Contrastive
from nlp_ssl.registry import find, names
from nlp_ssl.report.papers import OBJECTIVES, STATISTICS


@pytest.mark.parametrize(
    "objective",
    [
        *(find("objectives", name)() for name in names("objectives")),
        *(Contrastive(loss=loss) for loss in LOSS_PAPERS),
        *(Contrastive(views=views) for views in VIEW_PAPERS),
    ],
    ids=lambda objective: objective.paper,
)
def test_every_objective_has_its_papers(objective: Objective) -> None:
    for paper in objective.paper.split("; "):
        assert sum(paper.startswith(beginning) for beginning in OBJECTIVES) == 1, paper


def test_keys_are_unique_and_links_are_https() -> None:
    papers = [*OBJECTIVES.values(), *STATISTICS]
    assert len({paper.key for paper in papers}) == len(papers)
    assert all(paper.link.startswith("https://") for paper in papers if paper.link)
