from dataclasses import replace
from pathlib import Path

from nlp_ssl.comparison.results_file import Setting
from nlp_ssl.report.sections.curves import label_plots, learning_plots
from nlp_ssl.report.svg import Style
from tests.comparison.worlds import write_comparison
from tests.report.boards import board

STYLES = {"mlm": Style(0), "clm": Style(1), "sop": Style(2)}


def test_scores_by_number_of_labels() -> None:
    results = {"tasks": [{"name": "task 0", "examples": {"train": 5000}}]}
    full = board({"mlm": [1]}, baselines={"majority": [0.5]})
    few = replace(full, setting=Setting("finetune", 100, None))
    (plots,) = label_plots(results, [full, few], STYLES)
    assert plots.title == "Scores by number of labels: fine-tuned"
    assert ">100<" in plots.plots[0] and ">5k<" in plots.plots[0]
    assert "majority" not in plots.plots[0]
    assert list(label_plots(results, [full], STYLES)) == []


def test_learning_curves_by_tokens_and_flops(tmp_path: Path) -> None:
    plots = list(learning_plots(write_comparison(tmp_path), STYLES))
    assert [p.title for p in plots] == [
        "Learning curves by tokens: linear probe on frozen vectors, all labels",
        "Learning curves by FLOPs: linear probe on frozen vectors, all labels",
    ]
    assert [len(p.plots) for p in plots] == [2, 2]
    assert plots[0].plots[0].count('class="band"') == 3
