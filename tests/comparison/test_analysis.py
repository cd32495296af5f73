from pathlib import Path

import numpy as np
import pytest

from nlp_ssl.array_files import write_arrays
from nlp_ssl.comparison.analysis import boards
from nlp_ssl.comparison.results_file import Setting
from tests.comparison.worlds import World, write_comparison


def test_the_main_board_has_each_task_in_its_first_setting(tmp_path: Path) -> None:
    found = boards(write_comparison(tmp_path), tmp_path)
    assert [board.setting for board in found] == [
        None,
        *(Setting(method, n, None) for method in ("finetune", "probe", "knn") for n in (None, 100)),
        *(Setting("zero-shot", None, variant) for variant in ("causal", "pseudo-log-likelihood")),
    ]
    main, finetune = found[:2]
    assert {task: (s.method, s.train_examples) for task, s in main.settings.items()} == {
        "sst2": ("finetune", None),
        "nsmc": ("finetune", None),
        "blimp": ("zero-shot", None),
    }
    for key in [("mlm", "sst2"), ("tfidf", "nsmc"), ("encoder, random initialisation", "sst2")]:
        assert main.figures[key].seeds == finetune.figures[key].seeds


def test_the_main_board_has_likelihoods_of_both_variants_against_chance(tmp_path: Path) -> None:
    main = boards(write_comparison(tmp_path, World(seeds=3, objectives=("mlm", "clm"))), tmp_path)[0]
    figures = {model: main.figures[model, "blimp"] for model in ("mlm", "clm")}
    for figure in figures.values():
        assert figure.reference == "chance" and figure.gap is not None
        assert figure.gap.difference.mean == pytest.approx(figure.seeds.mean - 0.5)
    pair = main.pairs["mlm", "clm", "blimp"].difference
    assert pair.mean == pytest.approx(figures["mlm"].seeds.mean - figures["clm"].seeds.mean)
    assert main.figures["mlm", "sst2"].reference == "encoder, random initialisation"
    assert main.settings["blimp"] == Setting("zero-shot", None, None)
    alone = boards(write_comparison(tmp_path / "alone", World(objectives=("clm",))), tmp_path / "alone")[0]
    assert alone.settings["blimp"] == Setting("zero-shot", None, "causal")


def test_an_interval_is_over_the_clusters_of_the_files(tmp_path: Path) -> None:
    """Models that say one class for both sides of each contrast are right about exactly half, without any noise."""
    results = write_comparison(tmp_path)
    arrays = {"gold": np.tile([0, 1], 80), "predicted": np.ones(160), "cluster": np.repeat(np.arange(80), 2)}
    for score in results["scores"]:
        if score["task"] == "sst2" and score["outputs"]:
            write_arrays(tmp_path / score["outputs"], arrays)
    main = boards(results, tmp_path)[0]
    found = [figure for (_, task), figure in main.figures.items() if task == "sst2" and figure.interval]
    assert len(found) > 4 and {(f.interval.low, f.interval.high) for f in found if f.interval} == {(0.5, 0.5)}


def test_a_board_without_the_tasks_of_the_main_board(tmp_path: Path) -> None:
    main, *each = boards(write_comparison(tmp_path), tmp_path)
    left = {board.setting: found.tasks for board in each if board.setting and (found := board.without(main))}
    assert Setting("finetune", None, None) not in left and Setting("zero-shot", None, "causal") not in left
    assert left[Setting("finetune", 100, None)] == left[Setting("probe", None, None)] == ("sst2", "nsmc")


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
    for board in boards(results, tmp_path)[1:]:
        assert board.setting is not None
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
    board = boards(write_comparison(tmp_path, World(seeds=4, finetuning_seeds=4, examples=300)), tmp_path)[1]
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
    assert len(gaps) == 9  # three objectives, two labelled tasks and minimal pairs
    least = min(gaps, key=lambda gap: gap.difference.p or 1)
    assert least.p == pytest.approx(min(9 * (least.difference.p or 1), 1))


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
    board = next(b for b in boards(results, tmp_path) if b.setting and b.setting.method == "zero-shot")
    figures = [figure for (model, _), figure in board.figures.items() if model in board.objectives]
    assert figures and all(figure.interval is None and figure.seeds.mean > 0 for figure in figures)


def extended(folder: Path, dropped: dict[str, int]) -> dict:
    """A comparison whose scores with 100 labels are also on an extended split; `dropped` examples recur, by model."""
    results = write_comparison(folder, World(seeds=3, finetuning_seeds=3))
    for task in results["tasks"]:
        task["extended_metric"] = f"{task['metric']} extended"
    found = []
    for score in results["scores"]:
        if score["train_examples"] != 100 or score["tokens"] is not None:
            continue
        with np.load(folder / score["outputs"]) as arrays:
            gold, predicted = np.tile(arrays["gold"], 4), np.tile(arrays["predicted"], 4)
        kept = np.arange(len(gold)) >= dropped.get(score["model"], 0)
        name = f"{score['outputs'].removesuffix('.npz')}-extended.npz"
        np.savez(folder / name, gold=gold, predicted=predicted, kept=kept)
        mean = float((gold == predicted)[kept].mean())
        found.append({**score, "metric": f"{score['metric']} extended", "score": mean, "outputs": name})
    return {**results, "scores": [*results["scores"], *found]}


def test_verdicts_use_the_extended_split_where_it_was_scored(tmp_path: Path) -> None:
    found = boards(extended(tmp_path, {}), tmp_path)
    whole, few = (next(b for b in found if b.setting == Setting("finetune", n, None)) for n in (None, 100))
    assert (whole.metrics["sst2"], few.metrics["sst2"]) == ("accuracy", "accuracy extended")
    figures = whole.figures["mlm", "sst2"], few.figures["mlm", "sst2"]
    assert figures[0].dev is None and figures[1].dev == pytest.approx(figures[1].seeds.mean)  # dev, four times


def test_all_models_are_scored_on_the_examples_that_they_have_in_common(tmp_path: Path) -> None:
    results = extended(tmp_path, {"mlm": 30, "tfidf": 50})
    board = next(b for b in boards(results, tmp_path) if b.setting == Setting("finetune", 100, None))
    for model in ("mlm", "clm", "tfidf"):
        files = [
            np.load(tmp_path / s["outputs"])
            for s in results["scores"]
            if (s["model"], s["task"], s["method"], s["train_examples"], s["metric"])
            == (model, "sst2", "finetune", 100, "accuracy extended")
        ]
        right = [(f["gold"] == f["predicted"])[50:].mean() for f in files]
        assert board.figures[model, "sst2"].seeds.mean == pytest.approx(np.mean(right))
