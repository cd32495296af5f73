"""The word vectors of a model: its input embeddings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nlp_ssl.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def word_vectors(folder: Path) -> tuple[list[str], npt.NDArray[np.float32]]:
    """The tokens of a model, without special tokens, and their input embeddings, float32 [tokens, H].

    InputError if the folder has no model with a tokenizer.
    """
    import numpy as np
    from transformers import AutoModel

    from nlp_ssl.models.loading import load_model, load_tokenizer

    tokenizer = load_tokenizer(folder)
    table = load_model(folder, AutoModel)[0].get_input_embeddings().weight
    ids = np.setdiff1d(list(tokenizer.get_vocab().values()), tokenizer.all_special_ids)
    if len(ids) and ids[-1] >= len(table):
        raise InputError(f"{folder}: the tokenizer has the id {ids[-1]:,}, but the model has {len(table):,} embeddings")
    vectors: npt.NDArray[np.float32] = table.detach().numpy()[ids]
    return tokenizer.convert_ids_to_tokens(ids.tolist()), vectors
