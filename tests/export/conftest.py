"""Networks of a few thousand weights, as runs."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import AutoConfig, ModernBertConfig, ModernBertForMaskedLM

from nlp_ssl.checksums import seal
from nlp_ssl.evaluation.checkpoints import post_processor
from nlp_ssl.models.hybrid import as_decoder
from nlp_ssl.models.static import StaticVectorsConfig, StaticVectorsForNegativeSampling
from tests.evaluation.conftest import network, tokenizer

CARD = "---\nlibrary_name: transformers\nlanguage: en\n---\n\n# A model\n"


def modernbert() -> ModernBertForMaskedLM:
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    ends = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3, "cls_token_id": 2, "sep_token_id": 3}
    windows = {"local_attention": 4, "global_attn_every_n_layers": 2}
    config = ModernBertConfig(vocab_size=len(tokenizer()), max_position_embeddings=64, **shape, **ends, **windows)
    model = ModernBertForMaskedLM(config).eval()
    for weight in model.parameters():  # larger weights: each token that is read changes the outputs
        weight.data.mul_(3)
    return model


def save(kind: str, folder: Path) -> None:
    """A model with its tokenizer and card, as `pretrain` leaves it."""
    words = tokenizer()
    words.model_max_length = 64
    if kind == "static":
        torch.manual_seed(0)
        model = StaticVectorsForNegativeSampling(StaticVectorsConfig(vocab_size=len(words), hidden_size=3))
        ends = {"pad_token_id": 0, "cls_token_id": 2, "sep_token_id": 3}
        vars(model.config).update(ends)
        model.save_pretrained(folder)
    elif kind in ("modernbert", "hybrid"):
        model = modernbert()
        model.config.predicts_next_token = kind == "hybrid"
        model.save_pretrained(folder)
    elif kind == "modernbert-decoder":
        as_decoder(modernbert()).save_pretrained(folder)
    else:
        network(kind.removeprefix("backward ")).save_pretrained(folder)
    words.save_pretrained(folder)
    (folder / "README.md").write_text(CARD)
    if kind.startswith("backward"):
        config = AutoConfig.from_pretrained(folder)
        config.reading_direction = "backward"
        config.save_pretrained(folder)
    if kind == "hybrid":
        as_decoder(model).save_pretrained(folder / "decoder")
    if kind in ("hybrid", "modernbert-decoder"):
        backend = words.backend_tokenizer
        backend.post_processor = post_processor(backend, "[CLS]", "[SEP]", closed=False)
        words.save_pretrained(folder / "decoder" if kind == "hybrid" else folder)
    seal(folder)


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a "run" of a kind of network: random weights in RUN/model."""
    folder = tmp_path_factory.mktemp("runs")

    def make(kind: str) -> Path:
        if not (folder / kind).exists():
            (folder / kind).mkdir()
            save(kind, folder / kind / "model")
        return folder / kind

    return make
