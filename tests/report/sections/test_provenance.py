from pathlib import Path

from nlp_ssl.report.blocks import Listing, Table
from nlp_ssl.report.sections.provenance import provenance
from tests.comparison.worlds import write_comparison


def test_facts_and_commands(tmp_path: Path) -> None:
    table, commands, _ = provenance(write_comparison(tmp_path)).blocks
    assert isinstance(table, Table) and isinstance(commands, Listing)
    facts = {str(row.cells[0]): row.cells[1] for row in table.rows}
    assert facts["corpus"] == "novels, fingerprint 1f2e3d4c5b6a7988, language ko"
    assert facts["hardware"] == "cpu; 2 cores, 8 GiB, Linux"
    assert facts["precision"] == "bf16 on cpu"
    assert commands.text == "nlp-ssl compare mlm clm sop --corpus corpora/novels --budget 2M-tokens --seeds 2"
