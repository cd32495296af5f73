"""`nlp-ssl export RUN --for PROGRAM --out PATH`: write a model as another program reads it.

Programs that read the same files share a writer: a function that gets the model's folder, the path to write, and
`--out`. It returns what it has written, in words.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Literal

import tyro

from nlp_ssl.atomic_io import remove_leftovers, writing
from nlp_ssl.checksums import SEAL, checksums
from nlp_ssl.console import say, speaks
from nlp_ssl.disk_errors import disk_errors
from nlp_ssl.errors import InputError
from nlp_ssl.models.folder import model_folder
from nlp_ssl.options import parse
from nlp_ssl.output_folder import require_writable

Program = Literal["word2vec", "sentence-transformers", "mteb", "harness", "babylm", "onnx"]


@dataclass(frozen=True)
class Target:
    """What a program reads."""

    writer: str
    """Module of this package, and function."""
    suffixes: tuple[str, ...] = ()
    """Suffixes of the file; none for a folder."""
    usage: str = ""
    """How the program is told to read it."""


TARGETS: dict[Program, Target] = {
    "word2vec": Target("word2vec.write", (".bin", ".txt", ".vec")),
    "sentence-transformers": Target("sentence_vectors.write", usage="SentenceTransformer({out!r}).encode(texts)"),
    "mteb": Target(
        "sentence_vectors.write",
        usage="mteb.evaluate(SentenceTransformer({out!r}), mteb.get_tasks(tasks=[TASK]))",
    ),
    "harness": Target(
        "language_model.write_decoder", usage="lm-eval --model hf --model_args pretrained={path} --tasks TASK"
    ),
    "babylm": Target("language_model.write"),
    "onnx": Target("onnx_file.write", (".onnx",)),
}


@dataclass(frozen=True, kw_only=True)
class Export:
    """Write a model for another program."""

    run: tyro.conf.Positional[Path]
    """Folder of a pretraining run, or of any model in Hugging Face format."""
    for_: Program
    """The program. word2vec: a file of word vectors, which gensim reads. sentence-transformers, mteb: a folder that
    gives the mean of a text's hidden states. harness (lm-evaluation-harness), babylm: the folder of a language model.
    onnx: one file for onnxruntime."""
    out: Path
    """File or folder to write. word2vec: .bin for binary, .txt or .vec for text. onnx: .onnx."""


def main(arguments: Sequence[str]) -> int:
    """The command."""
    export(parse(Export, "export", arguments))
    return 0


def export(options: Export) -> None:
    """Write the file or folder. InputError if the program cannot read such a model, or `--out` cannot be written."""
    target, out = TARGETS[options.for_], options.out
    _check_out(out, target)
    folder = model_folder(options.run)
    if not speaks():
        return
    module, _, function = target.writer.partition(".")
    write = getattr(import_module(f"nlp_ssl.export.{module}"), function)
    with disk_errors(out):
        remove_leftovers(out)
        with writing(out) as beside:
            written = write(folder, beside, out)
            if out.is_dir():
                _check_same(out, beside)
    say(f"{written}: {out}")
    if target.usage:
        say(target.usage.format(out=str(out), path=shlex.quote(str(out))))


def _check_out(out: Path, target: Target) -> None:
    """InputError if `--out` is not the place for such a file or folder."""
    if target.suffixes and out.suffix not in target.suffixes:
        raise InputError(f"--out {out}: the suffix must be one of {', '.join(target.suffixes)}")
    if target.suffixes and out.is_dir():
        raise InputError(f"--out {out} is a folder: choose another --out")
    if not target.suffixes and out.exists() and not (out / SEAL).is_file():
        raise InputError(f"--out {out} already exists, without {SEAL}, so no export: choose another --out")
    if not out.parent.is_dir():
        raise InputError(f"--out {out}: no such folder: {out.parent}")
    require_writable(out)


def _check_same(out: Path, beside: Path) -> None:
    """InputError unless the folder `out` has the files of `beside`, which would replace it."""
    found, made = (checksums(f, (file for file in f.rglob("*") if file.is_file())) for f in (out, beside))
    if other := [name for name in {**found, **made} if found.get(name) != made.get(name)]:
        raise InputError(
            f"{out / other[0]} is not that of this export: delete the folder {out}, or choose another --out"
        )
