from pathlib import Path

import numpy as np
import pytest

from nlp_ssl.cli import main
from nlp_ssl.evaluation.without_labels import _task_score, _temporary_folder, score_tasks
from tests.training.runs import pretrain
from tests.worlds import replace_split, write_corpus

TASKS = [
    *("bigram_shift, linear probe", "half_order, linear probe", "next_sentence, linear probe"),
    *("damaged_sentences, zero-shot accuracy", "next_sentence_retrieval, mrr"),
]
"""The tasks that the corpus below has text for: its words are too frequent for odd_word."""


def held_out_corpus(folder: Path, vocab_size: int = 50) -> Path:
    made = write_corpus(folder, vocab_size).folder
    replace_split(made, "validation", np.random.default_rng(5).integers(5, 30, (120, 12, 8)).tolist())
    return made


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("runs")
    corpus = write_corpus(folder / "corpus").folder
    return {
        name: folder / name
        for name in ("mlm", "sop")
        if pretrain(name, corpus, folder / name, "--budget", "1-steps") == 0
    }


def test_every_task_of_a_corpus_with_another_tokenizer(
    runs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found, problems = score_tasks(runs["mlm"], held_out_corpus(tmp_path / "corpus", vocab_size=60))
    assert [score.name for score in found] == TASKS
    (problem,) = problems
    assert problem.startswith("odd_word is left out: ") and "at least 200 are needed" in problem
    for score in found[:4]:
        assert 0.35 < score.score < 0.65 and score.best_simple[1] >= 0.5
        assert (score.random_init is None) == score.name.startswith("damaged")
    damaged, retrieval = found[3:]
    assert damaged.interval is not None and damaged.interval[0] < damaged.score < damaged.interval[1]
    assert 0.002 < retrieval.score < 0.1 and retrieval.best_simple[0] in ("chance", "TF-IDF cosine")
    said = capsys.readouterr()
    assert said.out == "" and "all results are in" not in said.err


def test_a_model_without_likelihoods_has_the_other_tasks(
    runs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = held_out_corpus(tmp_path / "corpus")
    assert main(["evaluate", str(runs["sop"]), "--corpus", str(corpus)]) == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[0].split("  ")[0] == "sop on corpus"
    assert "best simple baseline" in lines[0] and "random initialisation" in lines[0]
    names = [line.split("  ")[0] for line in lines[2:]]
    assert {"loss", "accuracy", "majority"} < set(names) and names[-4:] == [*TASKS[:3], TASKS[4]]
    sentence = "damaged_sentences is left out: the objective gives no likelihoods of texts; mlm and clm do"
    assert sentence in said.err.splitlines()


def test_a_score_stands_beside_the_best_simple_baseline() -> None:
    def model(key: str, name: str, mean: float, **more: float) -> dict[str, object]:
        return {"key": key, "name": name, "scores": {"accuracy": {"mean": mean, **more}}}

    models = [
        model("majority", "majority class", 0.49),
        model("tfidf", "TF-IDF", 0.57),
        model("random_init", "random initialisation", 0.6),
        model("pretrained", "run", 0.55, low=0.53, high=0.58),
    ]
    found = _task_score("a", "accuracy", models, 0.5)
    assert (found.score, found.interval, found.best_simple, found.random_init) == (
        *(0.55, (0.53, 0.58), ("TF-IDF", 0.57), 0.6),
    )
    alone = _task_score("a", "accuracy", models[-1:], 0.5)
    assert (alone.best_simple, alone.random_init) == (("chance", 0.5), None)


def test_an_interruption_keeps_nothing_and_says_so() -> None:
    interrupt = KeyboardInterrupt()
    interrupt.add_note("finished results are kept")
    with pytest.raises(KeyboardInterrupt) as raised, _temporary_folder() as folder:
        (folder / "part").touch()
        raise interrupt
    assert not folder.exists()
    assert raised.value.__notes__ == ["nothing is kept; run the command again, or score one task with its own command"]
