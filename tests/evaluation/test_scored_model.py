"""What results of a model depend on."""

from nlp_ssl.evaluation.scored_model import ScoredModel


def test_only_baselines_share_results_and_each_seed_has_its_own() -> None:
    ours = ScoredModel("pretrained", "mlm", "pretrained", None, {}, None)
    theirs = ScoredModel("random_init", "random", "random_init", None, {}, lambda seed: {"draw": seed})
    assert ours.shared_by(1) is None and ours.pretrained
    assert theirs.shared_by(2) == {"draw": 2} and not theirs.pretrained
