"""Cross-validation on a single labelled file."""

import csv
import io
import json
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path

import huggingface_hub.constants
import numpy as np
import pytest

from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.folds import _joined_row
from nlp_ssl.evaluation.probe import Probe, probe
from nlp_ssl.evaluation.result_cache import CachedResult
from nlp_ssl.evaluation.scores import Row
from tests.evaluation.conftest import write_cues

Run = Callable[[str], Path]


@pytest.fixture
def asked(run: Run, cues: Path, tmp_path: Path) -> Probe:
    columns = {"text_column": "text", "label_column": "label"}
    return Probe(
        run=run("mlm"), task="cues", data=(cues / "train.tsv",), out=tmp_path / "out", folds=4, seeds=1, **columns
    )


@pytest.fixture(scope="module")
def finished(run: Run, tmp_path_factory: pytest.TempPathFactory) -> tuple[Probe, dict, str]:
    """A whole result, and what was printed."""
    folder, said = tmp_path_factory.mktemp("finished"), io.StringIO()
    asked = Probe(
        run=run("mlm"), task="cues", data=(write_cues(folder / "cues") / "train.tsv",), out=folder / "out", folds=4,
        seeds=1, text_column="text", label_column="label",
    )  # fmt: skip
    with redirect_stdout(said):
        return asked, probe(asked), said.getvalue()


def test_every_example_is_scored_once_by_a_model_that_did_not_see_it(finished: tuple[Probe, dict, str]) -> None:
    asked, result, printed = finished
    with (asked.data[0]).open() as file:
        texts = sorted(row["text"] for row in csv.DictReader(file, delimiter="\t"))
    with (asked.out / "predictions" / "probe.tsv").open() as file:
        said = list(csv.DictReader(file, delimiter="\t"))
    assert sorted(row["text"] for row in said) == texts and len(said) == 400
    right = np.mean([row["gold"] == row["predicted"] for row in said])
    ours = next(m for m in result["models"] if (m["key"], m["method"]) == ("pretrained", "probe"))
    assert ours["scores"]["accuracy"]["seeds"] == [right] and right > 0.9
    assert (result["folds"], result["examples"]["dev"], len(ours["choices"])) == (4, 400, 4)
    assert "scored on 400 of dev, 4 folds, 1 seed" in printed
    trained = [json.loads((asked.out / "folds" / str(k) / "options.json").read_text()) for k in (1, 2, 3, 4)]
    assert sum(400 - options["train examples"] for options in trained) == 400  # each is outside of one fold


def test_finished_folds_are_kept_and_others_refused(finished: tuple[Probe, dict, str], monkeypatch) -> None:
    asked, result, _ = finished
    monkeypatch.setattr("nlp_ssl.evaluation.encoder.Encoder", None)
    assert probe(asked)["models"] == result["models"]
    with pytest.raises(InputError, match=r"holds a result with other folds \(4, now 3\)"):
        probe(replace(asked, folds=3))


def test_folds_are_for_a_single_file(asked: Probe) -> None:
    with pytest.raises(InputError, match="--folds: cues has a dev split; folds are for a single labelled file"):
        probe(replace(asked, data=(asked.data[0].parent,)))
    with pytest.raises(InputError, match="--folds trains on all examples outside a fold: leave out --train-examples"):
        probe(replace(asked, train_examples=100))
    with pytest.raises(InputError, match="--folds is 1: it must be at least 2"):
        probe(replace(asked, folds=1))
    with pytest.raises(InputError, match="--folds 400: cues has too few different texts"):
        probe(replace(asked, folds=400))
    assert not asked.out.exists() or not any(asked.out.iterdir())


def test_a_refusal_leaves_no_folder(asked: Probe, monkeypatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(InputError, match="nowhere"):
        probe(replace(asked, baseline_model=("nowhere",)))
    assert not asked.out.exists()


def test_rows_of_folds_are_joined_seed_by_seed() -> None:
    def part(value: int, C: float) -> CachedResult:
        return CachedResult({"dev": np.full((2, 1), value)}, {"seconds": 1.5, "seed": 1, "C": C}, f"p{value}")

    rows = [Row("pretrained", "mlm", [part(k, C), part(k + 10, C)], [1, 2], "probe") for k, C in ((1, 0.1), (2, 1.0))]
    joined = _joined_row(rows)
    assert [part.outputs["dev"][:, 0].tolist() for part in joined.parts] == [[1, 1, 2, 2], [11, 11, 12, 12]]
    assert joined.parts[0].facts == {"seconds": 3.0, "choices": [{"C": 0.1}, {"C": 1.0}]}
    assert (joined.seeds, joined.parts[1].name) == ([1, 2], "p11")
