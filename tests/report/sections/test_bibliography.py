from nlp_ssl.report.blocks import Bibliography, Reference
from nlp_ssl.report.papers import OBJECTIVES, STATISTICS
from nlp_ssl.report.sections.bibliography import bibliography, reference
from tests.report.boards import board


def keys(papers: list[str], scored: bool) -> list[str]:
    section = bibliography({"objectives": [{"paper": paper} for paper in papers]}, [board({"a": [0]})] * scored)
    (block,) = section.blocks
    assert isinstance(block, Bibliography)
    return [entry.key for entry in block.references]


def test_each_paper_is_listed_once_by_key() -> None:
    bert, bart = "Devlin et al., BERT, NAACL 2019, section 3.1", "Lewis et al., BART, ACL 2020, section 2.2"
    assert keys([f"{bart}; {bert}", bert], scored=False) == ["Devlin et al., 2019", "Lewis et al., 2020"]


def test_scores_cite_the_statistics() -> None:
    statistics = ["Banerjee, 1961", "Holm, 1979", "Satterthwaite, 1946", "Sellam et al., 2022"]
    assert keys([], scored=True) == statistics == [entry.key for entry in STATISTICS]


def test_papers_of_plug_ins_are_quoted() -> None:
    assert reference("Doe et al., A Title, ACL 2030, section 4") == Reference("Doe et al.", "A Title, ACL 2030")
    assert reference("Doe et al., BERT") not in OBJECTIVES.values()
