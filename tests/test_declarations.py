"""Where shipped declarations are."""

from nlp_ssl import declarations


def test_recipes_and_tasks_are_found_by_name() -> None:
    assert {"mlm", "clm", "bert"} <= set(declarations.names("objectives"))
    assert "sst2" in declarations.names("data")
    assert declarations.names("data") == sorted(declarations.names("data"))
    assert (declarations.folder("objectives") / "mlm.toml").is_file()
