"""Prompts of labelled examples, tokenised so that the tokens of a label are the same in every prompt.

A prompt is a start token, demonstrations (each a text, its label and a line break), a text, and a label. Only the label
is scored. Texts and labels are tokenised apart. A prompt that is longer than a model can read loses its first
demonstrations, and a text that is still too long loses its beginning, so that all labels are compared after the same
prompt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from string import Formatter

import numpy as np
import numpy.typing as npt

from nlp_ssl.errors import InputError, cut, listing
from nlp_ssl.evaluation.inputs import Tokens
from nlp_ssl.evaluation.likelihood import EncodedSentences, LanguageModel
from nlp_ssl.tasks.splits import LabelledExamples
from nlp_ssl.tasks.values import number

Ids = npt.NDArray[np.int32]

LABEL = "{label}"
TEMPLATES = {False: "{text} : {label}", True: "{text} {pair} : {label}"}
"""The default template, by whether the task has pairs."""


def check_template(template: str, pairs: bool) -> None:
    """InputError unless a template has the fields of the task and ends with the label."""
    try:
        fields = [name for _, name, _, _ in Formatter().parse(template) if name is not None]
    except ValueError:
        fields = []
    wanted = ["label", "pair", "text"] if pairs else ["label", "text"]
    if sorted(fields) != wanted or not template.endswith(LABEL):
        named = " and ".join(f"{{{name}}}" for name in ("text", "pair") if name in wanted)
        raise InputError(f"--template {cut(repr(template))}: it must have {named} and end with {LABEL}")


def label_words(given: Sequence[str], labels: Sequence[str]) -> tuple[str, ...]:
    """A word for each label, by default its name. InputError if labels are numbers, or words and labels differ in
    number."""
    words = tuple(word.strip() for word in given)
    wanted = f"one for each of {listing(labels, '')}"
    if words and (len(words) != len(labels) or not all(words)):
        raise InputError(f"--label-words {cut(' '.join(given))}: it must have {wanted}")
    if not words and any(number(label) is not None for label in labels):
        raise InputError(f"the labels are numbers: name words with --label-words, {wanted}")
    return words or tuple(name.replace("_", " ") for name in labels)


@dataclass(frozen=True)
class PromptSet:
    """All labels after all prompts: sentence i * labels + c has label c after prompt i."""

    sentences: EncodedSentences
    shortened: int
    """Prompts that lost demonstrations."""
    cut: int
    """Prompts whose text lost its beginning."""


class Prompts:
    """Makes prompts for a model. InputError for label words that the model's tokenizer cannot tell apart."""

    def __init__(self, model: LanguageModel, template: str, words: Sequence[str]) -> None:
        self.model = model
        before = template.removesuffix(LABEL)
        self.template = before.rstrip()
        self.labels = self._ids([before[len(self.template) :] + word for word in words])
        self.line_break = self._ids(["\n"])[0]
        for i, (word, ids) in enumerate(zip(words, self.labels, strict=True)):
            said = f"the label word {cut(repr(word))}"
            remedy = "give other words with --label-words"
            if not len(ids) or model.tokenizer.unk_token_id in ids:
                raise InputError(f"{said} has unknown tokens for the model's tokenizer: {remedy}")
            for other, earlier in zip(words, self.labels[:i], strict=False):
                if np.array_equal(ids, earlier):
                    raise InputError(f"{said} has the same tokens as {cut(repr(other))}: {remedy}")
        self._room = model.longest - 2 - max(map(len, self.labels))
        if self._room < 1:
            raise InputError(f"a label word is longer than the model's {model.longest} tokens: {remedy}")

    def texts(self, examples: LabelledExamples) -> list[Ids]:
        """The tokens of each example in the template, without its label."""
        pairs = examples.pairs or [""] * len(examples)
        return self._ids([self._filled(*both) for both in zip(examples.texts, pairs, strict=True)])

    def unknown(self, texts: Sequence[Ids]) -> float:
        """The share of unknown tokens."""
        return float(np.mean(np.concatenate(texts) == self.model.tokenizer.unk_token_id))

    def empty(self) -> Ids:
        """The tokens of the template without a text."""
        return self._ids([self._filled("", "")])[0]

    def build(self, texts: Sequence[Ids], demonstrations: Sequence[tuple[Ids, int]]) -> PromptSet:
        """Every label after every text, which follows the demonstrations: texts and numbers of their labels."""
        shown = [np.concatenate([text, self.labels[label], self.line_break]) for text, label in demonstrations]
        sizes = np.cumsum([0, *(len(ids) for ids in reversed(shown))])  # of the last 0, 1, 2, … demonstrations
        start, end = (np.array([token], np.int32) for token in (self.model.start, self.model.end))
        parts: list[Ids] = []
        shortened = beheaded = 0
        for text in texts:
            own = text[max(0, len(text) - self._room) :]
            fitting = int(np.searchsorted(sizes, self._room - len(own), side="right")) - 1
            shortened += fitting < len(shown)
            beheaded += len(own) < len(text)
            prompt = np.concatenate([start, *shown[len(shown) - fitting :], own])
            for label in self.labels:
                parts += [prompt, label, end]
        lengths = np.array([len(part) for part in parts]).reshape(-1, 3)  # prompt, label, end
        tokens = Tokens(
            ids=np.concatenate(parts),
            types=None,
            starts=np.concatenate([[0], np.cumsum(lengths.sum(1))]),
            truncated=beheaded,
            unknown=self.unknown(parts),
        )
        # A label is one word, so that a masked model does not read its end while its beginning is scored.
        words = np.repeat(np.tile([-1, 0, -1], len(lengths)), lengths.ravel())
        return PromptSet(EncodedSentences(tokens, words), shortened, beheaded)

    def _filled(self, text: str, pair: str) -> str:
        return self.template.format(text=text, pair=pair).strip()

    def _ids(self, texts: list[str]) -> list[Ids]:
        encoded = self.model.tokenizer(
            texts, add_special_tokens=False, split_special_tokens=True, verbose=False, return_attention_mask=False
        )
        return [np.array(ids, np.int32) for ids in encoded["input_ids"]]
