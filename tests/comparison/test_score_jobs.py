from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nlp_ssl import recipe_files
from nlp_ssl.comparison.jobs import Job
from nlp_ssl.comparison.tasks import DamagedSentences, LabelledTask, PairFile, load_labelled
from tests.comparison.plans import labelled_task, small_plan
from tests.worlds import replace_split, write_corpus


def names(jobs: list[Job]) -> list[str]:
    return [job.name for job in jobs]


def test_scores_need_their_run(tmp_path: Path) -> None:
    for job in small_plan(tmp_path, "mlm", seeds=2).jobs():
        seed = job.about.get("pretraining_seed")
        needs = [f"pretrain mlm seed {seed}"] if job.kind in ("finetune", "probe") else []
        assert names(list(job.needs)) == needs


def test_snapshots_are_probed(tmp_path: Path) -> None:
    recipe = replace(recipe_files.load("mlm"), snapshots=2)
    plan = small_plan(tmp_path, recipes={"mlm": recipe})
    probes = [job for job in plan.jobs() if job.kind == "probe"]
    assert [(job.about.get("snapshot"), job.networks) for job in probes] == [(None, 2), ("1-of-4", 1), ("1-of-2", 1)]
    assert str(plan.run("mlm", 1).folder / "run" / "snapshots" / "1-of-4") in probes[1].arguments[0]
    assert "--no-baselines" in probes[1].arguments[0] and "--no-baselines" not in probes[0].arguments[0]


@pytest.mark.parametrize(
    ("objective", "kinds"), [("clm", {"minimal-pairs"}), ("cbow", {"similarity"}), ("sop", set()), ("bart", set())]
)
def test_pairs_are_scored_by_objectives_that_can(tmp_path: Path, objective: str, kinds: set[str]) -> None:
    sentences, words = PairFile(data=tmp_path / "s", fingerprint="1"), PairFile(data=tmp_path / "w", fingerprint="2")
    jobs = small_plan(tmp_path, objective, minimal_pairs=(sentences,), word_pairs=(words,)).jobs()
    assert {job.kind for job in jobs} - {"overlap", "show", "pretrain", "finetune", "probe"} == kinds


def test_a_run_is_evaluated_on_other_objectives_that_it_can_answer(tmp_path: Path) -> None:
    jobs = small_plan(tmp_path, "bert", "sop", "clm").jobs()
    assert names([job for job in jobs if job.kind == "evaluate"]) == [
        "evaluate bert seed 1 on the objective of sop",
    ]


def test_damaged_sentences_are_scored_where_there_are_likelihoods(tmp_path: Path) -> None:
    pairs = DamagedSentences(corpus=tmp_path / "corpus", fingerprint="f")
    jobs = small_plan(tmp_path, "clm", "sop", minimal_pairs=(pairs,)).jobs()
    (job,) = [job for job in jobs if job.kind == "minimal-pairs"]
    assert job.name == "minimal-pairs clm seed 1 on damaged_sentences"
    (words,) = job.arguments
    assert words[words.index("--corpus") + 1] == str(tmp_path / "corpus")


def test_every_run_is_scored_by_retrieval(tmp_path: Path) -> None:
    jobs = [
        job for job in small_plan(tmp_path, "clm", "cbow", seeds=2, retrieval=True).jobs() if job.kind == "retrieval"
    ]
    assert names(jobs) == [f"retrieval {name} seed {seed}" for seed in (1, 2) for name in ("clm", "cbow")]
    assert [job.about["random_init"] for job in jobs[:2]] == [
        "decoder, random initialisation",
        "static, random initialisation",
    ]
    words = [job.arguments[0] for job in jobs]
    assert "--baseline-seed" not in words[0] and words[2][words[2].index("--baseline-seed") + 1] == "2"
    assert len({job.folder for job in jobs}) == 4


def made_task(folder: Path) -> LabelledTask:
    corpus = write_corpus(folder / "corpus").folder
    draw = np.random.default_rng(5)
    replace_split(corpus, "validation", draw.integers(5, 30, (120, 12, 8)).tolist())
    return load_labelled("bigram_shift", None, {"corpus_examples": 500}, corpus)


def test_tasks_made_from_the_corpus_are_probed_and_have_no_overlap(tmp_path: Path) -> None:
    made = made_task(tmp_path)
    plan = small_plan(tmp_path, "mlm", tasks=[made, labelled_task(tmp_path / "data")], train_examples=(20, 2000))
    jobs = [job for job in plan.jobs() if job.kind in ("overlap", "finetune", "probe")]
    assert names(jobs) == [
        "overlap with mine",
        "probe mlm seed 1 on bigram_shift, 20 examples",
        "finetune mlm seed 1 on mine, 20 examples",
        "probe mlm seed 1 on mine, 20 examples",
    ]
    (words,) = jobs[1].arguments
    assert words[words.index("--corpus") + 1] == str(tmp_path / "corpus") and "--data" not in words
    assert words[words.index("--corpus-examples") + 1] == "500"
    assert not jobs[1].inputs[0].changed()
    assert replace(plan, train_examples=(2000,)).sizes(made) == [None]


@pytest.mark.parametrize("method", ["finetune", "probe"])
def test_methods_can_be_chosen(tmp_path: Path, method: str) -> None:
    plan = small_plan(tmp_path, "mlm", tasks=[made_task(tmp_path), labelled_task(tmp_path / "data")], methods=(method,))
    assert [job.kind for job in plan.jobs() if job.kind in ("finetune", "probe")] == [method] * 2


def test_prompts_are_scored_where_labels_are_words_and_come_after_the_text(tmp_path: Path) -> None:
    numbers = labelled_task(tmp_path / "data")
    words = replace(numbers, labels=("no", "yes"))
    (tmp_path / "backward.toml").write_text('[objective.clm]\ndirection = "backward"\n')
    recipes = {name: recipe_files.load(name) for name in ("clm", str(tmp_path / "backward.toml"), "sop")}
    plan = small_plan(tmp_path, recipes=recipes, tasks=[words], methods=("probe", "few-shot"), shots=(4, 0))
    jobs = [job for job in plan.jobs() if job.kind == "few-shot"]
    assert names(jobs) == [f"few-shot clm seed 1 on mine, {shots} shots" for shots in (4, 0)]
    assert [(job.networks, job.about["train_examples"]) for job in jobs] == [(2, 4), (1, 0)]
    assert jobs[0].arguments[1:] == ({"accuracy": "accuracy"}, "")
    assert plan.methods_for(numbers) == ("probe",)
