"""Where shipped declarations are."""

import re

import pytest

from nlp_ssl import declarations


def test_recipes_and_tasks_are_found_by_name() -> None:
    assert {"mlm", "clm", "bert"} <= set(declarations.names("objectives"))
    assert "sst2" in declarations.names("data")
    assert declarations.names("data") == sorted(declarations.names("data"))
    assert (declarations.folder("objectives") / "mlm.toml").is_file()


@pytest.mark.parametrize("name", declarations.names("objectives"))
def test_a_recipe_begins_with_one_short_sentence(name: str) -> None:
    assert re.fullmatch(r"[A-Z][^.]{20,78}\.", declarations.summary("objectives", name))


@pytest.mark.parametrize("name", declarations.names("data"))
def test_a_declaration_of_data_begins_with_its_subject_and_its_source(name: str) -> None:
    said = re.fullmatch(r"[A-Z][^.]+\. Data: (.+)\.", declarations.summary("data", name))
    assert said is not None and len(said[0]) < 80
    file = declarations.folder("data") / f"{name}.toml"
    assert (said[1] == "hub") == ("\nhub = " in file.read_text("utf-8"))


def test_a_listing_aligns_the_summaries() -> None:
    assert declarations.summaries("objectives", ["sop", "clm"]) == (
        "  sop  Predict whether two segments are in order (ALBERT).\n"
        "  clm  Predict each next token (causal language modelling)."
    )
