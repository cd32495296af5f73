"""How fast and how large is `nlp-ssl prepare`?

    python benchmarks/prepare.py novels/ reviews.jsonl:ko tweets.txt

Speed: the encoding stage of `prepare` (sentences, tokens, writing) against `Tokenizer.encode_batch` of the `tokenizers`
library with as many threads on the same documents, which only makes token objects in memory. The two take turns.
Memory: the peak of the resident memory of all processes together, for the text once and for three different
copies of it (each line or row marked, so that no copy is dropped as a duplicate).
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from nlp_ssl.console import table

PREPARE = [sys.executable, "-m", "nlp_ssl.cli", "prepare"]

BASELINE = """
import sys, time
from tokenizers import Tokenizer
tokenizer = Tokenizer.from_file(sys.argv[1])
texts = open(sys.argv[2], encoding="utf-8").read().split("\\n")
began = time.perf_counter()
tokenizer.encode_batch(texts, add_special_tokens=False)
print(time.perf_counter() - began)
"""


def run(texts: list[str], language: str, out: Path, processes: int) -> tuple[dict, float]:
    """Prepare a corpus; returns its manifest and the peak memory of all processes in MB."""
    command = [*PREPARE, *texts, "--out", str(out), "--language", language, "--processes", str(processes)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, resident(process.pid))
            time.sleep(0.02)
        if process.returncode:
            raise SystemExit(process.stderr.read())
    return json.loads((out / "manifest.json").read_text(encoding="utf-8")), peak / 1e6


def resident(pid: int) -> float:
    """Bytes of memory of a process and those below it; pages they share count for each in proportion."""
    total = 0
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total = int(line.split()[1]) * 1024
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:  # it has just ended
        return 0
    return total + sum(resident(int(child)) for child in children)


def clean_paragraphs(texts: list[str], file: Path) -> int:
    """The paragraphs that `prepare` encodes, one a line; returns their bytes."""
    from nlp_ssl.corpus.documents import clean
    from nlp_ssl.corpus.inputs import scan_sources
    from nlp_ssl.corpus.options import Options
    from nlp_ssl.corpus.reading import read_span
    from nlp_ssl.corpus.units import units
    from nlp_ssl.corpus.workers import Workers

    sources = scan_sources(Options(text=tuple(texts), out=file.with_suffix(""), processes=1), Workers(None)).sources
    with file.open("w", encoding="utf-8") as sink:
        for unit in units(sources):
            for span in unit:
                for raw in read_span(span):
                    sink.write(clean(raw, span.source.width) + "\n")
    return file.stat().st_size


def three_copies(texts: list[str], folder: Path) -> list[str]:
    """The text three times over, each copy with other words at the end of its lines or rows."""
    from nlp_ssl.corpus.finding import find_sources

    sources = [Path(source.name) for source in find_sources(texts).sources]
    made = set()
    for original in sources:
        lines = original.read_text(encoding="utf-8-sig").split("\n")
        for copy in ("", " two", " three"):
            # A single file stays one, so that a document is the same thing as before.
            name = original.stem + (copy.strip() if len(sources) > 1 else "") + original.suffix
            made.add(str(folder / name))
            with (folder / name).open("a", encoding="utf-8") as sink:
                for line in lines:
                    marked = line[:-2] + copy + line[-2:] if line.endswith('"}') else line and line + copy
                    sink.write(marked + "\n")
    return sorted(made)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", nargs="+", metavar="TEXT[:LANGUAGE]")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    rows = []
    for text in options.texts:
        name, _, language = text.partition(":")
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            size = clean_paragraphs([name], folder / "clean.txt") / 1e6
            ours, theirs, peaks = [], [], []
            for _ in range(options.rounds):
                shutil.rmtree(folder / "corpus", ignore_errors=True)
                manifest, peak = run([name], language or "en", folder / "corpus", options.processes)
                ours.append(size / manifest["seconds"]["encode"])
                peaks.append(peak)
                tokenizer = str(folder / "corpus" / "tokenizer" / "tokenizer.json")
                command = [sys.executable, "-c", BASELINE, tokenizer, str(folder / "clean.txt")]
                environment = {"RAYON_NUM_THREADS": str(options.processes), "PATH": ""}
                theirs.append(size / float(subprocess.check_output(command, env=environment)))
            (folder / "copies").mkdir()
            copies = three_copies([name], folder / "copies")
            _, thrice = run(copies, language or "en", folder / "thrice", options.processes)
        ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
        rows.append(
            [Path(name).name, f"{size:.1f}", f"{median(ours):.1f}", f"{median(theirs):.1f}", f"{median(ratios):.2f}",
             f"{min(ratios):.2f}", f"{median(peaks):.0f}", f"{thrice:.0f}"]
        )  # fmt: skip
    header = ["text", "MB", "prepare MB/s", "encode_batch MB/s", "ratio", "lowest", "peak MB", "peak MB, 3 copies"]
    print(table(header, rows))


if __name__ == "__main__":
    main()
