"""Batches of one row."""

import numpy as np

from nlp_ssl.sampling.batch import Batch


def row(ids: list[int], targets: dict) -> Batch:
    length = np.array([np.count_nonzero(ids)])
    none = np.zeros(1, np.int64)
    grid = np.array([ids])
    sentence = np.where(grid > 4, 0, -1).astype(np.int16)
    return Batch(
        ids=grid,
        length=length,
        sentence=sentence,
        token_type_ids=np.zeros_like(grid),
        text_tokens=length,
        example_class=none,
        targets=targets,
    )
