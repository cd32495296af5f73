"""Who may write into a run's folder, and what lies there."""

from tests.training.runs import TINY, pretrain, refused
from tests.worlds import write_corpus


def test_a_folder_with_another_run_is_refused(corpus, tmp_path, capsys) -> None:
    out = tmp_path / "run"
    steps = ["--budget", "3-steps"]
    assert pretrain("mlm", corpus, out, *steps) == 0
    common = ["--corpus", str(corpus), "--out", str(out), *TINY, *steps]
    assert "holds a run: continue it with --resume" in refused(capsys, "pretrain", "mlm", *common)
    changed = refused(capsys, "pretrain", "mlm", *common, "--resume", "--seed", "5", "--model.dropout", "0.2")
    assert "run with another recipe: seed is 5, before 0" in changed and "model.dropout is 0.2, before 0.0" in changed
    assert "objective" in refused(capsys, "pretrain", "clm", *common, "--resume")
    other = write_corpus(tmp_path / "other", seed=1).folder
    common[1] = str(other)
    assert "was trained on another corpus" in refused(capsys, "pretrain", "mlm", *common, "--resume")
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("do not lose me")
    common[3] = str(foreign)
    assert "holds other files than a run" in refused(capsys, "pretrain", "mlm", *common)
    assert [p.name for p in foreign.iterdir()] == ["thesis.txt"]
