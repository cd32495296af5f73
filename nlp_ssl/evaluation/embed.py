"""`nlp-ssl embed MODEL --data FILE --out FILE`: write the frozen vector of each text.

The vectors are those that `probe` uses (`nlp_ssl.evaluation.encoder`): the mean of the last hidden states over the
tokens of a text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tyro

from nlp_ssl.atomic_io import remove_leftovers, writing
from nlp_ssl.console import progress, say, speaks
from nlp_ssl.corpus.table_writing import check_table, with_columns, write_table
from nlp_ssl.errors import InputError
from nlp_ssl.imports import first_torch_import
from nlp_ssl.models.folder import model_folder
from nlp_ssl.options import parse
from nlp_ssl.output_folder import check_file
from nlp_ssl.processes import agree
from nlp_ssl.tasks.declaration import Task

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from nlp_ssl.corpus.table import DataTable

ARRAY = ".npy"
SUFFIXES = (ARRAY, ".parquet", ".jsonl")
VECTOR = "vector"


@dataclass(frozen=True, kw_only=True)
class Embed:
    """Write one vector for each text of a file: the mean of the model's last hidden states over its tokens."""

    model: tyro.conf.Positional[Path]
    """Folder of a pretraining run, or of any model in Hugging Face format."""
    data: Path
    """File with texts (.tsv .csv .jsonl .parquet)."""
    out: Path
    """Output file: .npy for a float32 array with a row for each text, .parquet or .jsonl for the columns of the file
    and a column "vector"."""
    text_column: str = "text"
    """Column with the text."""
    pair_column: str | None = None
    """Column with a second text. The vector is then that of both texts, read together."""
    max_length: int = 128
    """Maximum number of tokens; longer texts are cut. Models with fewer positions read fewer."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Precision of matrix products. auto uses bf16 where the hardware supports it. On CUDA, fp32 means TF32."""


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    options = parse(Embed, "embed", arguments)
    table, vectors = embed(options)
    if speaks():
        write_vectors(options.out, table, vectors)
        say(f"{len(vectors):,} vectors of {vectors.shape[1]} dimensions: {options.out}")
    return 0


def embed(options: Embed) -> tuple[DataTable, npt.NDArray[np.float32]]:
    """The table of the file, and the vectors of its texts, float32 [N, H].

    InputError for unusable options, data or models.
    """
    check_file(options.out, SUFFIXES, options.data)
    if options.max_length < 8:
        raise InputError(f"--max-length is {options.max_length}: it must be at least 8")
    from nlp_ssl.tasks.unlabelled import read_file, unlabelled  # imports NumPy

    folder, table = model_folder(options.model), read_file(options.data)
    names = [options.text_column, *([] if options.pair_column is None else [options.pair_column])]
    table, examples = unlabelled(table, Task(name="", columns=tuple((name,) for name in names), label=(), metrics=()))
    if options.out.suffix != ARRAY:
        with_columns(table, {VECTOR: ()})
        check_table(options.out.suffix, table)
    with first_torch_import():
        from nlp_ssl.evaluation.checkpoints import load_checkpoint
        from nlp_ssl.evaluation.encoder import Encoder
        from nlp_ssl.evaluation.inputs import encode, report_tokens
        from nlp_ssl.models.architectures import longest_input
        from nlp_ssl.runtime import resolve_precision

    checkpoint = load_checkpoint(folder, "AutoModel")
    max_length = longest_input(checkpoint.config, options.max_length)
    tokens = encode(checkpoint, examples, max_length)
    report_tokens(tokens, table.where, max_length)
    agree({"data": examples.fingerprint()})
    encoder = Encoder(checkpoint, True, 0, resolve_precision(options.precision))
    with progress("embed", len(examples), "texts") as job:
        return table, encoder.vectors(tokens, job.advance)


def write_vectors(out: Path, table: DataTable, vectors: npt.NDArray[np.float32]) -> None:
    """Write vectors [N, H] alone, or the table with them. The file appears complete or not at all."""
    import numpy as np

    if out.suffix == ARRAY:
        remove_leftovers(out)
        with writing(out) as beside, beside.open("wb") as stream:
            np.save(stream, vectors)
    elif out.suffix == ".parquet":
        write_table(out, with_columns(table, {VECTOR: list(vectors)}))
    else:
        exact = [[float(f"{value:.9g}") for value in vector] for vector in vectors.tolist()]
        write_table(out, with_columns(table, {VECTOR: exact}))
