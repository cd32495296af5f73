import json
from pathlib import Path

import pytest

from nlp_ssl import demo


def write_results(out: Path) -> None:
    """What the demo's commands leave, with round figures."""

    def model(
        key: str, name: str, seeds: list[float], gap: tuple[float, float, float, str] | None
    ) -> dict[str, object]:
        score: dict[str, object] = {"seeds": seeds, "mean": sum(seeds) / len(seeds)}
        if len(seeds) > 1:
            score["sd"] = 0.01
        if gap:
            score["less untrained"] = dict(zip(("mean", "low", "high", "verdict"), gap, strict=True))
        return {"key": key, "name": name, "scores": {"accuracy": score}}

    gaps = {
        "mlm": (0.1, 0.05, 0.15, "better"),
        "clm": (0.2, 0.15, 0.25, "better"),
        "sop": (0.0, -0.05, 0.05, "cannot tell"),
    }
    for name, gap in gaps.items():
        models = [
            model("majority", "majority class", [0.1], (-0.3, -0.4, -0.2, "worse")),
            model("tfidf", "TF-IDF + linear model", [0.55], (0.15, 0.1, 0.2, "better")),
            model("untrained", "the same network, untrained", [0.4, 0.4], None),
            model("pretrained", name, [0.4 + gap[0], 0.4 + gap[0]], gap),
        ]
        (out / f"which_package-{name}").mkdir(parents=True)
        (out / f"which_package-{name}" / "scores.json").write_text(json.dumps({"models": models}))
        held_out = {"clm": {"bits_per_byte": 1.5}, "sop": {"accuracy": 0.553, "majority": 0.514}}.get(
            name, {"accuracy": 0.25}
        )
        end = {"event": "end", "tokens": 1_000_000, "flops": 2.5e12, "seconds": 61.0, "held_out": held_out}
        (out / name).mkdir()
        (out / name / "metrics.jsonl").write_text(json.dumps({"event": "train"}) + "\n" + json.dumps(end) + "\n")


def test_the_table_and_its_reading(tmp_path: Path) -> None:
    write_results(tmp_path)
    lines = demo.report(tmp_path).splitlines()
    assert [line.split("  ")[0] for line in lines[2:9]] == [
        "majority class",
        "TF-IDF + linear model",
        "encoder, untrained",
        "decoder, untrained",
        "mlm",
        "clm",
        "sop",
    ]
    assert lines[7].split() == [
        *("clm", "60.0", "±", "1.0", "+20.0", "[+15.0,", "+25.0]"),
        *("better", "1.50", "bits/byte", "1M", "2.5T", "1m", "01s"),
    ]
    assert "25.0 % right  " in lines[6] and "55.3 % right, majority 51.4  " in lines[8]
    assert "mlm and clm made the network better than untrained; sop cannot be told from none" in lines[10]
    assert "clm did better" in lines[10]


@pytest.mark.slow
def test_the_whole_way_and_once_more(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--out", str(tmp_path / "demo"), "--budget", "5-steps", "--train-examples", "40", "--seeds", "2"]
    assert demo.main(arguments) == 0
    first = capsys.readouterr()
    assert first.out.startswith("model ") and first.err.count("\n$ nlp-ssl ") == 7
    assert demo.main(arguments) == 0
    assert capsys.readouterr().out == first.out
