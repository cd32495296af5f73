"""Texts of sentences, and noise that is written down, for the objectives on the order of pieces."""

import numpy as np

from nlp_ssl.objectives.base import Objective
from nlp_ssl.sampling.batch import Batch
from nlp_ssl.sampling.examples import TokenStream
from nlp_ssl.sampling.framing import frame
from nlp_ssl.sampling.noise import Noise
from tests.worlds import shard, vocabulary


class Written(Noise):
    """Noise whose draws are written down: stream -> [B], or [B, width] for uniform draws."""

    def __init__(self, uniform: list[list[float]] | None = None, **integers: list[int]) -> None:
        self.draws, self.streams = uniform or [], integers
        self.asked: dict[str, list[int]] = {}

    def uniform(self, stream, width):
        return np.array(self.draws, np.float32)[:, :width]

    def integers(self, stream, high):
        self.asked[stream] = high.tolist()
        return np.array(self.streams[stream])


def texts(*rows: list[list[int]]) -> Batch:
    """A clean batch of texts, given as lists of sentences, given as lists of token ids."""
    width = 2 + max(sum(map(len, row)) for row in rows)
    ids, sentence = np.zeros((len(rows), width), np.int64), np.full((len(rows), width), -1, np.int16)
    length = np.array([2 + sum(map(len, row)) for row in rows])
    for at, row in enumerate(rows):
        text = [token for part in row for token in part]
        ids[at, : length[at]] = [2, *text, 3]
        sentence[at, 1 : length[at] - 1] = [number for number, part in enumerate(row) for _ in part]
    none = np.zeros(len(rows), np.int64)
    return Batch(
        ids=ids,
        length=length,
        sentence=sentence,
        token_type_ids=np.zeros_like(ids),
        text_tokens=length - 2,
        example_class=none,
    )


def corrupted(objective: Objective, documents: list[list[list[int]]], max_length: int) -> tuple[Batch, Batch]:
    """The objective's own examples of some documents, clean and corrupted."""
    text = TokenStream([shard(documents)])
    found = objective.examples(text, vocabulary(), "encoder", max_length)
    noise, length = Noise(1, 0, np.arange(len(found))), found.length.astype(np.int64)
    width = int(found.length.max()) + found.special
    assert width <= max_length
    clean = frame(text, vocabulary(), objective.example_type, "encoder", found.start, length, width, noise)
    return clean, objective.corrupt(clean, vocabulary(), noise)


def novels(documents: int = 3, sentences: int = 4000) -> list[list[list[int]]]:
    """Long documents of random words, whose sentences have the spread of lengths of novels."""
    draw = np.random.default_rng(0)
    lengths = [1 + draw.poisson(draw.gamma(2, 5, sentences)) for _ in range(documents)]
    return [[draw.integers(5, 50, n).tolist() for n in of_document] for of_document in lengths]
