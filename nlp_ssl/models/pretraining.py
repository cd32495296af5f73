"""Models for pretraining: a body and a head of transformers, run so that only targets meet the head.

The head is the one of `AutoModelForMaskedLM`, `AutoModelForCausalLM` or `AutoModelForSequenceClassification`,
so what is saved loads with those classes. In training the body's hidden states are gathered at the positions
that carry loss before the head sees them: with 15 % of the tokens masked, the projection to the vocabulary
costs a seventh. This works for any architecture whose head treats positions one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from copy import copy
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_model
from torch import Tensor, nn
from transformers import (
    CONFIG_MAPPING,
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForSeq2SeqLM,
    AutoModelForSequenceClassification,
)
from transformers.modeling_outputs import BaseModelOutputWithPoolingAndCrossAttentions, Seq2SeqModelOutput

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import InputError, did_you_mean
from nlp_ssl.models.collate import Inputs
from nlp_ssl.models.static import AutoModelForNegativeSampling, negative_sampling
from nlp_ssl.objectives.base import HeadKind
from nlp_ssl.objectives.mixture import NEIGHBOURS, OF_ROWS, Mixture, Part
from nlp_ssl.objectives.skip_thought import SkipThought
from nlp_ssl.objectives.windows import Windows
from nlp_ssl.recipe import SIZES, Model
from nlp_ssl.sampling.batch import NO_LABEL

HEADS: Mapping[HeadKind, Any] = {
    "masked_lm": AutoModelForMaskedLM,
    "causal_lm": AutoModelForCausalLM,
    "seq2seq_lm": AutoModelForSeq2SeqLM,
    "sequence_classification": AutoModelForSequenceClassification,
    "cbow": AutoModelForNegativeSampling,
    "skip_gram": AutoModelForNegativeSampling,
}
"""The class of transformers that carries each kind of head."""

HEADS_FOLDER = "heads"
"""The folder within a model's for models of the same body with its further heads."""

DEFAULT_ARCHITECTURE = {
    "static": "static_vectors",
    "encoder": "modernbert",
    "decoder": "modernbert-decoder",
    "seq2seq": "mbart",
}
"""One architecture, with attention to both sides or to the left alone, so that nothing else differs between objectives;
and for an encoder-decoder BART's with the norms before the layers (mBART)."""

SPLIT_BODIES = {"t5", "mt5", "umt5", "switch_transformers", "longt5"}
"""Encoder-decoders whose language model has no body apart from its head."""

