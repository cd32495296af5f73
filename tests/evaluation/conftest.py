"""Networks of a few thousand weights, and a task that they can learn: the label is in one cue word."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    BertConfig,
    BertForMaskedLM,
    BertForSequenceClassification,
    GPT2Config,
    GPT2LMHeadModel,
    MBartConfig,
    MBartForConditionalGeneration,
    ModernBertDecoderConfig,
    ModernBertDecoderForCausalLM,
    PreTrainedTokenizerFast,
    T5Config,
    T5ForConditionalGeneration,
)

FILLERS = [f"w{i}" for i in range(30)]
CUES = {"bad": ["awful", "dull"], "good": ["fine", "grand"]}
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WIDTH = 32


def tokenizer() -> PreTrainedTokenizerFast:
    words = [*SPECIALS, *FILLERS, *(cue for cues in CUES.values() for cue in cues)]
    whole = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    whole.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    whole.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=whole,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        bos_token="[CLS]",
        eos_token="[SEP]",
    )


def network(kind: str) -> torch.nn.Module:
    torch.manual_seed(0)
    V = len(tokenizer())
    encoder = BertConfig(
        vocab_size=V, hidden_size=WIDTH, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=2 * WIDTH, max_position_embeddings=64, pad_token_id=0,
    )  # fmt: skip
    ends = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
    if kind == "clm":
        return GPT2LMHeadModel(GPT2Config(vocab_size=V, n_embd=WIDTH, n_layer=1, n_head=2, n_positions=64, **ends))
    if kind == "modernbert-decoder":  # the default of clm, whose token classifier is the project's own
        shape = {"num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64, "cls_token_id": 2}
        return ModernBertDecoderForCausalLM(
            ModernBertDecoderConfig(vocab_size=V, hidden_size=WIDTH, sep_token_id=3, **shape, **ends)
        )
    if kind in ("bart", "mbart"):
        side = {
            f"{s}_{k}": v
            for s in ("encoder", "decoder")
            for k, v in (("layers", 1), ("attention_heads", 2), ("ffn_dim", 64))
        }
        config, model = {
            "bart": (BartConfig, BartForConditionalGeneration),
            "mbart": (MBartConfig, MBartForConditionalGeneration),
        }[kind]
        shape = {"vocab_size": V, "d_model": WIDTH, "max_position_embeddings": 64}
        return model(config(**shape, decoder_start_token_id=2, forced_eos_token_id=None, **side, **ends))
    if kind == "t5":
        shape = {"vocab_size": V, "d_model": WIDTH, "d_kv": 16, "d_ff": 64, "num_layers": 1, "num_heads": 2}
        return T5ForConditionalGeneration(T5Config(**shape, decoder_start_token_id=2, **ends))
    return {"mlm": BertForMaskedLM, "sop": BertForSequenceClassification}[kind](encoder)


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a "run" of an objective: random weights in RUN/model."""
    folder = tmp_path_factory.mktemp("runs")

    def make(kind: str) -> Path:
        if not (folder / kind).exists():
            network(kind).save_pretrained(folder / kind / "model")
            tokenizer().save_pretrained(folder / kind / "model")
        return folder / kind

    return make


def texts(n: int, seed: int) -> tuple[list[str], list[str]]:
    """n texts of 2 to 9 words, and their labels."""
    rng = np.random.default_rng(seed)
    labels = [["bad", "good"][i] for i in rng.integers(0, 2, n)]
    lines = []
    for label in labels:
        words = list(rng.choice(FILLERS, rng.integers(1, 9)))
        words.insert(int(rng.integers(0, len(words) + 1)), str(rng.choice(CUES[label])))
        lines.append(" ".join(words))
    return lines, labels


@pytest.fixture(scope="session")
def cue_texts() -> Callable[[int, int], tuple[list[str], list[str]]]:
    return texts


@pytest.fixture
def cues(tmp_path: Path) -> Path:
    """The folder of the learnable task."""
    return write_cues(tmp_path / "cues")


def write_cues(folder: Path) -> Path:
    """Write the learnable task, 400 training examples and 200 of dev, and return its folder."""
    folder.mkdir()
    for split, n in (("train", 400), ("dev", 200)):
        rows = [f"{text}\t{label}" for text, label in zip(*texts(n, n), strict=True)]
        (folder / f"{split}.tsv").write_text("\n".join(["text\tlabel", *rows, ""]))
    return folder


@pytest.fixture
def tagged(tmp_path: Path) -> Path:
    """A task in which a word's tag is its own, but for w0, which has the tag of the word before it."""
    folder = tmp_path / "tagged"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for split, n in (("train", 150), ("dev", 60)):
        lines = []
        for length in rng.integers(2, 8, n):
            words = [int(word) for word in rng.integers(1, 9, length)]
            lines += [f"w{word} {'XY'[word % 2]}" for word in words] + [f"w0 {'XY'[words[-1] % 2]}", ""]
        (folder / f"{split}.conll").write_text("\n".join(lines))
    return folder
