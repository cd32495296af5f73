"""A pretrained body, with a fresh classifier or frozen: how texts go in, how it is trained, what comes out.

The classifier is the one that `transformers` has for the architecture (`AutoModelForSequenceClassification`),
so that what is saved loads there:

* an encoder classifies by the vector of its first token, through a pooler where the architecture has one; but by
  the mean of all vectors where the architecture offers that (`classifier_pooling`, in ModernBERT), since masked
  language modelling teaches the first token nothing;
* a decoder by the vector of its last token, which is the end of the text;
* an encoder-decoder reads the text on both sides and classifies by the decoder's last token, as BART does: in
  `transformers` the decoder reads a start token ([CLS] for BART, [SEP] for mBART) and the text without its last [SEP],
  and its vector where it would write that one is what classifies.

The classifier always starts from the fine-tuning seed, even if the checkpoint already classifies something;
so does a pooler that the checkpoint lacks. Everything else is the pretrained body, or, for the baseline "the
same network untrained", starts from the seed too.

A frozen body (`Encoder`) gives a vector to each text: the mean of its last hidden states over all tokens that are
no padding, of an encoder-decoder those of its encoder. It is the same for every body, so that vectors differ by
what was learned; the last token of a decoder, which fine-tuning classifies by, was trained to predict what follows
the text and not to hold it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F  # noqa: N812
from safetensors import SafetensorError
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
)
from transformers.utils import logging

from nlp_ssl.errors import InputError
from nlp_ssl.models.architectures import set_dropout
from nlp_ssl.models.auto import has_head, model_class
from nlp_ssl.runtime import Precision, choose_attention, make_accelerator, make_optimizer
from nlp_ssl.tasks.splits import LabelledExamples

DROPOUT = 0.1
WARM_UP = 0.1  # of all steps
WEIGHT_DECAY = 0.01  # of matrices; biases and the gains of norms have none
CLIP = 1.0
POOL = 50  # batches whose examples are sorted by length together
PREDICTED_AT_ONCE = 64  # examples


@dataclass(frozen=True)
class Checkpoint:
    """A pretrained model, read once and copied into every network that starts from it."""

    config: Any
    tokenizer: Any
    body: dict[str, torch.Tensor]
    """The weights that were trained; those of a pooler that was not are missing."""
    backward: bool
    """It was trained to read from the end of a text to its beginning."""

    def architecture(self) -> dict[str, Any]:
        """The config without its origin and what `build` sets: where it is equal, untrained networks start equal."""
        set_here = {"classifier_pooling", "id2label", "label2id", "num_labels", "problem_type", "use_cache"}
        origin = {"_name_or_path", "architectures", "dtype", "transformers_version"}
        config = {key: value for key, value in self.config.to_dict().items() if key not in set_here | origin}
        return {**config, "pad_token_id": self.tokenizer.pad_token_id}


def load_checkpoint(folder: Path) -> Checkpoint:
    """Read a model in Hugging Face format. InputError if it is not one that can classify."""
    with _loading(folder):
        config = AutoConfig.from_pretrained(folder)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        body, loading = AutoModel.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
    if not has_head(AutoModelForSequenceClassification, config):
        raise InputError(f"{folder}: transformers has no classifier for the architecture {config.model_type!r}")
    untrained = set(loading["missing_keys"])
    lacking = sorted(name for name in untrained if "pooler" not in name)
    if lacking:
        raise InputError(f"{folder}: the checkpoint lacks weights of its body ({', '.join(lacking[:3])}, …)")
    _fit(tokenizer, config, folder)
    trained = {name: weight for name, weight in body.state_dict().items() if name not in untrained}
    return Checkpoint(config, tokenizer, trained, _reads_backward(folder.parent / "recipe.toml"))


def load_language_model(folder: Path) -> tuple[Any, Any, Literal["masked", "causal"], bool]:
    """A model that predicts tokens, its tokenizer, how it was trained, and whether it reads from the end.

    InputError where it is no model in Hugging Face format, is none that reads one text and predicts its tokens,
    or has been trained without such a head.
    """
    with _loading(folder):
        config = AutoConfig.from_pretrained(folder)
        tokenizer = AutoTokenizer.from_pretrained(folder)
    if config.is_encoder_decoder:
        raise InputError(f"{folder}: {config.model_type!r} reads one text and writes another: it scores no sentence")
    masked, causal = (has_head(auto, config) for auto in (AutoModelForMaskedLM, AutoModelForCausalLM))
    if not masked and not causal:
        raise InputError(f"{folder}: transformers has no architecture {config.model_type!r} that predicts tokens")
    if masked and causal:  # BERT may be either
        as_decoder = model_class(AutoModelForCausalLM, config).__name__
        masked = as_decoder not in (config.architectures or [])
    with _loading(folder):
        kind = AutoModelForMaskedLM if masked else AutoModelForCausalLM
        model, loading = kind.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
    if loading["missing_keys"]:
        lacking = ", ".join(sorted(loading["missing_keys"])[:3])
        raise InputError(f"{folder}: the model was not trained to predict tokens, its head for that lacks {lacking}")
    _fit(tokenizer, config, folder)
    backward = _reads_backward(folder.parent / "recipe.toml")
    return model.eval(), tokenizer, "masked" if masked else "causal", backward


def _fit(tokenizer: Any, config: Any, folder: Path) -> None:
    """Give the tokenizer a padding token if it has none. InputError where it does not go with the model."""
    if len(tokenizer) > config.vocab_size:
        raise InputError(f"{folder}: its tokenizer has {len(tokenizer)} tokens, the model {config.vocab_size}")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    if tokenizer.pad_token_id is None:
        raise InputError(f"{folder}: its tokenizer has neither a padding nor an end token")


def _reads_backward(recipe: Path) -> bool:
    """Whether a run's recipe says that its language model predicts the previous token."""
    if not recipe.is_file():
        return False
    try:
        objective = tomllib.loads(recipe.read_text("utf-8")).get("objective", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{recipe}: damaged, so which way the model reads is unknown: {error}") from None
    return bool(objective.get("clm", {}).get("direction") == "backward")


def longest_input(config: Any, wanted: int) -> int:
    """`wanted`, or the number of positions that a model of this config has if that is less."""
    positions = getattr(config, "max_position_embeddings", None) or wanted
    if config.model_type in ("roberta", "xlm-roberta", "camembert"):
        positions -= config.pad_token_id + 1  # their positions start behind the padding's
    return min(wanted, positions)


def build(checkpoint: Checkpoint, pretrained: bool, labels: Sequence[str], seed: int) -> torch.nn.Module:
    """A network with a fresh classifier (one output without `labels`), on a pretrained body or a fresh one.

    With the same seed, both have the same weights wherever nothing pretrained is put in.
    """
    config = _config(checkpoint)
    set_dropout(config, DROPOUT)
    if hasattr(config, "classifier_pooling"):
        config.classifier_pooling = "mean"
    config.id2label = dict(enumerate(labels or ["score"]))
    config.label2id = {name: i for i, name in config.id2label.items()}
    config.problem_type = "single_label_classification" if labels else "regression"
    torch.manual_seed(seed)
    model: torch.nn.Module = AutoModelForSequenceClassification.from_config(config, dtype=torch.float32)
    if pretrained:
        _put(checkpoint, model.base_model)
    return model


def _config(checkpoint: Checkpoint) -> Any:
    """A copy of the checkpoint's config, to be changed."""
    config = type(checkpoint.config).from_dict(checkpoint.config.to_dict())
    config.pad_token_id = checkpoint.tokenizer.pad_token_id
    config.use_cache = False
    return config


def _put(checkpoint: Checkpoint, body: Any) -> None:
    """Put the pretrained weights into a body."""
    own = body.state_dict()
    body.load_state_dict({k: v for k, v in checkpoint.body.items() if k in own}, strict=False)


# --- texts as batches ---


@dataclass(frozen=True)
class Tokens:
    """The examples of a split as token ids, one behind the other: example i is `ids[starts[i]:starts[i + 1]]`."""

    ids: npt.NDArray[np.int32]
    types: npt.NDArray[np.int8] | None
    """0 in the first text and 1 in the second, for models that are told."""
    starts: npt.NDArray[np.int64]
    truncated: int
    """How many examples were longer than the model may read."""
    unknown: float
    """The share of tokens that the tokenizer does not know."""

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of each example [n]."""
        return np.diff(self.starts)

    def fingerprint(self) -> str:
        """A hash of what a network reads."""
        digest = blake2b(digest_size=8)
        for array in (self.ids, self.starts) if self.types is None else (self.ids, self.starts, self.types):
            digest.update(array.tobytes())
        return digest.hexdigest()


def encode(checkpoint: Checkpoint, examples: LabelledExamples, max_length: int) -> Tokens:
    """Tokenise with the run's own tokenizer and template; too long pairs lose the ends of the longer text.

    What looks like a special token in a text is text: an encoder-decoder is to find as many [SEP] in each row.
    """
    tokenizer = checkpoint.tokenizer
    told = getattr(checkpoint.config, "type_vocab_size", 0) > 1
    encoded = tokenizer(
        examples.texts,
        examples.pairs,
        truncation=True,
        max_length=max_length,
        return_attention_mask=False,
        return_token_type_ids=told,
        split_special_tokens=True,
    )
    starts = np.zeros(len(examples) + 1, dtype=np.int64)
    np.cumsum([len(ids) for ids in encoded["input_ids"]], out=starts[1:])
    ids = _flat(encoded["input_ids"], np.int32)
    if checkpoint.backward:
        ids = reverse(ids, starts)
    return Tokens(
        ids=ids,
        types=_flat(encoded["token_type_ids"], np.int8) if told else None,
        starts=starts,
        truncated=sum(bool(encoded[int(i)].overflowing) for i in np.flatnonzero(np.diff(starts) == max_length)),
        unknown=float(np.mean(ids == tokenizer.unk_token_id)) if tokenizer.unk_token_id is not None else 0.0,
    )


def reverse(ids: npt.NDArray[np.int32], starts: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    """Each example from its end to its beginning, between its first and last special token."""
    lengths = np.diff(starts)
    place = np.arange(len(ids)) - np.repeat(starts[:-1], lengths)
    length = np.repeat(lengths, lengths)
    inside = (place > 0) & (place < length - 1)
    return ids[np.arange(len(ids)) + np.where(inside, length - 1 - 2 * place, 0)]


def _flat(lists: list[list[int]], dtype: type[Any]) -> npt.NDArray[Any]:
    total = sum(map(len, lists))
    return np.fromiter((i for ids in lists for i in ids), dtype=dtype, count=total)


def batches(lengths: npt.NDArray[np.int64], batch_size: int, seed: int, epoch: int) -> list[npt.NDArray[np.int64]]:
    """The batches of an epoch, as indices: each example once, examples of like length together.

    A pure function of its arguments: shuffle, sort by length within pools of `POOL` batches, shuffle batches.
    """
    rng = np.random.default_rng([seed, epoch])
    shuffled = rng.permutation(len(lengths))
    pools = [shuffled[i : i + POOL * batch_size] for i in range(0, len(shuffled), POOL * batch_size)]
    ordered = np.concatenate([pool[np.argsort(lengths[pool], kind="stable")] for pool in pools])
    cut = [ordered[i : i + batch_size] for i in range(0, len(ordered), batch_size)]
    return [cut[i] for i in rng.permutation(len(cut))]


def collate(tokens: Tokens, rows: npt.NDArray[np.int64], pad: int) -> dict[str, torch.Tensor]:
    """The model's input for some examples, int64[B, L]; without a mask where nothing is padded."""
    lengths = tokens.lengths[rows]
    place = np.arange(lengths.max())
    real = place < lengths[:, None]
    where = np.where(real, tokens.starts[rows][:, None] + place, 0)
    batch = {"input_ids": np.where(real, tokens.ids[where], pad).astype(np.int64)}
    if tokens.types is not None:
        batch["token_type_ids"] = np.where(real, tokens.types[where], 0).astype(np.int64)
    if not real.all():
        batch["attention_mask"] = real.astype(np.int64)
    return {name: torch.from_numpy(array) for name, array in batch.items()}


# --- training and predicting ---


@dataclass(frozen=True, kw_only=True)
class Training:
    """How a network is trained: AdamW, the learning rate rising linearly and falling linearly to zero."""

    learning_rate: float
    epochs: int
    """Of the schedule; training may stop earlier."""
    batch_size: int
    """Examples in a batch, of all processes together."""
    seed: int


class Classifier:
    """A network under Accelerate, to be trained once and then to predict."""

    def __init__(
        self, checkpoint: Checkpoint, pretrained: bool, labels: Sequence[str], seed: int, precision: Precision
    ) -> None:
        self.tokenizer = checkpoint.tokenizer
        self.outputs = max(1, len(labels))
        self.device = make_accelerator(precision)
        self.device.free_memory()  # of the network before this one
        self.model = self.device.prepare(build(checkpoint, pretrained, labels, seed))

    def train(
        self, tokens: Tokens, labels: npt.NDArray[Any], training: Training, seen: Callable[[int], None]
    ) -> Iterator[int]:
        """Train, giving the number of epochs done after each; `seen` is told the examples of every step.

        The loss is cross-entropy, or the squared error for labels that are numbers. InputError, before the
        weights are touched, where it is not finite.
        """
        device, classes = self.device, labels.dtype == np.int64
        choose_attention(self.model, int(tokens.lengths.max()))
        optimizer = device.prepare(make_optimizer(self.model, WEIGHT_DECAY, lr=training.learning_rate))
        targets = torch.from_numpy(labels if classes else labels.astype(np.float32))
        steps = training.epochs * -(-len(labels) // training.batch_size)
        step = 0
        torch.manual_seed(training.seed + device.process_index)  # dropout
        for epoch in range(training.epochs):
            self.model.train()
            for rows in batches(tokens.lengths, training.batch_size, training.seed, epoch):
                own = rows[device.process_index :: device.num_processes]
                share = device.num_processes if len(own) else 0  # gradients are averaged over the processes
                own = own if len(own) else rows[:1]
                logits = self._logits(self.model, tokens, own)
                gold = targets[own].to(device.device)
                loss_of = F.cross_entropy if classes else F.mse_loss
                loss = loss_of(logits if classes else logits[:, 0], gold, reduction="sum") * share / len(rows)
                rate = training.learning_rate * learning_rate_at(step, steps)
                step += 1
                value = float(device.reduce(loss.detach(), "mean"))
                if not np.isfinite(value):
                    raise InputError(
                        f"fine-tuning: the loss is {value} at step {step} of {steps}, where the learning rate is "
                        f"{rate:.2g}: lower --learning-rates, or use --precision fp32"
                    )
                device.backward(loss)
                device.clip_grad_norm_(self.model.parameters(), CLIP)
                for group in optimizer.param_groups:
                    group["lr"] = rate
                optimizer.step()
                optimizer.zero_grad()
                seen(len(rows))
            yield epoch + 1

    @torch.no_grad()
    def predict(self, tokens: Tokens) -> npt.NDArray[np.float32]:
        """The outputs [n, classes], or [n, 1] for regression; the same on all processes."""
        # Without what makes processes wait for each other in every pass: they may have different numbers of batches.
        model = self.device.unwrap_model(self.model).eval()
        return _for_all(self.device, tokens, self.outputs, partial(self._logits, model))

    def save(self, folder: Path) -> None:
        """Write network and tokenizer in Hugging Face format; InputError where there is no room."""
        try:
            with _quiet():
                self.device.unwrap_model(self.model, keep_fp32_wrapper=False).save_pretrained(folder)
                self.tokenizer.save_pretrained(folder)
        except SafetensorError as error:
            raise InputError(
                f"{folder}: cannot write the model ({error}); make room and run the same command again"
            ) from None

    def _logits(self, model: torch.nn.Module, tokens: Tokens, rows: npt.NDArray[np.int64]) -> torch.Tensor:
        batch = collate(tokens, rows, self.tokenizer.pad_token_id)
        logits: torch.Tensor = model(**{k: v.to(self.device.device) for k, v in batch.items()}).logits
        return logits.float()


class Encoder:
    """A frozen body under Accelerate, pretrained or fresh from a seed: texts -> vectors."""

    def __init__(self, checkpoint: Checkpoint, pretrained: bool, seed: int, precision: Precision) -> None:
        self.pad: int = checkpoint.tokenizer.pad_token_id
        self.device = make_accelerator(precision)
        self.device.free_memory()  # of the network before this one
        config = _config(checkpoint)
        set_dropout(config, 0.0)
        torch.manual_seed(seed)
        body = AutoModel.from_config(config, dtype=torch.float32)
        if pretrained:
            _put(checkpoint, body)
        if config.is_encoder_decoder:
            body = body.get_encoder()
        self.width: int = config.hidden_size
        self.body = self.device.prepare_model(body.eval(), evaluation_mode=True)

    @torch.no_grad()
    def vectors(self, tokens: Tokens, seen: Callable[[int], None]) -> npt.NDArray[np.float32]:
        """The vector of each text [n, H]; `seen` is told the texts of every batch. The same on all processes."""

        def means(tokens: Tokens, rows: npt.NDArray[np.int64]) -> torch.Tensor:
            batch = {k: v.to(self.device.device) for k, v in collate(tokens, rows, self.pad).items()}
            hidden = self.body(**batch).last_hidden_state.float()  # [B, L, H]
            real = batch.get("attention_mask", torch.ones_like(batch["input_ids"]))[..., None]  # [B, L, 1]
            seen(len(rows))
            mean: torch.Tensor = (hidden * real).sum(1) / real.sum(1)
            return mean

        return _for_all(self.device, tokens, self.width, means)


def _for_all(
    device: Any, tokens: Tokens, width: int, work: Callable[[Tokens, npt.NDArray[np.int64]], torch.Tensor]
) -> npt.NDArray[np.float32]:
    """What `work` gives for each example [n, width], in batches of like length shared out between the processes."""
    by_length = np.argsort(tokens.lengths, kind="stable")
    cut = [by_length[i : i + PREDICTED_AT_ONCE] for i in range(0, len(by_length), PREDICTED_AT_ONCE)]
    outputs = torch.zeros(len(by_length), width, device=device.device)
    for rows in cut[device.process_index :: device.num_processes]:
        outputs[rows] = work(tokens, rows)
    summed: npt.NDArray[np.float32] = device.reduce(outputs, "sum").cpu().numpy()
    return summed


def learning_rate_at(step: int, steps: int) -> float:
    """The learning rate of a step (from 0), as a share of its peak."""
    warm_up = max(1, round(WARM_UP * steps))
    return min((step + 1) / warm_up, (steps - step) / max(1, steps - warm_up))


@contextmanager
def _loading(folder: Path) -> Iterator[None]:
    """Turn a failure to load into an InputError."""
    try:
        with _quiet():
            yield
    except (OSError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{folder}: not a model with its tokenizer in Hugging Face format: {reason}") from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the progress bars and the report of `transformers`: what is missing is checked here."""
    before = logging.get_verbosity()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(before)
        logging.enable_progress_bar()
