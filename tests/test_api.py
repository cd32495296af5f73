"""The commands as functions of Python, and the page that describes them."""

import csv
import re
from pathlib import Path

import pytest

import nlp_ssl
from nlp_ssl.api import words
from nlp_ssl.comparison.options import Compare
from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.finetune import Finetune
from nlp_ssl.options import parse
from nlp_ssl.training.pretrain import Pretrain
from tests.harm import make_kit
from tests.training.runs import pretrain, weights
from tests.worlds import write_corpus

PAGE = (Path(__file__).parents[1] / "docs" / "python_api.md").read_text(encoding="utf-8")
SHORTER = {
    "vocab_size=16384": "vocab_size=300, processes=1",
    '"10M-tokens", model={"size": "mini"}': '"4-steps", model={"size": "tiny"}',
    'budget="5M-tokens", seeds=5': 'budget="4-steps", seeds=1, model={"size": "tiny"}, finetune_seeds=1, epochs=1',
    "seeds=3": "seeds=1, epochs=1",
}
TINY = {"model": {"size": "tiny"}, "batch": {"max_length": 32, "tokens": 256}, "precision": "fp32"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"out": Path("a b"), "seeds": 5}, ["--out", "a b", "--seeds", "5"]),
        ({"seeds": [3, 5], "learning_rates": (1e-3,)}, ["--seeds", "3", "5", "--learning-rates", "0.001"]),
        ({"task": ["sst2", "cola"]}, ["--task", "sst2", "--task", "cola"]),
        ({"task": "sst2", "data": None}, ["--task", "sst2"]),
        ({"dry_run": True, "tune": False}, ["--dry-run", "--no-tune"]),
        (
            {"model": {"size": "tiny"}, "objective": {"mlm": {"mlm_probability": 0.2}}},
            ["--model.size", "tiny", "--objective.mlm.mlm-probability", "0.2"],
        ),
        ({"objective": {"emoji": {"balanced": False}}}, ["--objective.emoji.no-balanced"]),
    ],
)
def test_options_become_words(options, expected) -> None:
    assert words(Compare, ["mlm"], options) == ["mlm", *expected]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"data": [Path("a b"), "c"], "learning_rates": [1e-300, 2]}, ((Path("a b"), Path("c")), (1e-300, 2.0))),
        ({"data": "one", "learning_rates": (0.1,)}, ((Path("one"),), (0.1,))),
        ({"data": [], "learning_rates": [5]}, ((), (5.0,))),
    ],
)
def test_lists_are_those_of_the_options(options: dict, expected: tuple) -> None:
    found = parse(Finetune, "finetune", words(Finetune, ["run"], {"task": "mine", "out": "out", **options}))
    assert (found.data, found.learning_rates) == expected


def test_other_values_are_those_of_the_options() -> None:
    """Also where a value begins as a flag does."""
    given = {"task": "--odd", "out": Path("-o"), "text_column": "", "label_column": None, "train_examples": None}
    given |= {"baseline_model": ["a", "--b"], "baselines": False, "seeds": 7}
    found = parse(Finetune, "finetune", words(Finetune, [Path("-run")], given))
    assert (found.run, found.task, found.out) == (Path("-run"), "--odd", Path("-o"))
    assert (found.text_column, found.label_column, found.train_examples) == ("", None, None)
    assert (found.baseline_model, found.baselines, found.seeds) == (("a", "--b"), False, 7)


def test_the_package_has_the_functions_and_nothing_else() -> None:
    assert {"prepare", "pretrain", "finetune", "compare", "__version__"} <= set(dir(nlp_ssl))
    assert callable(nlp_ssl.compare)
    with pytest.raises(AttributeError, match="module 'nlp_ssl' has no attribute 'train'"):
        _ = nlp_ssl.train


