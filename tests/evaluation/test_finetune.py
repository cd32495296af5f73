"""The whole command, on networks of a few thousand weights."""

import csv
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from transformers import AutoModelForSequenceClassification, AutoModelForTokenClassification, AutoTokenizer, pipeline

from nlp_ssl.cli import main
from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.finetune import Finetune, finetune, usual_batch_size, usual_epochs
from nlp_ssl.evaluation.result_cache import command
from tests.evaluation.conftest import write_cues

Run = Callable[[str], Path]
Texts = Callable[[int, int], tuple[list[str], list[str]]]


def options(run: Path, data: Path, out: Path, **others) -> Finetune:
    values = {
        "run": run, "task": "cues", "data": (data,), "out": out, "seeds": 2, "learning_rates": (3e-3,), "epochs": 4,
        "precision": "fp32", "text_column": "text", "label_column": "label", "baselines": False,
    }  # fmt: skip
    return Finetune(**values | others)


def scores_of(result: dict, key: str = "pretrained", metric: str = "accuracy") -> list[float]:
    return next(m for m in result["models"] if m["key"] == key)["scores"][metric]["seeds"]


@pytest.fixture(scope="module")
def finished(run: Run, cue_texts: Texts, tmp_path_factory: pytest.TempPathFactory) -> tuple[Finetune, dict]:
    """One whole result, with baselines and an unlabelled test split."""
    folder = tmp_path_factory.mktemp("finished")
    for split, n in (("train", 400), ("dev", 200), ("test", 30)):
        lines, labels = cue_texts(n, n)
        rows = [
            f"{i}\t{text}" + ("" if split == "test" else f"\t{label}")
            for i, (text, label) in enumerate(zip(lines, labels, strict=True))
        ]
        header = "index\ttext" + ("" if split == "test" else "\tlabel")
        (folder / f"{split}.tsv").write_text("\n".join([header, *rows, ""]))
    asked = options(run("mlm"), folder, folder / "out", baselines=True, learning_rates=(1e-6, 3e-3))
    return asked, finetune(asked)


def test_a_learnable_task_is_learned(finished: tuple[Finetune, dict]) -> None:
    result = finished[1]
    assert min(scores_of(result)) > 0.9
    assert max(scores_of(result, "majority")) < 0.7
    assert [m["key"] for m in result["models"]] == ["majority", "tfidf", "random_init", "pretrained"]
    assert result["examples"] == {"train": 400, "selection": 80, "dev": 200, "test": 30}
    choice = result["models"][-1]
    assert choice["learning_rate"] == 3e-3  # the other one learns nothing
    assert len(choice["tried"]) == 8
    gap = result["models"][0]["scores"]["accuracy"]["vs_random_init"]
    assert gap["low"] <= gap["mean"] <= gap["high"] < 0 and gap["verdict"] == "worse"


def test_everything_is_written(finished: tuple[Finetune, dict]) -> None:
    asked, result = finished
    out = asked.out
    assert json.loads((out / "options.json").read_text())["fitting examples"] == 400 - 80
    assert json.loads((out / "scores.json").read_text()) == json.loads(json.dumps(result))
    assert "| mlm |" in (out / "scores.md").read_text()
    rows = list(csv.DictReader((out / "scores.csv").open()))
    assert [float(r["score"]) for r in rows if r["model"] == "mlm"] == scores_of(result)
    for seed, accuracy in enumerate(scores_of(result), 1):
        said = list(csv.DictReader((out / "predictions" / f"{seed}.tsv").open(), delimiter="\t"))
        assert len(said) == 200
        assert np.mean([r["gold"] == r["predicted"] for r in said]) == pytest.approx(accuracy)
    submitted = (out / "submission" / "test.tsv").read_text().splitlines()
    assert submitted[0] == "index\tprediction"
    assert len(submitted) == 31 and submitted[1].split("\t")[1] in ("bad", "good")
    assert not list(out.rglob("*.writing"))


