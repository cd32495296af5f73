"""Random initialisation: the run's architecture without pretraining."""

from types import SimpleNamespace

from nlp_ssl import registry
from nlp_ssl.tasks.baselines.random_init import RandomInit


def test_the_experiment_makes_its_rows() -> None:
    experiment = SimpleNamespace(random_init_rows=lambda title: [title, "row"])
    assert RandomInit().rows(experiment) == ["random initialisation", "row"]
    assert registry.find("baselines", "random_init") is RandomInit
