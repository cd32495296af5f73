from pathlib import Path

import pytest

from nlp_ssl import demo


@pytest.mark.slow
def test_the_whole_way_and_once_more(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "demo"
    arguments = ["--out", str(out), "--budget", "5-steps", "--seeds", "2"]
    assert demo.main(arguments) == 0
    first = capfd.readouterr()
    lines = first.out.splitlines()
    assert lines[0].split() == ["task", "scored", "by", "mlm", "clm", "best", "simple", "baseline"]
    tasks = {line.split("  ")[0] for line in lines[2:9]}
    assert {"bigram_shift", "half_order", "damaged_sentences", "which_package"} <= tasks
    assert "bits/byte" in first.out
    assert lines[-1].startswith(("clm ", "mlm ", "No objective "))
    assert first.err.count("\n$ nlp-ssl ") == 2
    assert (out / "comparison" / "report.html").read_text().startswith("<!doctype html>")
    assert demo.main(arguments) == 0
    assert capfd.readouterr().out == first.out


def test_other_seeds_are_passed_on() -> None:
    assert demo.commands(demo.Demo(first_seed=11))[1][-2:] == ["--first-seed", "11"]
    assert "--first-seed" not in demo.commands(demo.Demo())[1]