def test_the_saved_model_loads_with_its_label_names(finished: tuple[Finetune, dict]) -> None:
    asked, _ = finished
    folder = asked.out / "model"
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    assert model.config.id2label == {0: "bad", 1: "good"}
    classify = pipeline("text-classification", model=model, tokenizer=AutoTokenizer.from_pretrained(folder))
    said = list(csv.DictReader((asked.out / "predictions" / "1.tsv").open(), delimiter="\t"))[:20]
    assert [p["label"] for p in classify([r["text"] for r in said])] == [r["predicted"] for r in said]


def test_predictions_are_those_behind_the_score(finished: tuple[Finetune, dict], tmp_path: Path) -> None:
    asked, result = finished
    dev = asked.data[0] / "dev.tsv"
    words = ["predict", str(asked.out), "--data", str(dev), "--out", str(tmp_path / "dev.tsv"), "--precision", "fp32"]
    assert main(words) == 0
    found, scored = (
        list(csv.DictReader(file.open(), delimiter="\t"))
        for file in (tmp_path / "dev.tsv", asked.out / "predictions" / "1.tsv")
    )
    assert [row["prediction"] for row in found] == [row["predicted"] for row in scored]
    assert np.mean([row["prediction"] == row["label"] for row in found]) == scores_of(result)[0]
    for row, other in zip(found, scored, strict=True):
        assert float(row[f"probability_{row['prediction']}"]) == pytest.approx(float(other["probability"]), abs=6e-5)


def test_the_saved_model_has_a_card_with_its_scores(finished: tuple[Finetune, dict]) -> None:
    asked, result = finished
    card = (asked.out / "model" / "README.md").read_text()
    score = result["models"][-1]["scores"]["accuracy"]
    assert f"| accuracy | {100 * score['seeds'][0]:.1f} | {100 * score['mean']:.1f} [{100 * score['low']:.1f}, " in card
    assert "| text | column `text` |" in card and "| labels | `bad`, `good` |" in card


def test_a_finished_result_is_not_run_again(finished: tuple[Finetune, dict], capsys, monkeypatch) -> None:
    asked, result = finished
    monkeypatch.setattr("nlp_ssl.evaluation.classifier.Classifier.train", None)
    again = finetune(asked)
    assert again["models"] == result["models"]
    assert "nothing was run again" in capsys.readouterr().err


def test_an_interrupted_result_goes_on(finished: tuple[Finetune, dict], tmp_path: Path) -> None:
    asked, result = finished
    out = tmp_path / "out"
    shutil.copytree(asked.out, out)
    for lost in ("parts/pretrained-seed2.npz", "scores.json"):
        (out / lost).unlink()
    kept = (out / "parts" / "pretrained-seed1.npz").stat().st_mtime_ns
    again = finetune(replace(asked, out=out))
    assert scores_of(again) == scores_of(result)
    assert (out / "parts" / "pretrained-seed1.npz").stat().st_mtime_ns == kept


def test_seeds_can_be_added(finished: tuple[Finetune, dict], tmp_path: Path) -> None:
    asked, result = finished
    shutil.copytree(asked.out, tmp_path / "out")
    more = finetune(replace(asked, out=tmp_path / "out", seeds=3, baselines=False))
    assert scores_of(more)[:2] == scores_of(result)
    assert len(scores_of(more)) == 3


def test_another_baseline_seed_is_another_sample_of_random_initialisations(finished, tmp_path: Path) -> None:
    asked, result = finished
    shutil.copytree(asked.out, tmp_path / "out")
    other = finetune(replace(asked, out=tmp_path / "out", baseline_seed=2))
    assert scores_of(other) == scores_of(result)
    parts = [tmp_path / "out" / "parts" / f"{name}.npz" for name in ("random_init-seed1", "random_init2-seed1")]
    one, two = (np.load(part)["dev"] for part in parts)
    assert one.shape == two.shape and not np.allclose(one, two)
    with np.load(tmp_path / "out" / "parts" / "random_init2-choice.npz") as choice:
        assert json.loads(str(choice["facts"]))["tried"]  # it has chosen for itself


