"""Random word vectors."""

from types import SimpleNamespace

from nlp_ssl import registry
from nlp_ssl.tasks.baselines.random_vectors import RandomVectors


def test_the_experiment_makes_its_rows() -> None:
    experiment = SimpleNamespace(random_vector_rows=lambda title: [title, "row"])
    assert RandomVectors().rows(experiment) == ["random vectors", "row"]
    assert registry.find("baselines", "random_vectors") is RandomVectors
