"""Models of others: damage is one sentence, and no code of theirs runs."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from transformers import AutoModel, BertConfig, BertModel, XLMRobertaTokenizer

from nlp_ssl.errors import InputError
from nlp_ssl.models.loading import load_config, load_model, load_tokenizer
from tests.worlds import write_corpus

SMALL = BertConfig(vocab_size=50, hidden_size=32, num_hidden_layers=1, num_attention_heads=1, intermediate_size=32)


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "bert"
    BertModel(SMALL).save_pretrained(folder)
    tokenizer = write_corpus(tmp_path_factory.mktemp("worlds") / "corpus").tokenizer_folder
    for file in tokenizer.iterdir():
        shutil.copy(file, folder)
    return folder


def load_all(folder: Path) -> None:
    load_config(folder), load_tokenizer(folder), load_model(folder, AutoModel)


def test_an_undamaged_folder_is_loaded_in_float32(model) -> None:
    loaded, missing = load_model(model, AutoModel)
    assert missing == set() and {p.dtype for p in loaded.parameters()} == {torch.float32}
    assert load_config(model).hidden_size == 32 and len(load_tokenizer(model)) == 50


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"{", b"\xff" * 64])
@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"])
def test_a_damaged_file_is_one_short_sentence(name, content, model, tmp_path) -> None:
    folder = Path(shutil.copytree(model, tmp_path / "bert"))
    (folder / name).write_bytes(content)
    with pytest.raises(InputError, match="bert: not a model and tokenizer in Hugging Face format") as error:
        load_all(folder)
    assert len(str(error.value)) < len(str(folder)) + 300 and "\n" not in str(error.value)


def test_code_that_a_model_carries_is_not_run(model, tmp_path, monkeypatch) -> None:
    folder = Path(shutil.copytree(model, tmp_path / "bert"))
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "theirs", "auto_map": {"AutoConfig": "theirs.Config", "AutoModel": "theirs.Model"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "theirs.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Config: pass\nclass Model: pass\n")
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    load_tokenizer(folder)  # tokenizer.json needs no code
    for load in (load_config, lambda f: load_model(f, AutoModel)):
        with pytest.raises(InputError):
            load(folder)
    assert not (tmp_path / "ran").exists()


def test_weights_that_are_not_finite_are_refused(tmp_path) -> None:
    broken = BertModel(SMALL)
    with torch.no_grad():
        broken.embeddings.word_embeddings.weight[3, 4] = torch.nan
    broken.save_pretrained(tmp_path / "bert")
    with pytest.raises(InputError, match=r"word_embeddings\.weight are not finite"):
        load_model(tmp_path / "bert", AutoModel)


def test_text_that_spells_a_special_piece_can_be_read_as_text(tmp_path: Path) -> None:
    pieces = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), ("a", -3.0), ("<mask>", 0.0)]
    XLMRobertaTokenizer(vocab=pieces + [(c, -4.0) for c in "</s>"]).save_pretrained(tmp_path)
    tokenizer = load_tokenizer(tmp_path)
    assert tokenizer("a</s>").tokens() == ["<s>", "▁", "a", "</s>", "</s>"]
    assert tokenizer("a</s>", split_special_tokens=True).tokens() == ["<s>", "▁", "a", "<", "/", "s", ">", "</s>"]
