from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp_ssl import declarations, recipe_files
from nlp_ssl.errors import InputError
from nlp_ssl.objectives import all_objectives
from nlp_ssl.recipe import Model, differences

OBJECTIVES = all_objectives()


@pytest.mark.parametrize("name", declarations.names("objectives"))
def test_every_shipped_recipe_loads_and_comes_back(name, tmp_path) -> None:
    loaded = recipe_files.load(name)
    file = tmp_path / "recipe.toml"
    file.write_text(recipe_files.dump(loaded))
    assert differences(recipe_files.load(str(file)), loaded) == []
    assert all(isinstance(objective, OBJECTIVES[name]) for name, objective in loaded.mixture.objectives.items())


def test_every_objective_has_a_recipe_of_its_name() -> None:
    assert set(OBJECTIVES) <= set(declarations.names("objectives"))


def test_a_file_holds_only_differences(tmp_path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('budget = "3-steps"\n[objective.mlm]\nmasking = "span"\n[model]\nsize = "tiny"\n')
    mine, shipped = recipe_files.load(str(file)), recipe_files.load("mlm")
    assert [str(change) for change in differences(shipped, mine)] == [
        "budget is '3-steps', before '10M-tokens'",
        "model.size is 'tiny', before 'mini'",
        "objective.mlm.masking is 'span', before 'token'",
    ]


def problems(text: str, tmp_path) -> list[str]:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(InputError) as caught:
        recipe_files.load(str(file))
    return [problem.replace(f"{file}: ", "") for problem in caught.value.problems]


def test_all_mistakes_are_reported_together(tmp_path) -> None:
    text = 'sed = 3\nsave_every = "x"\n[objective.mlm]\nmlm_probability = 2.0\n[model]\nsize = "huge"\n'
    text += "[batch]\nlength = 1\n"
    assert problems(text, tmp_path) == [
        "unknown key sed: did you mean 'seed'?",
        "save_every is 'x': it must be a whole number",
        "objective.mlm.mlm_probability is 2.0: it must lie between 0 and 1",
        "model.size is 'huge': it must be one of 'tiny', 'mini', 'small', 'medium', 'base', 'large', 'xl'",
        "unknown key batch.length: did you mean 'max_length'?",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[objective.mlmm]\n", "[objective.mlmm]: no such objective: did you mean 'mlm'?"),
        ("seed = 1\n", "it needs a table [objective.NAME], NAME one of"),
        ("seed = \n", "not valid TOML"),
        (
            '[objective.mlm]\nmasking = "words"\n',
            "objective.mlm.masking is 'words': it must be one of 'token', 'whole_word'",
        ),
        ('budget = "long"\n[objective.mlm]\n', "budget is 'long': it must be like"),
        ("model = 3\n[objective.mlm]\n", "model is 3: it must be a table"),
        ("seed = true\n[objective.mlm]\n", "seed is True: it must be a whole number"),
    ],
)
def test_single_mistakes(text, message, tmp_path) -> None:
    (problem,) = problems(text, tmp_path)
    assert problem.startswith(message)


def test_an_unknown_name_gets_a_suggestion(tmp_path) -> None:
    (tmp_path / "novel.txt").touch()
    with pytest.raises(InputError, match=r"novel\.txt is no recipe: give the name of a recipe first, or a file that"):
        recipe_files.load(str(tmp_path / "novel.txt"))
    with pytest.raises(InputError, match="no recipe 'mml': did you mean 'mlm'"):
        recipe_files.load("mml")
    with pytest.raises(InputError, match=r"nowhere\.toml: no such recipe file"):
        recipe_files.load("nowhere.toml")


KEYS, TEXTS = st.text(min_size=1), st.text()


@settings(deadline=None)
@given(config=st.dictionaries(KEYS, TEXTS | st.integers(-(2**63), 2**63 - 1) | st.booleans()), tracker=TEXTS)
def test_every_recipe_comes_back_from_its_dump(config, tracker) -> None:
    written = replace(recipe_files.load("bart"), model=Model(config=config), log_with=tracker)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "recipe.toml"
        file.write_text(recipe_files.dump(written), encoding="utf-8", newline="")
        read = recipe_files.load(str(file))
    assert differences(read, written) == []


def test_a_recipe_written_by_an_earlier_version_means_the_same(tmp_path) -> None:
    file = tmp_path / "recipe.toml"
    file.write_text(
        'mixing = "together"\nbudget = "10M-tokens"\nseed = 3\n\n[objective.mlm]\nweight = 1.0\nmlm_probability = 0.3\n'
        '\n[model]\nsize = "mini"\ndropout = 0.0\n\n[model.config]\nactivation = "gelu"\n'
    )
    read = recipe_files.load(str(file))
    assert (read.seed, read.mixture.objectives["mlm"].mlm_probability) == (3, 0.3)
    assert read.model == Model(config={"activation": "gelu"})
