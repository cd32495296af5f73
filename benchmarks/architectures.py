"""Which architectures of transformers can be pretrained here?

python benchmarks/architectures.py --out docs/architectures.md

For each model type that transformers lists for masked, causal and sequence-to-sequence language models: build the
smallest size, measure which tokens its states depend on, train two steps on a small corpus, look at the first loss,
save the model, load it with transformers, and measure again. The table holds the types that pass;
`nlp_ssl.models.architectures.TESTED` repeats it, and everything else is refused. Each type is tried in a process of
its own.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import multiprocessing
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import transformers
import tyro
from transformers import CONFIG_MAPPING

from nlp_ssl.cli import main as nlp_ssl
from nlp_ssl.models import architectures
from nlp_ssl.models.auto import model_types
from nlp_ssl.models.causality import sees_later_tokens
from nlp_ssl.models.parts import detach_body

RECIPES = {
    "encoder": ("mlm", "AutoModelForMaskedLM"),
    "decoder": ("clm", "AutoModelForCausalLM"),
    "seq2seq": ("text_infilling", "AutoModelForSeq2SeqLM"),
}
LEFT_OUT = {"tapas": "its inputs are tables", "git": "its inputs are images", "moshi": "its inputs are speech"}
SECONDS = 60
"""A tiny model of a type that takes longer for two steps is of no use on a CPU."""
WORST_START = 2.0
"""The first loss, at most, as a multiple of a uniform guess's. `mt5` starts at 15 and `funnel` at 8."""

TEXT = "the cat sat on a mat and saw two dogs run over red hills while rain fell in old towns by a sea"


@dataclass(frozen=True)
class Options:
    out: Path | None = None
    """The Markdown file to write; printed without it."""
    only: tuple[str, ...] = ()
    """Try these types alone."""


def make_corpus(folder: Path) -> Path:
    """A small corpus of made-up sentences."""
    words = TEXT.split()
    lines = (" ".join(words[(i * k * k + i // 20) % len(words)] for k in range(1, 9)) + "." for i in range(2000))
    (folder / "text.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert nlp_ssl(["prepare", str(folder / "text.txt"), "--out", str(folder / "corpus"), "--vocab-size", "600"]) == 0
    return folder / "corpus"


def attempt(body: str, name: str, corpus: Path) -> None:
    """Train, save, load and probe one type; raises where any of it fails."""
    recipe, auto = RECIPES[body]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        flags = ["--model.size", "tiny", "--model.architecture", name, "--budget", "2-steps", "--batch.tokens", "512"]
        flags += ["--batch.max-length", "64", "--precision", "fp32", "--evaluation-tokens", "500"]
        status = nlp_ssl(["pretrain", recipe, "--corpus", str(corpus), "--out", str(out), *flags])
        assert status == 0, f"pretrain ended with {status}"
        lines = map(json.loads, (out / "metrics.jsonl").read_text(encoding="utf-8").splitlines())
        first = next(line["loss"] for line in lines if line["event"] == "train")
        guess = math.log(json.loads((out / "model" / "config.json").read_text(encoding="utf-8"))["vocab_size"])
        assert first < WORST_START * guess, f"the first loss is {first:.1f} nats, where a guess costs {guess:.1f}"
        model, report = getattr(transformers, auto).from_pretrained(out / "model", output_loading_info=True)
        for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
            assert not report[kind], f"{kind}: {sorted(report[kind])[:3]}"
        later = sees_later_tokens(detach_body(model), name)
        assert later == (body == "encoder"), f"saved model sees later tokens: {later}"


def apart(body: str, name: str, corpus: Path) -> str:
    """Attempt a type in a process of its own; returns "passed" or the reason why not."""
    context = multiprocessing.get_context("fork")  # all is imported already
    receive, send = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(send, body, name, corpus))
    process.start()
    said = str(receive.recv()) if receive.poll(SECONDS) else f"more than {SECONDS} s, or the process died"
    process.kill()
    process.join()
    return said


def _child(send: Any, body: str, name: str, corpus: Path) -> None:
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            attempt(body, name, corpus)
        send.send("passed")
    except BaseException as error:  # whatever a model of someone else's raises is its result
        lines = [line for line in said.getvalue().splitlines() if "error" in line]
        send.send(" ".join((lines[-1] if lines else f"{type(error).__name__}: {error}").split())[:150])


def main(options: Options) -> None:
    """Try every type, and write the table."""
    tested = architectures.TESTED
    architectures.TESTED = {body: tuple(CONFIG_MAPPING) for body in tested}  # try the others too
    passed: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        corpus = make_corpus(Path(folder))
        for body, (_, auto) in RECIPES.items():
            passed[body] = []
            for name in model_types(getattr(transformers, auto)):
                if options.only and name not in options.only:
                    continue
                said = LEFT_OUT.get(name) or apart(body, name, corpus)
                print(f"{body:8} {name:28} {said}", flush=True)
                if said == "passed":
                    passed[body].append(name)
    lines = ["| body | architectures |", "|---|---|"]
    lines += [f"| {body} | {', '.join(f'`{name}`' for name in names)} |" for body, names in passed.items()]
    if options.out is not None:
        options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))
    differ = {body: sorted(set(names) ^ set(tested[body])) for body, names in passed.items()}
    print(f"differs from TESTED: {differ}")


if __name__ == "__main__":
    main(tyro.cli(Options))