def test_a_run_of_the_function_is_that_of_the_command_and_goes_on_when_it_is_repeated(tmp_path: Path, capsys) -> None:
    corpus = write_corpus(tmp_path / "corpus").folder
    out = nlp_ssl.pretrain("mlm", corpus=corpus, out=tmp_path / "function", budget="3-steps", compile=False, **TINY)
    assert out == tmp_path / "function"
    assert pretrain("mlm", corpus, tmp_path / "command", "--budget", "3-steps") == 0
    assert weights(out) == weights(tmp_path / "command")
    assert nlp_ssl.pretrain(resume=out) == out
    capsys.readouterr()
    again = {"corpus": corpus, "out": out, "compile": False, **TINY}
    assert nlp_ssl.pretrain("mlm", budget="3-steps", **again) == out
    assert f"{out} is finished" in capsys.readouterr().err
    message = re.escape(f"{out} holds a run with another recipe or corpus: continue that run with resume='{out}' alone")
    with pytest.raises(InputError, match=message):
        nlp_ssl.pretrain("mlm", budget="4-steps", **again)
    with pytest.raises(InputError, match=message):
        nlp_ssl.pretrain("clm", budget="3-steps", **again)
    again["corpus"] = write_corpus(tmp_path / "other", seed=1).folder
    with pytest.raises(InputError, match=message):
        nlp_ssl.pretrain("mlm", budget="3-steps", **again)


def test_a_list_holds_several_texts() -> None:
    assert words(Compare, [["mlm", "clm"], Path("-x")], {}) == ["mlm", "clm", "./-x"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "tiny"}, "model is 'tiny': it must be a dict, as in model={'size': 'tiny'}"),
        ({"compile": "yes"}, "compile is 'yes': it must be True or False"),
        ({"tune": 1}, "tune is 1: it must be True or False"),
    ],
)
def test_values_of_another_kind_are_refused_by_name(options, message: str) -> None:
    with pytest.raises(InputError) as error:
        words(Compare if "tune" in options else Pretrain, ["mlm"], options)
    assert str(error.value) == message


def test_wrong_options_are_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        nlp_ssl.pretrain("mlm", corpus=tmp_path, out=tmp_path / "out", bugdet="3-steps")
    assert str(error.value) == "pretrain mlm: unknown flag --bugdet: did you mean '--budget'?"
    with pytest.raises(InputError, match="nowhere: no prepared corpus here"):
        nlp_ssl.compare("mlm", corpus=tmp_path / "nowhere", out=tmp_path / "out", tune=False)
    with pytest.raises(InputError, match=r"--seeds is 0: it must lie in 1\.\.1000"):
        nlp_ssl.finetune(tmp_path, task="mine", out=tmp_path / "out", seeds=0)
    with pytest.raises(InputError, match=r"--validation is 0\.7: it must be between 0 and 0\.5"):
        nlp_ssl.prepare("text", out=tmp_path / "out", validation=0.7)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_blocks_of_the_page_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    kit = make_kit(tmp_path / "kit", tmp_path / "none")
    Path(kit.text).rename(tmp_path / "novels")
    with (tmp_path / "reviews.csv").open("w", encoding="utf-8", newline="") as file:
        rows = [(f"word{i % 7} word{i % 5} word{i}", 1 + i % 2) for i in range(100)]
        csv.writer(file).writerows([("review", "stars"), *rows])
    monkeypatch.chdir(tmp_path)
    code = "\n".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
    for long, short in SHORTER.items():
        assert long in code, f"the page no longer says {long!r}"
        code = code.replace(long, short)
    found: dict = {}
    exec(compile(code, "python_api.md", "exec"), found)
    assert (found["corpus"], found["run"]) == (Path("corpora/novels"), Path("runs/mlm"))
    assert {model["key"] for model in found["scores"]["models"]} >= {"pretrained", "random_init", "majority"}
    assert {line["model"] for line in found["results"]["scores"]} >= {"mlm", "clm"}
    assert found["results"]["failures"] == []
    assert "pretrain mlm: unknown flag --bugdet: did you mean '--budget'?" in capsys.readouterr().out
