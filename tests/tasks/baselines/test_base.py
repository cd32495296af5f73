"""The names of all baselines."""

from nlp_ssl import registry


def test_the_registry_has_them_all() -> None:
    found = {"majority", "random_init", "random_vectors", "tag_features", "tfidf", "word_tag"}
    assert found <= set(registry.names("baselines"))
    for kind in registry.names("task_kinds"):
        assert set(registry.find("task_kinds", kind).baselines) <= set(registry.names("baselines"))
