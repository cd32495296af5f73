from nlp_ssl.heads.metrics import extra_metrics
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.objectives.sentence_permutation import SentencePermutation
from nlp_ssl.objectives.text_infilling import TextInfilling


def test_an_objective_that_shares_a_loss_has_no_metrics_of_its_own() -> None:
    alone = Mixture(objectives={"sentence_permutation": SentencePermutation()})
    bart = Mixture(objectives={"sentence_permutation": SentencePermutation(), "text_infilling": TextInfilling()})
    found = extra_metrics(alone.losses["sentence_permutation"])
    assert found is not None and found.names == ("orders_recovered", "orders_by_chance")
    assert [extra_metrics(loss) for loss in bart.losses.values()] == [None]
