"""The whole command, on networks of a few thousand weights."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nlp_ssl.cli import main
from nlp_ssl.evaluation.demonstrations import draw_demonstrations, random_labels
from nlp_ssl.evaluation.few_shot import FewShot, few_shot
from nlp_ssl.evaluation.likelihood import LanguageModel
from nlp_ssl.tasks.declaration import with_flags
from nlp_ssl.tasks.draws import nested_order
from nlp_ssl.tasks.flags import find_task
from nlp_ssl.tasks.splits import load_splits

Run = Callable[[str], Path]
COLUMNS = {"text_column": "text", "label_column": "label"}
WORDS = ("dull", "fine")


def options(run: Path, data: Path, out: Path, **others) -> FewShot:
    fixed = {"run": run, "task": "cues", "data": (data,), "out": out, "label_words": WORDS, "precision": "fp32"}
    return FewShot(**COLUMNS, **fixed | {"shots": (0, 2), "seeds": 2} | others)


def test_scores_are_those_of_labels_less_those_without_a_text(run: Run, cues: Path, tmp_path: Path) -> None:
    """Each is the likelihood of a prompt with its label less that of the prompt, and the same without the text."""
    result = few_shot(options(run("clm"), cues, tmp_path / "out", dev_examples=90))
    assert result["scored"] == 90 and result["label words"] == {"bad": "dull", "good": "fine"}
    with np.load(tmp_path / "out" / "few_shot.npz") as stored:
        found = {name: stored[name] for name in stored.files}
    _, splits = load_splits(with_flags(find_task("cues"), "text", None, "label", ()), (cues,))
    dev = splits["dev"].take(nested_order(200, splits["dev"].labels)[:90])
    assert found["gold"].tolist() == dev.labels.tolist()
    model = LanguageModel(run("clm") / "model", "fp32")

    def scores(prompt: str) -> np.ndarray:
        read = model.read([prompt, *(f"{prompt} {word}" for word in WORDS)])
        alone, *with_labels = model.score(read, "causal", False, lambda _: None).tolist()
        return np.array(with_labels) - alone

    for key, seed in (("0-shots", 1), ("2-shots", 1), ("2-shots", 2), ("2-shots-random", 2)):
        shots = int(key[0])
        drawn = draw_demonstrations(splits["train"], dev, shots, seed).take(np.arange(shots))
        labels = random_labels(shots, seed, 2) if key.endswith("random") else drawn.labels
        shown = "".join(f"{text} : {WORDS[label]} " for text, label in zip(drawn.texts, labels, strict=True))
        for i in (0, 50, 89):
            expected = scores(f"{shown}{dev.texts[i]} :") - scores(f"{shown}:")
            assert found[key][seed - 1, i] == pytest.approx(expected, abs=1e-4)


def test_a_masked_model_scores_each_label(run: Run, cues: Path, tmp_path: Path) -> None:
    result = few_shot(options(run("mlm"), cues, tmp_path / "out", dev_examples=20))
    assert result["variant"] == "pseudo-log-likelihood"
    with np.load(tmp_path / "out" / "few_shot.npz") as stored:
        assert stored["2-shots"].shape == (2, 20, 2) and np.ptp(stored["2-shots"], axis=(0, 1)).min() > 0


def test_the_table_and_a_second_call(run: Run, cues: Path, tmp_path: Path, capsys) -> None:
    command = ["few-shot", str(run("clm")), "--task", "cues", "--data", str(cues), "--text-column", "text"]
    command += ["--label-column", "label", "--label-words", *WORDS, "--shots", "0", "1", "--seeds", "3"]
    command += ["--out", str(tmp_path / "out"), "--dev-examples", "100", "--precision", "fp32"]
    assert main(command) == 0
    printed = capsys.readouterr().out
    names = [line.split("  ")[0] for line in printed.splitlines()]
    assert {"chance", "majority class", "0 shots", "1 shot", "1 shot, random labels"} <= set(names)
    result = json.loads((tmp_path / "out" / "scores.json").read_text())
    by_name = {model["name"]: model for model in result["models"]}
    assert by_name["chance"]["scores"]["accuracy"]["mean"] == 0.5
    with np.load(tmp_path / "out" / "few_shot.npz") as stored:
        gold, scores = stored["gold"], stored["1-shots"]
    predicted = scores.argmax(-1)
    model = by_name["1 shot"]
    assert model["scores"]["accuracy"]["seeds"] == pytest.approx((predicted == gold).mean(1).tolist())
    assert model["predicted"]["good"] == pytest.approx((predicted == 1).mean())
    assert (
        model["scores"]["accuracy"]["low"] < model["scores"]["accuracy"]["mean"] < model["scores"]["accuracy"]["high"]
    )
    assert main([*command[:-4], "--dev-examples", "100", "--precision", "fp32"]) == 0
    assert "all results are cached" in capsys.readouterr().err
    assert json.loads((tmp_path / "out" / "scores.json").read_text())["models"] == result["models"]
    assert main([*command, "--template", "{text} {label}"]) == 2
    assert "holds a result with other template" in capsys.readouterr().err


def test_prompts_that_are_too_long_are_counted(run: Run, cues: Path, tmp_path: Path, capsys) -> None:
    """64 positions hold few of 20 demonstrations."""
    result = few_shot(options(run("clm"), cues, tmp_path / "out", shots=(20,), seeds=1, dev_examples=50))
    assert result["models"][2]["shortened prompts"] == [51]
    said = "20 shots: 51 of 51 prompts are too long for the model and lost demonstrations"
    assert said in capsys.readouterr().out and said in (tmp_path / "out" / "scores.md").read_text()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--shots", "65"], "--shots is 65: numbers must lie in 0..64"),
        (["--seeds", "0"], "--seeds is 0: it must lie in 1..1000"),
        (["--dev-examples", "1"], "--dev-examples is 1: it must be at least 2"),
        (["--label-words", "dull"], "--label-words dull: it must have one for each of bad, good"),
        (["--label-words", "dull", "nobody"], "the label word 'nobody' has unknown tokens"),
        (["--template", "{text}"], "it must have {text} and end with {label}"),
        (["--task", "stsb"], "--task stsb: it is declared as regression; few-shot needs classification"),
        (["--task", "bigram_shift"], "--task bigram_shift: its labels are no words; use nlp-ssl probe RUN --corpus"),
    ],
)
def test_wrong_input(run: Run, cues: Path, tmp_path: Path, capsys, more, said) -> None:
    command = ["few-shot", str(run("clm")), "--data", str(cues), "--text-column", "text", "--label-column", "label"]
    command += ["--out", str(tmp_path / "out")]
    command += [] if "--task" in more else ["--task", "cues"]
    command += [] if "--label-words" in more else ["--label-words", *WORDS]
    assert main([*command, *more]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_model_that_reads_backward_is_refused(run: Run, cues: Path, tmp_path: Path, capsys) -> None:
    shutil.copytree(run("clm"), tmp_path / "run")
    config = tmp_path / "run" / "model" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"reading_direction": "backward"}))
    backward = LanguageModel(tmp_path / "run" / "model", "fp32").backward
    assert backward, "the config key of reading direction has changed"
    command = ["few-shot", str(tmp_path / "run"), "--task", "cues", "--data", str(cues), "--out", str(tmp_path / "out")]
    command += ["--text-column", "text", "--label-column", "label", "--label-words", *WORDS]
    assert main(command) == 2
    assert "the model reads backward, so it would read a label before its text" in capsys.readouterr().err