GATED = {"modernbert", "modernbert-decoder", "llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "olmo2", "phi3"}
"""Architectures whose feed-forward layer has three matrices; at 8/3 of the width it weighs what two do at 4."""


def configure(model: Model, mixture: Mixture, vocabulary: Vocabulary, max_length: int) -> Any:
    """The transformers config of a recipe's model. InputError for an architecture that does not fit."""
    architecture = model.architecture
    if architecture == "auto":
        architecture = DEFAULT_ARCHITECTURE[mixture.body]
    if architecture not in CONFIG_MAPPING:
        known = did_you_mean(architecture, list(CONFIG_MAPPING))
        raise InputError(f"model.architecture is {architecture!r}: transformers has no such model type: {known}")
    heads: list[HeadKind] = list(_heads(mixture).values()) or ["masked_lm"]  # whatever fills in masks is an encoder
    for head in heads:
        if not _supports(architecture, head):
            raise InputError(
                f"model.architecture is {architecture!r}: transformers has no {HEADS[head].__name__} of it that can be "
                f"trained here; leave it at 'auto' for {DEFAULT_ARCHITECTURE[mixture.body]}"
            )
    layers, width = SIZES[model.size]
    inner = gated_size(width) if architecture in GATED else 4 * width
    shape = {
        "vocab_size": vocabulary.size,
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": width // 64,
        "num_key_value_heads": width // 64,
        "intermediate_size": inner,
        "hidden_dim": inner,  # distilbert's name of it
        "embedding_size": 128 if architecture == "albert" else width,  # ALBERT's is factorised
        "max_position_embeddings": max_length + (2 if architecture in ("roberta", "xlm-roberta", "camembert") else 0),
        "type_vocab_size": 2,
    }
    if mixture.body == "seq2seq":  # half of the layers on either side, as BART's twelve beside BERT's twelve
        half = max(1, layers // 2)
        shape |= {"d_model": width, "num_hidden_layers": half}
        for side in ("encoder", "decoder"):
            shape |= {f"{side}_layers": half, f"{side}_attention_heads": width // 64, f"{side}_ffn_dim": 4 * width}
    known_fields = _fields(CONFIG_MAPPING[architecture]())
    special: dict[str, Any] = {
        "pad_token_id": vocabulary.pad,
        "bos_token_id": vocabulary.cls,
        "eos_token_id": vocabulary.sep,
        "cls_token_id": vocabulary.cls,
        "sep_token_id": vocabulary.sep,
        "use_cache": False,
    }
    if mixture.body == "seq2seq":
        special |= {"decoder_start_token_id": vocabulary.cls, "forced_eos_token_id": None}
    strangers = [key for key in model.config if key not in known_fields]
    if strangers:
        raise InputError(*[f"[model.config] {key}: {did_you_mean(key, sorted(known_fields))}" for key in strangers])
    values = {key: value for key, value in shape.items() if key in known_fields} | special | dict(model.config)
    config = AutoConfig.for_model(architecture, **values)
    set_dropout(config, model.dropout)
    return config


def gated_size(width: int) -> int:
    """The inner size at which a feed-forward layer of three matrices weighs what one of two does at 4 x `width`."""
    return round(8 / 3 * width / 64) * 64


def _heads(mixture: Mixture) -> dict[str, HeadKind]:
    """The kinds of a model's heads: those with labels of their own by their part's name, others by their kind.

    An encoder-decoder's language head also fills in what is masked in the source; CBOW and skip-gram share contexts.
    `NEIGHBOURS` are not among them.
    """
    heads: dict[str, HeadKind] = {}
    for name, part in mixture.parts.items():
        if part.head in OF_ROWS:
            heads[name] = part.head
        elif mixture.body == "seq2seq":
            heads["seq2seq_lm"] = "seq2seq_lm"
        elif mixture.body == "static":
            heads["contexts"] = part.head
        elif part.head not in NEIGHBOURS:
            heads[part.head] = part.head
    return heads


def set_dropout(config: Any, share: float) -> None:
    """Set every dropout of a config, whatever the architecture calls it: attention_dropout, resid_pdrop, …"""
    for name, value in config.to_dict().items():
        if "drop" in name and "layerdrop" not in name and isinstance(value, int | float):
            setattr(config, name, share)


def _fields(config: Any) -> set[str]:
    return set(config.to_dict()) | set(config.attribute_map)


def _supports(architecture: str, head: HeadKind) -> bool:
    with suppress(KeyError):
        mapping = HEADS[head]._model_mapping
        # An encoder-decoder's class must have its body in one piece, which T5's has not.
        return CONFIG_MAPPING[architecture] in mapping and (head != "seq2seq_lm" or architecture not in SPLIT_BODIES)
    return False


LOGITS_AT_ONCE = (2**22, 2**27)
"""Logits computed together on a CPU (16 MB: larger arrays would come from the system anew each time) and elsewhere."""


class _Handed(nn.Module):
    """Stands in for the body inside a head: gives back what it is handed, the body's outputs or some hidden
    states."""

    def __init__(self, encoder_decoder: bool) -> None:
        super().__init__()
        self.outputs = Seq2SeqModelOutput if encoder_decoder else BaseModelOutputWithPoolingAndCrossAttentions

    def forward(self, *_: Any, inputs_embeds: Any, **__: Any) -> Any:
        if isinstance(inputs_embeds, Tensor):
            return self.outputs(last_hidden_state=inputs_embeds)
        return inputs_embeds


class _ChunkedLoss(torch.autograd.Function):
    """The summed loss of a vocabulary head, its gradient taken along with it, some targets at a time.

    All logits at once would be the largest arrays of a run by far, written and read several times over: for
    4,096 tokens and 16,384 words on a CPU this halves the time of the head.
    """

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, targets: Tensor, head: Any, *parameters: Tensor) -> Tensor:
        total = hidden.new_zeros((), dtype=torch.float32)
        of_hidden = torch.empty_like(hidden)
        of_parameters: list[Tensor] = []
        for part in _chunks(head, targets):
            with torch.enable_grad():
                rows = hidden[part].detach().requires_grad_()
                logits = _logits(head, rows)
            loss, of_logits = _cross_entropy(logits.detach(), targets[part])
            of_rows, *gradients = torch.autograd.grad(logits, [rows, *parameters], of_logits.to(logits.dtype))
            of_hidden[part] = of_rows
            if of_parameters:
                torch._foreach_add_(of_parameters, gradients)
            else:
                of_parameters = gradients
            total += loss
        ctx.gradients = of_hidden, of_parameters or [torch.zeros_like(parameter) for parameter in parameters]
        return total

    @staticmethod
    def backward(ctx: Any, *of_loss: Tensor) -> tuple[Tensor | None, ...]:
        # In place: they are needed once, and a table's is as large as anything in a step.
        of_hidden, of_parameters = ctx.gradients
        return of_hidden.mul_(of_loss[0]), None, None, *[gradient.mul_(of_loss[0]) for gradient in of_parameters]


def _cross_entropy(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """The summed cross-entropy of logits [T, V] and its gradient [T, V], both float32: softmax, less 1 at the target.

    Autograd would fill an array of that size with zeros and go over the logits twice more.
    """
    counts = targets != NO_LABEL  # [T]
    own = targets.clamp(min=0)[:, None]  # [T, 1]
    scores = logits.float()
    gradient = scores.softmax(dim=1)
    # The likeliest word's share is e^0 of the sum that softmax divides by, and 1 / V at least.
    log_sum = scores.amax(dim=1) - gradient.amax(dim=1).log()
    loss = ((log_sum - scores.gather(1, own)[:, 0]) * counts).sum()
    gradient.scatter_add_(1, own, gradient.new_full((1, 1), -1.0).expand(len(own), 1))
    return loss, gradient.mul_(counts[:, None])


def _chunks(head: Any, targets: Tensor) -> Iterator[slice]:
    """Parts of the targets whose logits make up `LOGITS_AT_ONCE` at most."""
    size = max(1, LOGITS_AT_ONCE[targets.device.type != "cpu"] // head.config.vocab_size)
    return (slice(start, start + size) for start in range(0, len(targets), size))


def _logits(head: Any, hidden: Tensor) -> Tensor:
    """A head's logits [T, V] at positions with the hidden states [T, H]."""
    logits: Tensor = head(inputs_embeds=hidden[None]).logits[0]
    return logits


class TokenScorer(nn.Module):
    """A model of transformers that predicts tokens, body and head taken apart, to score targets at some positions."""

    def __init__(self, whole: Any) -> None:
        super().__init__()
        self.head, self.body = whole, whole.base_model
        setattr(whole, whole.base_model_prefix, _Handed(encoder_decoder=False))

    @torch.no_grad()
    def forward(
        self, input_ids: Tensor, targets: Tensor, positions: Tensor, attention_mask: Tensor | None = None
    ) -> Tensor:
        """The logarithm of the probability of each target [T], float32.

        `input_ids` and `attention_mask` [B, L]; `targets` [T] at `positions` [T] in the flattened rows. All int64.
        """
        outputs = self.body(input_ids=input_ids, attention_mask=attention_mask)
        hidden = outputs.last_hidden_state.flatten(0, 1)[positions]  # [B * L, H] -> [T, H]
        return -torch.cat(
            [
                nn.functional.cross_entropy(_logits(self.head, hidden[part]).float(), targets[part], reduction="none")
                for part in _chunks(self.head, targets)
            ]
        )


class SentenceDecoder(nn.Module):
    """A small decoder that writes a sentence, given a vector in the place of [CLS]."""

    def __init__(self, config: Any, layers: int, embedding: nn.Embedding) -> None:
        super().__init__()
        own = AutoConfig.for_model(
            DEFAULT_ARCHITECTURE["decoder"],
            vocab_size=config.vocab_size,
            hidden_size=config.hidden_size,
            num_hidden_layers=layers,
            num_attention_heads=config.hidden_size // 64,
            intermediate_size=gated_size(config.hidden_size),
            max_position_embeddings=config.max_position_embeddings,
            **{f"{role}_token_id": getattr(config, f"{role}_token_id") for role in ("pad", "bos", "eos", "cls", "sep")},
            use_cache=False,
        )
        self.head = AutoModelForCausalLM.from_config(own)
        self.body = self.head.base_model
        self.body.set_input_embeddings(embedding)
        self.head.get_output_embeddings().weight = embedding.weight
        setattr(self.head, self.head.base_model_prefix, _Handed(encoder_decoder=False))

    def forward(self, vector: Tensor, ids: Tensor) -> Tensor:
        """Hidden states [B, T, H] from vectors [B, H] and what is written behind them, `ids[:, 1:]` of [B, T]."""
        written = self.body.get_input_embeddings()(ids[:, 1:])
        hidden: Tensor = self.body(inputs_embeds=torch.cat([vector[:, None].to(written.dtype), written], 1))[0]
        return hidden


class PretrainingModel(nn.Module):
    """A body and its heads; the forward pass gives sums over the targets of each part of the loss."""

    def __init__(self, config: Any, mixture: Mixture, vocabulary: Vocabulary) -> None:
        super().__init__()
        self.parts = mixture.parts
        self.body_kind = mixture.body
        self.heads = nn.ModuleDict()
        kinds = _heads(mixture)
        # Of a BERT only a classifier's body has the pooler.
        source = next((name for name, kind in kinds.items() if kind in OF_ROWS), next(iter(kinds), None))
        made = {n: HEADS[k].from_config(_of_head(config, self.parts.get(n), vocabulary)) for n, k in kinds.items()}
        self.body = made[source].base_model if source is not None else AutoModel.from_config(config)
        if source is None and getattr(self.body, "pooler", None) is not None:
            self.body.pooler = None  # nothing here would train it
        embedding = self.body.get_input_embeddings()
        for name, head in made.items():
            table = head.get_output_embeddings()
            if name != source and table is not None and config.tie_word_embeddings:
                table.weight = embedding.weight
            setattr(head, head.base_model_prefix, _Handed(mixture.body == "seq2seq"))
            self.heads[name] = head
        for part in self.parts.values():
            if part.head in NEIGHBOURS:
                (objective,) = part.objectives
                assert isinstance(objective, SkipThought)
                self.heads[part.head] = SentenceDecoder(config, objective.decoder_layers, embedding)

    def forward(self, inputs: Inputs) -> Tensor:
        """Figures of each part, [parts, 3] in float32: the loss summed over its targets, in nats, how many of them the
        model gets right, and for how many of a row's labels the right one is among the best five.

        `inputs` as in `nlp_ssl.models.collate`. The latter two are 0 in training, where they would cost time.
        """
        states = self.run_body(inputs)
        return torch.stack([self.run_head(name, states[name], inputs) for name in self.parts])

    def run_body(self, inputs: Inputs) -> dict[str, Any]:
        """What each part's head is given: hidden states [B, L, H] or [B, T, H]; all outputs where it labels rows."""
        keys = ("input_ids", "attention_mask", "token_type_ids")
        arguments = {key: inputs[key] for key in keys if key in inputs}
        if self.body_kind == "seq2seq":
            arguments.pop("token_type_ids", None)
            arguments["decoder_input_ids"] = inputs["decoder_ids"]["seq2seq_lm"]
        outputs = self.body(**arguments)
        states = {}
        for name, part in self.parts.items():
            if part.head in OF_ROWS:
                states[name] = outputs
            elif part.head in NEIGHBOURS:
                vector = _mean(outputs.last_hidden_state, inputs.get("attention_mask"))
                states[name] = self.heads[part.head](vector, inputs["decoder_ids"][part.head])
            elif part.head == "masked_lm" and self.body_kind == "seq2seq":
                states[name] = outputs.encoder_last_hidden_state
            else:
                states[name] = outputs.last_hidden_state
        return states

    def run_head(self, name: str, states: Any, inputs: Inputs) -> Tensor:
        """The figures [3] of a part of the loss."""
        if self.body_kind == "static":
            return self._tell_words_apart(name, states, inputs)
        kind, targets = self.parts[name].head, inputs["targets"][name]
        if kind in OF_ROWS:
            logits = self.heads[name](inputs_embeds=states, attention_mask=inputs.get("attention_mask")).logits
            loss = nn.functional.cross_entropy(logits.float(), targets, reduction="sum")  # of [B, classes]
            best = logits.topk(min(5, logits.shape[-1])).indices == targets[:, None]
            return torch.stack([loss, best[:, 0].sum().float(), best.sum().float()])
        hidden = states.flatten(0, 1)[inputs["positions"][name]]  # [B * L, H] -> [T, H]
        head: Any = self.heads["seq2seq_lm" if self.body_kind == "seq2seq" else kind]
        if kind in NEIGHBOURS:
            head = head.head
        if not torch.is_grad_enabled():
            return _in_chunks(head, hidden, targets)
        parameters = [p for p in head.parameters() if p.requires_grad]
        loss = _ChunkedLoss.apply(hidden, targets, head, *parameters)  # type: ignore[no-untyped-call]
        return torch.stack([loss, *loss.new_zeros(2)])

    def _tell_words_apart(self, name: str, vectors: Tensor, inputs: Inputs) -> Tensor:
        """The figures [3] of CBOW or skip-gram, in float32 whatever the rest is in."""
        part = self.parts[name]
        head: Any = self.heads["contexts"]
        (objective,) = part.objectives
        assert isinstance(objective, Windows)
        with torch.autocast(vectors.device.type, enabled=False):
            return negative_sampling(
                part.head,
                inputs["input_ids"],
                vectors.float(),
                head.contexts,
                inputs["windows"][name],
                inputs["negatives"][:, : objective.shared],
                objective.negative / objective.shared,
            )

    def whole(self, name: str | None = None) -> Any:
        """Body and a head as one model of transformers, sharing these weights, to be saved; by default the first.

        The body alone where only decoders of its vectors have been trained with it.
        """
        names = [name for name, head in self.heads.items() if not isinstance(head, SentenceDecoder)]
        if not names:
            return self.body
        name = name or names[0]
        head: Any = self.heads[name]
        body: Any = copy(self.body)  # copies of the outermost modules alone
        if name not in self.parts and "pooler" in body._modules:  # which only a classifier has
            body._modules = body._modules | {"pooler": None}
        whole = copy(head)
        whole._modules = head._modules | {head.base_model_prefix: body}
        return whole

    def load(self, folder: Path) -> None:
        """Read the weights of a saved model, whose further heads lie in its folder `HEADS_FOLDER`."""
        load_model(self.whole(), folder / "model.safetensors")
        for head in self.further_heads():
            load_model(self.whole(head), folder / HEADS_FOLDER / head / "model.safetensors")

    def answer(self, parts: Mapping[str, Part], heads: Mapping[str, str]) -> None:
        """Take on the parts of another mixture; `heads` says by the head of which of the own ones."""
        own = dict(self.heads.items())
        for name, part in parts.items():
            if part.head in OF_ROWS:
                self.heads[name] = own[heads[name]]
        self.parts = dict(parts)

    def further_heads(self) -> list[str]:
        """The names of the heads behind the first that `whole` knows."""
        return [name for name, head in self.heads.items() if not isinstance(head, SentenceDecoder)][1:]


def _mean(states: Tensor, mask: Tensor | None) -> Tensor:
    """The mean [B, H] of the vectors [B, L, H] of real tokens."""
    if mask is None:
        return states.mean(1)
    return (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)


def _of_head(config: Any, part: Part | None, vocabulary: Vocabulary) -> Any:
    """The config of a head: the body's, with the names of the labels where it labels rows."""
    config = type(config).from_dict(config.to_dict())
    classes = part.classes(vocabulary) if part is not None else ()
    if part is not None and hasattr(config, "classifier_pooling"):
        config.classifier_pooling = part.objectives[0].pooling
    if classes:
        config.id2label = dict(enumerate(classes))
        config.label2id = {name: i for i, name in enumerate(classes)}
    return config


def _in_chunks(head: Any, hidden: Tensor, targets: Tensor) -> Tensor:
    """Loss and correct predictions of a language head [3], without gradients."""
    figures = hidden.new_zeros(3, dtype=torch.float32)
    for part in _chunks(head, targets):
        logits = _logits(head, hidden[part])
        figures[0] += nn.functional.cross_entropy(logits.float(), targets[part], reduction="sum")
        figures[1] += (logits.argmax(-1) == targets[part]).sum()
    return figures