def test_baselines_are_shared_where_they_are_the_same(run: Run, cues: Path, tmp_path: Path, monkeypatch) -> None:
    others = {"baselines": True, "seeds": 1, "epochs": 1, "train_examples": 60}
    alone = finetune(options(run("sop"), cues, tmp_path / "alone", **others))
    shared = tmp_path / "shared"

    def names(kind: str, **more) -> list[str]:
        finetune(options(run(kind), cues, tmp_path / f"{kind}{len(more)}", share_baselines=shared, **others | more))
        return sorted(file.name.rsplit("-", 1)[0] for file in shared.iterdir())

    four = ["majority-seed1", "random_init-choice", "random_init-seed1", "tfidf-seed1"]
    assert names("mlm") == four
    with monkeypatch.context() as patch:
        patch.setattr("nlp_ssl.tasks.baselines.tfidf.TextFeatures", None)
        assert names("sop") == four  # the same encoder
        assert names("clm") == sorted([*four, "random_init-choice", "random_init-seed1"])
    assert len(names("mlm", batch_size=16)) == 8  # another random initialisation, the same words
    assert len(names("mlm", batch_size=16, train_examples=80)) == 12
    together = json.loads((tmp_path / "sop0" / "scores.json").read_text())
    assert [m["scores"] for m in together["models"]] == [m["scores"] for m in alone["models"]]
    monkeypatch.setattr("nlp_ssl.tasks.baselines.tfidf.TextFeatures", None)
    finetune(options(run("sop"), cues, tmp_path / "sop0", **others))  # what was taken is kept in OUT, too


def test_another_result_is_not_overwritten(finished: tuple[Finetune, dict], tmp_path: Path) -> None:
    asked, _ = finished
    with pytest.raises(InputError, match=r"other batch size \(8, now 16\): choose another --out"):
        finetune(replace(asked, batch_size=16))
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="holds other files than results of this command"):
        finetune(replace(asked, out=tmp_path))


def test_the_same_command_gives_the_same_scores(run: Run, cues: Path, tmp_path: Path) -> None:
    asked = options(run("mlm"), cues, tmp_path / "one", seeds=1, epochs=2, train_examples=100)
    assert scores_of(finetune(asked)) == scores_of(finetune(replace(asked, out=tmp_path / "two")))
    one, two = ((tmp_path / name / "predictions" / "1.tsv").read_text() for name in ("one", "two"))
    assert one == two


@pytest.fixture(scope="module")
def chosen(run: Run, tmp_path_factory: pytest.TempPathFactory) -> tuple[Finetune, dict]:
    """A result with a choice of learning rates and baselines, on the data of `cues`."""
    data = write_cues(tmp_path_factory.mktemp("chosen") / "cues")
    two = {"learning_rates": (3e-4, 3e-3), "seeds": 1, "epochs": 2}
    asked = options(run("mlm"), data, data.parent / "out", baselines=True, **two)
    return asked, finetune(asked)


def test_dev_labels_are_never_used_for_choosing(chosen: tuple[Finetune, dict], cues: Path, tmp_path: Path) -> None:
    asked, result = chosen
    dev = (cues / "dev.tsv").read_text()
    turned = {"bad": "good", "good": "bad"}
    rows = [line.split("\t") for line in dev.splitlines()[1:]]
    (cues / "dev.tsv").write_text("\n".join(["text\tlabel", *(f"{t}\t{turned[label]}" for t, label in rows), ""]))
    other = finetune(replace(asked, data=(cues,), out=tmp_path / "two"))
    for key in ("majority", "tfidf", "random_init", "pretrained"):
        before, after = scores_of(result, key)[0], scores_of(other, key)[0]
        assert after == pytest.approx(1 - before)
        chosen = [next(m for m in r["models"] if m["key"] == key) for r in (result, other)]
        assert chosen[0].get("tried") == chosen[1].get("tried")


