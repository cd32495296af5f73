"""Jobs that failed."""

from __future__ import annotations

from nlp_ssl.comparison.results_file import Results
from nlp_ssl.report.blocks import Block, Paragraph, Section, Table, TableRow


def failures(results: Results) -> Section:
    """Each failed job with its error."""
    rows = [TableRow([entry["job"], entry["error"]]) for entry in results["failures"]]
    block: Block = Table("", ["job", "error"], rows, prose=True) if rows else Paragraph("No job failed.")
    return Section("failures", "Failures", [block])
