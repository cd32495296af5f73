"""How the results were made: corpus, hardware, versions and commands."""

from __future__ import annotations

from nlp_ssl.comparison.results_file import Results, finished_runs
from nlp_ssl.report.blocks import Listing, Paragraph, Section, Table, TableRow


def provenance(results: Results) -> Section:
    """Everything needed to repeat the comparison."""
    corpus, machine = results["corpus"], results["machine"]
    facts = {
        "corpus": f"{corpus['name']}, fingerprint {corpus['fingerprint']}, language {corpus['language']}",
        "corpus size": f"{corpus['documents']:,} documents, {corpus['sentences']:,} sentences, "
        f"{corpus['tokens']:,} tokens, {corpus['bytes']:,} bytes; vocabulary of {corpus['vocab_size']:,}",
        "hardware": f"{machine['device']}; {machine['cores']} cores, {machine['memory_bytes'] / 2**30:.0f} GiB, "
        f"{machine['system']}",
        "precision": ", ".join(
            dict.fromkeys(f"{run['precision']} on {run['device']}" for run in finished_runs(results))
        ),
        "versions": ", ".join(f"{name} {version}" for name, version in results["versions"].items()),
        "date": results["date"],
    }
    rows = [TableRow([name, text]) for name, text in facts.items()]
    files = "Every raw score is in report.md and scores.csv beside this page, everything else in results.json."
    table, commands = Table("", [], rows, prose=True), Listing("Commands", "\n".join(results["commands"]))
    return Section("provenance", "How these results were made", [table, commands, Paragraph(files)])
