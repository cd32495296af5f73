from pathlib import Path

import numpy as np
import pytest

from nlp_ssl.comparison.analysis import Gap, boards
from nlp_ssl.comparison.results_file import Setting
from nlp_ssl.statistics.intervals import Difference
from tests.comparison.worlds import World, write_comparison


def difference(low: float, high: float, p: float | None) -> Difference:
    return Difference((low + high) / 2, low, high, p, detectable=0.1, anecdotal=p is None)


@pytest.mark.parametrize(
    ("low", "high", "p", "verdict"),
    [
        (0.1, 0.3, 0.01, "better"),
        (-0.3, -0.1, 0.01, "worse"),
        (0.1, 0.3, 0.06, "no significant difference"),  # significant before the correction only
        (-0.1, 0.3, 0.4, "no significant difference"),
        (0.1, 0.3, None, "anecdotal"),
        (-0.3, -0.1, None, "anecdotal"),
        (-0.1, 0.3, None, "no significant difference"),
    ],
)
def test_a_verdict_goes_by_the_corrected_p(low: float, high: float, p: float | None, verdict: str) -> None:
    assert Gap(difference(low, high, p), p).verdict == verdict


def test_the_first_board_is_fine_tuning_on_all_labels(tmp_path: Path) -> None:
    found = boards(write_comparison(tmp_path), tmp_path)
    assert [board.setting for board in found] == [
        *(Setting(method, n, None) for method in ("finetune", "probe", "knn") for n in (None, 100)),
        *(Setting("zero-shot", None, variant) for variant in ("causal", "pseudo-log-likelihood")),
    ]


def test_an_objective_is_compared_with_the_random_initialisation_of_its_body(tmp_path: Path) -> None:
    board = boards(write_comparison(tmp_path), tmp_path)[0]
    for model, reference in (("mlm", "encoder, random initialisation"), ("clm", "decoder, random initialisation")):
        gap = board.figures[model, "sst2"].gap
        assert gap is not None
        means = [board.figures[name, "sst2"].seeds.mean for name in (model, reference)]
        assert gap.difference.mean == pytest.approx(means[0] - means[1])
    assert board.figures["tfidf", "sst2"].gap is None


def test_means_are_over_the_raw_scores_of_finished_models(tmp_path: Path) -> None:
    results = write_comparison(tmp_path)
    for board in boards(results, tmp_path):
        for (model, task), figure in board.figures.items():
            if model in ("majority", "tfidf"):
                continue
            raw = [
                s["score"]
                for s in results["scores"]
                if (s["model"], s["task"], s["tokens"]) == (model, task, None)
                and (s["method"], s["train_examples"], s["variant"])
                == (board.setting.method, board.setting.train_examples, board.setting.variant)
            ]
            assert figure.seeds.mean == pytest.approx(np.mean(raw))


def test_ranks_and_normalised_scores_average_over_tasks(tmp_path: Path) -> None:
    board = boards(write_comparison(tmp_path, World(seeds=4, finetuning_seeds=4, examples=300)), tmp_path)[0]
    assert board.floors == {}
    scores = {m: [board.figures[m, t].seeds.mean for t in board.tasks] for m in ("mlm", "clm", "sop", "majority")}
    expected = np.mean([(s - f) / (1 - f) for s, f in zip(scores["mlm"], scores["majority"], strict=True)])
    assert board.standings["mlm"].score.mean == pytest.approx(expected)
    ranks = [board.standings[m].rank for m in ("mlm", "clm", "sop")]
    assert [rank.mean for rank in ranks if rank] == [1, 2, 3]
    assert board.standings["majority"].score.mean == 0
    assert board.standings["majority"].rank is None


def test_holm_corrects_over_objectives_and_tasks(tmp_path: Path) -> None:
    board = boards(write_comparison(tmp_path, World(seeds=3, finetuning_seeds=3)), tmp_path)[0]
    gaps = [figure.gap for figure in board.figures.values() if figure.gap]
    assert len(gaps) == 6
    least = min(gaps, key=lambda gap: gap.difference.p or 1)
    assert least.p == pytest.approx(min(6 * (least.difference.p or 1), 1))


def test_a_score_without_predictions_has_a_mean_and_no_interval(tmp_path: Path) -> None:
    results = write_comparison(tmp_path)
    for score in results["scores"]:
        score["outputs"] = None
    board = boards(results, tmp_path)[0]
    figure = board.figures["mlm", "sst2"]
    assert figure.interval is None and figure.gap is None and figure.seeds.mean > 0.5


def test_a_task_of_two_dev_sets_is_scored_on_the_first_as_accuracy_matched(tmp_path: Path) -> None:
    results = write_comparison(tmp_path)
    for entry in (*results["tasks"], *results["scores"]):
        if entry.get("metric") == "accuracy":
            entry["metric"] = "accuracy matched"
    board = boards(results, tmp_path)[0]
    figure = board.figures["mlm", "sst2"]
    assert board.metrics["sst2"] == "accuracy matched"
    assert figure.interval is not None and figure.interval.mean == pytest.approx(figure.seeds.mean)


def test_networks_that_differ_have_their_own_random_initialisations(tmp_path: Path) -> None:
    results = write_comparison(tmp_path)
    results["objectives"][0]["random_init"] = "mlm, random initialisation"
    others = [
        {**s, "model": "mlm, random initialisation"}
        for s in results["scores"]
        if s["model"] == "encoder, random initialisation"
    ]
    results["scores"] += others
    board = boards(results, tmp_path)[0]
    assert all(board.figures[model, "sst2"].gap is not None for model in ("mlm", "sop"))


def test_minimal_pairs_of_one_paradigm_have_no_interval(tmp_path: Path) -> None:
    results = write_comparison(tmp_path)
    for score in results["scores"]:
        if score["method"] == "zero-shot":
            file = tmp_path / score["outputs"]
            stored = dict(np.load(file))
            np.savez(file, correct=stored["correct"], paradigm=np.full(len(stored["correct"]), "one"))
    board = next(b for b in boards(results, tmp_path) if b.setting.method == "zero-shot")
    figures = [figure for (model, _), figure in board.figures.items() if model in board.objectives]
    assert figures and all(figure.interval is None and figure.seeds.mean > 0 for figure in figures)
