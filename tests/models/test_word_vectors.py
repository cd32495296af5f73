from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

from nlp_ssl.errors import InputError
from nlp_ssl.models.static import StaticVectorsConfig, StaticVectorsForNegativeSampling
from nlp_ssl.models.word_vectors import word_vectors


def write(folder: Path, size: int) -> None:
    """Vectors of `size` tokens, of which the tokenizer lists two words."""
    words = {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, "play": 7, "late": 49}
    model = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    roles = {f"{role}_token": f"[{role.upper()}]" for role in ("pad", "unk", "cls", "sep", "mask")}
    PreTrainedTokenizerFast(tokenizer_object=model, **roles).save_pretrained(folder)
    vectors = StaticVectorsForNegativeSampling(StaticVectorsConfig(vocab_size=size, hidden_size=2))
    vectors.body.vectors.weight.data = torch.arange(2.0 * size).reshape(size, 2)
    vectors.save_pretrained(folder)


def test_tokens_are_those_that_the_tokenizer_lists(tmp_path) -> None:
    write(tmp_path, 50)
    words, vectors = word_vectors(tmp_path)
    assert words == ["play", "late"] and vectors.tolist() == [[14, 15], [98, 99]]
    write(tmp_path, 49)
    with pytest.raises(InputError, match="the tokenizer has the id 49, but the model has 49 embeddings"):
        word_vectors(tmp_path)