@pytest.mark.parametrize("kind", ["sop", "clm", "mbart", "t5", pytest.param("bart", marks=pytest.mark.slow)])
def test_every_kind_of_body_learns(run: Run, cues: Path, tmp_path: Path, kind: str) -> None:
    assert scores_of(finetune(options(run(kind), cues, tmp_path / "out", seeds=1, epochs=8)))[0] > 0.85


def test_bf16(run: Run, cues: Path, tmp_path: Path) -> None:
    assert scores_of(finetune(options(run("mlm"), cues, tmp_path / "out", seeds=1, precision="bf16")))[0] > 0.85
    words = ["predict", str(tmp_path / "out"), "--data", str(cues / "dev.tsv"), "--out", str(tmp_path / "dev.jsonl")]
    assert main([*words, "--precision", "bf16"]) == 0
    found = [json.loads(line)["probability_good"] for line in (tmp_path / "dev.jsonl").read_text().splitlines()]
    outputs = np.load(tmp_path / "out" / "parts" / "pretrained-seed1.npz")["dev"]
    np.testing.assert_allclose(found, 1 / (1 + np.exp(outputs[:, 0] - outputs[:, 1])), atol=1e-6)


def test_regression_on_pairs(run: Run, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for split, n in (("train", 160), ("dev", 100)):
        number = rng.integers(0, 4, n)
        rows = [f"{'fine ' * k}w1\t{'w2 ' * 3}\t{k}" for k in number]
        (tmp_path / f"{split}.tsv").write_text("\n".join(["a\tb\tscore", *rows, ""]))
    asked = options(
        run("mlm"), tmp_path, tmp_path / "out", seeds=1, epochs=20, metric=("pearson", "spearman"), baselines=True,
        text_column="a", pair_column="b", label_column="score",
    )  # fmt: skip
    result = finetune(asked)
    assert scores_of(result, metric="pearson")[0] > 0.8
    assert scores_of(result, "majority", "spearman") == [0.0]
    assert (asked.out / "predictions" / "1.tsv").read_text().startswith("example\tgold\tpredicted\ttext\n1\t")


def test_several_dev_splits_are_scored_apart(run: Run, cues: Path, tmp_path: Path) -> None:
    rows = {"entailment": "fine", "neutral": "w1", "contradiction": "awful"}
    lines = [f"w{i % 9} {cue}\tw3\t{label}" for i in range(20) for label, cue in rows.items()]
    for split in ("train", "dev_matched", "validation_mismatched", "test_matched"):
        (tmp_path / f"{split}.tsv").write_text("\n".join(["sentence1\tsentence2\tgold_label", *lines, ""]))
    (tmp_path / "test_matched.tsv").write_text("sentence1\tsentence2\nw1 fine\tw2\n")
    asked = Finetune(
        run=run("mlm"), task="mnli", data=(tmp_path,), out=tmp_path / "out", seeds=1, epochs=1, baselines=False
    )
    result = finetune(asked)
    assert list(result["models"][0]["scores"]) == ["accuracy matched", "accuracy mismatched"]
    assert sorted(f.name for f in (asked.out / "predictions").iterdir()) == ["matched-1.tsv", "mismatched-1.tsv"]
    assert [f.name for f in (asked.out / "submission").iterdir()] == ["MNLI-m.tsv"]


def test_a_labelled_test_split_is_scored_and_nothing_else(
    chosen: tuple[Finetune, dict], cues: Path, tmp_path: Path
) -> None:
    asked, without = chosen
    dev = (cues / "dev.tsv").read_text()
    (cues / "test.tsv").write_text("\n".join(dev.splitlines()[:101]) + "\n")
    result = finetune(replace(asked, data=(cues,), out=tmp_path / "two"))
    assert result["examples"]["test"] == 100
    said = list(csv.DictReader((tmp_path / "two" / "predictions" / "test-1.tsv").open(), delimiter="\t"))
    right = [row["gold"] == row["predicted"] for row in said]
    assert scores_of(result, metric="accuracy test") == [np.mean(right)]
    header = (tmp_path / "two" / "scores.md").read_text().splitlines()[2]
    assert header.startswith("| model | accuracy | accuracy test | Δ accuracy vs random init")
    assert not (tmp_path / "two" / "submission").exists()
    for before, after in zip(without["models"], result["models"], strict=True):
        assert after["scores"]["accuracy"] == before["scores"]["accuracy"]
        assert after.get("tried") == before.get("tried")


def test_a_loss_that_is_not_finite_stops(run: Run, cues: Path, tmp_path: Path, capsys) -> None:
    asked = options(run("mlm"), cues, tmp_path / "out", learning_rates=(1e30,))
    with pytest.raises(InputError, match=r"the loss is .* at step \d+ of \d+ with learning rate"):
        finetune(asked)
    assert not (tmp_path / "out" / "scores.json").exists()


def test_the_command_line(run: Run, cues: Path, tmp_path: Path, capsys) -> None:
    words = ["finetune", str(run("mlm")), "--task", "cues", "--data", str(cues), "--out", str(tmp_path / "out")]
    words += ["--seeds", "1", "--train-examples", "40", "--epochs", "1", "--no-baselines"]
    words += ["--text-column", "text", "--label-column", "label", "--learning-rates", "1e-3"]
    assert main(words) == 0
    printed = capsys.readouterr().out
    assert re.search(r"cues: 40 training examples, scored on 5\d\d of extended and 200 of dev, 1 seed", printed)
    assert main([*words[:-4], "--label-column", "gold"]) == 2
    assert "no column 'gold'; found text, label" in capsys.readouterr().err
    assert main(["finetune", str(tmp_path / "none"), *words[2:]]) == 2
    assert main(["finetune", *words[1:6], "--out", str(tmp_path / "x"), "--seeds", "0", "--epochs", "0"]) == 2


def test_choices_are_printed(run: Run, cues: Path, tmp_path: Path, capsys) -> None:
    asked = options(run("mlm"), cues, tmp_path / "out", learning_rates=(1e-7, 3e-3), seeds=1, train_examples=100)
    finetune(asked)
    assert "chose learning rate 0.003 (the highest tried; a higher one may do better)" in capsys.readouterr().err


def test_texts_that_are_in_train_and_dev_are_warned_about(run: Run, cues: Path, tmp_path: Path, capsys) -> None:
    finetune(options(run("mlm"), cues, tmp_path / "apart", seeds=1, train_examples=100))
    assert "also occur in train" not in capsys.readouterr().err
    (cues / "dev.tsv").write_text((cues / "train.tsv").read_text())
    finetune(options(run("mlm"), cues, tmp_path / "same", seeds=1))
    assert "warning: dev: 100% of the texts also occur in train" in capsys.readouterr().err


def test_a_model_that_does_not_fit_on_the_disk(run: Run, cues: Path, tmp_path: Path, monkeypatch) -> None:
    from safetensors import SafetensorError

    def full(*_: object, **__: object) -> None:
        raise SafetensorError("No space left on device")

    model = run("mlm")
    monkeypatch.setattr("transformers.modeling_utils.safe_save_file", full)
    with pytest.raises(InputError, match="no space left on device; free some space, then run the command again"):
        finetune(options(model, cues, tmp_path / "out", seeds=1, epochs=1))
    assert sorted(f.name for f in (tmp_path / "out").iterdir()) == ["options.json", "parts"]


def test_the_recorded_command_is_the_command(run: Run, tmp_path: Path) -> None:
    asked = Finetune(
        run=Path("a b"), task="sst2", data=(Path("d"),), out=Path("o"), train_examples=100, baselines=False
    )
    assert (
        command("finetune", asked)
        == "nlp-ssl finetune 'a b' --task sst2 --data d --out o --train-examples 100 --no-baselines"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"run": Path("none")}, "none: no such folder"),
        ({"train_examples": 401}, "--train-examples 401: cues has only 400 training examples"),
        ({"train_examples": 3}, "--train-examples is 3: it must be at least 20"),
        ({"learning_rates": (0.0,)}, "--learning-rates 0.0: one or more, all above 0"),
        ({"metric": ("bleu",)}, "--metric bleu"),
        ({"text_column": None}, "no task 'cues' is declared"),
        ({"share_baselines": Path(__file__)}, "test_finetune.py: a file, it should be a folder"),
    ],
)
def test_a_refused_command_writes_nothing(run: Run, cues: Path, tmp_path: Path, change: dict, message: str) -> None:
    asked = replace(options(run("mlm"), cues, tmp_path / "out"), **change)
    with pytest.raises(InputError) as error:
        finetune(asked)
    assert message in str(error.value)
    assert not (tmp_path / "out").exists()


