from pathlib import Path

import pytest

from nlp_ssl import demo


@pytest.mark.slow
def test_the_whole_way_and_once_more(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "demo"
    arguments = ["--out", str(out), "--budget", "5-steps", "--train-examples", "40", "--finetune-seeds", "2"]
    assert demo.main(arguments) == 0
    first = capfd.readouterr()
    lines = first.out.splitlines()
    assert lines[0].split("  ")[0] == "finetune, 40 labels" and "Δ vs random init [95 %]" in lines[0]
    models = [line.split("  ")[0] for line in lines[2:]]
    assert set(models[:7]) >= {
        "majority",
        "tfidf",
        "encoder, random initialisation",
        "decoder, random initialisation",
        "mlm",
        "clm",
        "sop",
    }
    assert "bits/byte" in first.out and "majority" in first.out
    assert lines[-1].startswith("With one pretraining seed these results are anecdotal. ")
    assert first.err.count("\n$ nlp-ssl ") == 2
    assert (out / "comparison" / "report.html").read_text().startswith("<!doctype html>")
    assert demo.main(arguments) == 0
    assert capfd.readouterr().out == first.out
