"""Scores of sentences against the logits of transformers, one sentence and one mask at a time."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoModelForCausalLM, AutoModelForMaskedLM, AutoTokenizer, PreTrainedTokenizerFast

from nlp_ssl.errors import InputError
from nlp_ssl.evaluation import likelihood
from nlp_ssl.evaluation.likelihood import LanguageModel, Scoring

Run = Callable[[str], Path]
CLS, SEP, MASK = 2, 3, 4
TEXTS = ["w1 w2 w3 fine", "w4", "w5 w6 nobody w5", "w1 w2 w3 fine", "w3 w1 w2"]


def scores(folder: Path, texts: list[str], by: Scoring = "causal", whole_words: bool = False) -> np.ndarray:
    model = LanguageModel(folder, "fp32")
    return model.score(model.read(texts), by, whole_words, lambda _: None)


def ids_of(folder: Path, text: str) -> list[int]:
    return AutoTokenizer.from_pretrained(folder)(text, add_special_tokens=False)["input_ids"]


@torch.no_grad()
def log_probability(model: torch.nn.Module, read: list[int], place: int, token: int) -> float:
    return model(input_ids=torch.tensor([read])).logits[0, place].log_softmax(-1)[token].item()


@pytest.fixture
def pieces(run: Run, tmp_path: Path) -> Path:
    """The masked model with a tokenizer that cuts words: "w1w2" is "w1 ##w2"."""
    shutil.copytree(run("mlm") / "model", tmp_path / "model")
    words = {f"w{i}": 5 + i for i in range(7)} | {f"##w{i}": 12 + i for i in range(7)}
    specials = {name: i for i, name in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])}
    cut = Tokenizer(models.WordPiece(specials | words, unk_token="[UNK]"))
    cut.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    names = {f"{name[1:-1].lower()}_token": name for name in specials}
    PreTrainedTokenizerFast(tokenizer_object=cut, **names).save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def test_causal_scores_are_sums_over_the_tokens_given_those_before(run: Run) -> None:
    folder = run("clm") / "model"
    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    for text, found in zip(TEXTS, scores(folder, TEXTS), strict=True):
        ids = [CLS, *ids_of(folder, text)]
        expected = sum(log_probability(model, ids[:i], i - 1, ids[i]) for i in range(1, len(ids)))
        assert found == pytest.approx(expected, abs=1e-4)


def test_a_model_that_reads_backward_gets_the_tokens_reversed(run: Run, tmp_path: Path) -> None:
    shutil.copytree(run("clm"), tmp_path / "run")
    (tmp_path / "run" / "recipe.toml").write_text('[objective.clm]\ndirection = "backward"\n')
    backward = scores(tmp_path / "run" / "model", ["w1 w2 w3 fine", "w4"])
    np.testing.assert_allclose(backward, scores(run("clm") / "model", ["fine w3 w2 w1", "w4"]), rtol=1e-5)


def test_pseudo_log_likelihoods_mask_one_token_at_a_time(run: Run) -> None:
    folder = run("mlm") / "model"
    model = AutoModelForMaskedLM.from_pretrained(folder).eval()
    for text, found in zip(TEXTS, scores(folder, TEXTS, "pseudo-log-likelihood"), strict=True):
        ids, expected = [CLS, *ids_of(folder, text), SEP], 0.0
        for i in range(1, len(ids) - 1):
            expected += log_probability(model, [*ids[:i], MASK, *ids[i + 1 :]], i, ids[i])
        assert found == pytest.approx(expected, abs=1e-4)


def test_a_masked_model_may_predict_at_the_position_before(run: Run, tmp_path: Path) -> None:
    shutil.copytree(run("mlm") / "model", tmp_path / "model")
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    (tmp_path / "model" / "config.json").write_text(json.dumps(config | {"predicts_next_token": True}))
    model = AutoModelForMaskedLM.from_pretrained(tmp_path / "model").eval()
    for text, found in zip(TEXTS, scores(tmp_path / "model", TEXTS, "pseudo-log-likelihood"), strict=True):
        ids, expected = [CLS, *ids_of(tmp_path / "model", text), SEP], 0.0
        for i in range(1, len(ids) - 1):
            expected += log_probability(model, [*ids[:i], MASK, *ids[i + 1 :]], i - 1, ids[i])
        assert found == pytest.approx(expected, abs=1e-4)


def test_a_masked_model_scored_causally_sees_nothing_that_follows(run: Run) -> None:
    folder = run("mlm") / "model"
    model = AutoModelForMaskedLM.from_pretrained(folder).eval()
    for text, found in zip(TEXTS, scores(folder, TEXTS, "causal"), strict=True):
        ids, expected = [CLS, *ids_of(folder, text), SEP], 0.0
        for i in range(1, len(ids) - 1):
            expected += log_probability(model, [*ids[:i], *[MASK] * (len(ids) - 1 - i), SEP], i, ids[i])
        assert found == pytest.approx(expected, abs=1e-4)


def test_whole_words_mask_the_rest_of_the_word(pieces: Path) -> None:
    text, ids = "w0 w1w2w3 w4w5", [5, 6, 14, 15, 9, 17]
    assert ids_of(pieces, text) == ids
    model = AutoModelForMaskedLM.from_pretrained(pieces).eval()
    read = [  # what is masked for each of the six tokens
        [CLS, MASK, 6, 14, 15, 9, 17, SEP],
        [CLS, 5, MASK, MASK, MASK, 9, 17, SEP],
        [CLS, 5, 6, MASK, MASK, 9, 17, SEP],
        [CLS, 5, 6, 14, MASK, 9, 17, SEP],
        [CLS, 5, 6, 14, 15, MASK, MASK, SEP],
        [CLS, 5, 6, 14, 15, 9, MASK, SEP],
    ]
    expected = sum(log_probability(model, read[i], i + 1, ids[i]) for i in range(6))
    found = scores(pieces, ["w1", text], "pseudo-log-likelihood", whole_words=True)
    assert found[1] == pytest.approx(expected, abs=1e-4)
    plain = scores(pieces, ["w1", text], "pseudo-log-likelihood")
    assert plain[0] == found[0] and plain[1] != pytest.approx(found[1], abs=1e-4)


@pytest.mark.parametrize(("kind", "by"), [("clm", "causal"), ("mlm", "causal"), ("mlm", "pseudo-log-likelihood")])
def test_batches_change_nothing_and_equal_sentences_are_equal(run: Run, kind: str, by: Scoring, monkeypatch) -> None:
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice([f"w{i}" for i in range(9)], n)) for n in rng.integers(1, 20, 40)]
    model, seen = LanguageModel(run(kind) / "model", "fp32"), []
    read = model.read([*texts, *texts[::-1]])
    at_once = model.score(read, by, False, seen.append)
    assert np.array_equal(at_once[:40], at_once[40:][::-1])
    assert sum(seen) == sum(len(text.split()) for text in set(texts))
    monkeypatch.setattr(likelihood, "TOKENS_AT_ONCE", (60, 60))
    np.testing.assert_allclose(model.score(read, by, False, seen.append), at_once, rtol=1e-5)


def test_a_tokenizer_with_an_end_token_alone_starts_with_it(run: Run, tmp_path: Path) -> None:
    shutil.copytree(run("clm") / "model", tmp_path / "model")
    tokenizer = Tokenizer.from_file(str(tmp_path / "model" / "tokenizer.json"))
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="[SEP]").save_pretrained(tmp_path / "model")
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "model").eval()
    expected = log_probability(model, [SEP], 0, 6) + log_probability(model, [SEP, 6], 1, 7)
    assert scores(tmp_path / "model", ["w1 w2"])[0] == pytest.approx(expected, abs=1e-4)


def test_models_that_score_no_sentence(run: Run) -> None:
    with pytest.raises(InputError, match="cannot score sentences with the encoder-decoder 'bart'"):
        LanguageModel(run("bart") / "model", "fp32")
    with pytest.raises(InputError, match=r"has no language modelling head \(no weights for cls.predictions"):
        LanguageModel(run("sop") / "model", "fp32")


def test_text_that_spells_special_tokens_is_text(run: Run) -> None:
    model = LanguageModel(run("mlm") / "model", "fp32")
    special = [model.tokenizer.pad_token_id, model.tokenizer.mask_token_id, model.tokenizer.sep_token_id]
    ids = model.read(["w1 [MASK] w2 [PAD][SEP]"]).tokens.ids
    assert not np.isin(ids[1:-1], special).any()