def test_a_folder_without_a_model(cues: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no model/config.json or config.json"):
        finetune(options(cues, cues, tmp_path / "out"))


@pytest.mark.parametrize(
    ("examples", "batch_size", "epochs"), [(100, 8, 10), (1000, 8, 10), (2500, 20, 10), (6000, 32, 5), (67349, 32, 3)]
)
def test_few_examples_are_gone_through_often_and_in_small_batches(examples, batch_size, epochs) -> None:
    assert (usual_batch_size(examples), usual_epochs(examples)) == (batch_size, epochs)


@pytest.mark.parametrize("kind", ["mlm", "clm", "modernbert-decoder", "bart", "mbart", "t5"])
def test_every_kind_of_body_tags_words(run: Run, tagged: Path, tmp_path: Path, kind: str) -> None:
    asked = options(
        run(kind), tagged, tmp_path / "out", seeds=1, epochs=8, kind="token_classification", text_column="1",
        label_column="2", baselines=kind == "mlm",
    )  # fmt: skip
    result = finetune(asked)
    assert scores_of(result)[0] > 0.85
    assert result["words"]["dev"] == sum(bool(line) for line in (tagged / "dev.conll").read_text().splitlines())
    if kind == "mlm":
        keys = ["majority", "word_tag", "tag_features", "random_init", "pretrained"]
        assert [model["key"] for model in result["models"]] == keys
        assert 0.8 < scores_of(result, "word_tag")[0] < 1.0
        assert scores_of(result, "tag_features")[0] > 0.95
        model = AutoModelForTokenClassification.from_pretrained(asked.out / "model")
        assert model.config.id2label == {0: "X", 1: "Y"}


def test_words_that_are_cut_off_are_counted_and_get_the_most_frequent_tag(
    run: Run, tagged: Path, tmp_path: Path
) -> None:
    asked = options(
        run("mlm"), tagged, tmp_path / "out", seeds=1, epochs=1, kind="token_classification", text_column="1",
        label_column="2", max_length=8,
    )  # fmt: skip
    lines = [f"w{i} X" for i in range(1, 9)] * 2 + [""]
    (tagged / "dev.conll").write_text("\n".join(lines * 3))
    result = finetune(asked)
    assert result["words"]["dev"] == 48 and result["words cut off"]["dev"] == 3 * (16 - 6)
    rows = list(csv.DictReader((asked.out / "predictions" / "1.tsv").open(), delimiter="\t"))
    assert len(rows) == 48 and len({row["predicted"] for row in rows[6:16]}) == 1
    words = ["predict", str(asked.out), "--data", str(tagged / "dev.conll"), "--out", str(tmp_path / "dev.jsonl")]
    assert main([*words, "--precision", "fp32"]) == 0
    found = [json.loads(line)["prediction"] for line in (tmp_path / "dev.jsonl").read_text().splitlines()]
    assert [tag for tags in found for tag in tags] == [row["predicted"] for row in rows]


def test_several_labels(run: Run, cue_texts: Texts, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for split, n in (("train", 300), ("dev", 100)):
        rows = []
        for _ in range(n):
            labels = [name for name in ("bad", "good") if rng.random() < 0.5]
            cues = {"bad": "awful", "good": "fine"}
            words = [cues[label] for label in labels]
            words += [f"w{i}" for i in rng.integers(0, 30, 6 - len(words))]  # the length tells nothing
            rows.append(json.dumps({"text": " ".join(rng.permutation(words)), "label": labels}))
        (tmp_path / f"{split}.jsonl").write_text("\n".join(rows))
    asked = options(
        run("clm"), tmp_path, tmp_path / "out", seeds=1, epochs=7, kind="multilabel", baselines=True,
        metric=("micro_f1", "macro_f1", "subset_accuracy"),
    )  # fmt: skip
    result = finetune(asked)
    assert scores_of(result, metric="micro_f1")[0] > 0.85
    assert scores_of(result, "tfidf", "subset_accuracy")[0] > 0.85


def test_an_existing_model_is_a_baseline(run: Run, cues: Path, tmp_path: Path) -> None:
    other = str(run("clm"))
    few = {"seeds": 1, "epochs": 2, "train_examples": 60}
    result = finetune(options(run("mlm"), cues, tmp_path / "out", baseline_model=(other,), **few))
    assert [(m["key"], m["name"]) for m in result["models"]] == [("model", other), ("pretrained", "mlm")]
    alone = finetune(options(run("clm"), cues, tmp_path / "alone", **few))
    assert scores_of(result, "model") == scores_of(alone)


def test_balanced_classes_weigh_the_same_in_training(run: Run, tmp_path: Path) -> None:
    """The texts tell nothing, so a network learns the share of the weights of each class: .1, or .5 if balanced."""
    for split, n in (("train", 200), ("dev", 100)):
        rows = [f"w1 w2\t{'rare' if i % 10 == 0 else 'usual'}" for i in range(n)]
        (tmp_path / f"{split}.tsv").write_text("\n".join(["text\tlabel", *rows, ""]))
    means = {}
    for weights in ("equal", "balanced"):
        out = tmp_path / weights
        finetune(options(run("mlm"), tmp_path, out, seeds=1, metric=("recall", "auc"), class_weights=weights))
        with np.load(out / "scored" / "pretrained-seed1-dev.npz") as arrays:
            means[weights] = arrays["probabilities"].mean()
    assert means["equal"] == pytest.approx(0.1, abs=0.07)
    assert means["balanced"] == pytest.approx(0.5, abs=0.15)
    with pytest.raises(InputError, match="other class weights"):
        finetune(options(run("mlm"), tmp_path, tmp_path / "equal", metric=("recall", "auc"), class_weights="balanced"))


def test_numbers_have_no_classes_to_weigh(run: Run, tmp_path: Path) -> None:
    for split in ("train", "dev"):
        (tmp_path / f"{split}.tsv").write_text("\n".join(["text\tlabel", *(f"w{i % 9}\t{i}" for i in range(30)), ""]))
    asked = options(run("mlm"), tmp_path, tmp_path / "out", kind="regression", class_weights="balanced")
    with pytest.raises(InputError, match="--class-weights balanced: cues is regression, which has no single class"):
        finetune(asked)
    assert not (tmp_path / "out" / "options.json").exists()


def test_seeds_learn_from_their_own_draws(run: Run, cues: Path, tmp_path: Path) -> None:
    result = finetune(options(run("mlm"), cues, tmp_path / "out", train_examples=60, epochs=2, baselines=True))
    models = {model["key"]: model for model in result["models"]}
    assert models["tfidf"]["seeds"] == models["pretrained"]["seeds"] == [1, 2]
    assert len(set(models["tfidf"]["scores"]["accuracy extended"]["seeds"])) == 2
    assert result["examples"]["unused"] == 340 and 400 < result["examples"]["extended"] <= 540
    assert models["pretrained"]["scores"]["accuracy"]["split"] == "dev"
