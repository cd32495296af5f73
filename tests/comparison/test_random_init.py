from dataclasses import replace

from nlp_ssl import recipe_files
from nlp_ssl.comparison.random_init import random_init_name

MLM, SOP, CLM = (recipe_files.load(name) for name in ("mlm", "sop", "clm"))


def test_objectives_of_one_body_share_a_random_initialisation() -> None:
    recipes = {"mlm": MLM, "sop": replace(SOP, model=replace(SOP.model, dropout=0.1)), "clm": CLM}
    assert [random_init_name(name, recipes) for name in recipes] == [
        "encoder, random initialisation",
        "encoder, random initialisation",
        "decoder, random initialisation",
    ]


def test_other_weights_are_named_by_their_first_objective() -> None:
    tiny = replace(MLM, model=replace(MLM.model, size="tiny"))
    short = replace(MLM, batch=replace(MLM.batch, max_length=64))
    recipes = {"mlm": MLM, "sop": SOP, "clm": CLM, "tiny": tiny, "short": short}
    assert [random_init_name(name, recipes) for name in recipes] == [
        "mlm, random initialisation",
        "mlm, random initialisation",
        "decoder, random initialisation",
        "tiny, random initialisation",
        "short, random initialisation",
    ]


def test_runs_from_another_model_have_another_random_initialisation() -> None:
    recipes = {
        "mlm": replace(MLM, init="bert"),
        "sop": replace(SOP, init="bert"),
        "roberta": replace(MLM, init="roberta"),
    }
    assert [random_init_name(name, recipes) for name in recipes] == [
        "mlm, random initialisation",
        "mlm, random initialisation",
        "roberta, random initialisation",
    ]
