"""`nlp-ssl finetune`: a pretrained run and a labelled task -> scores beside baselines.

The protocol, the same for the pretrained network and for "the same network, untrained":

1. The training examples are the first N of a fixed, class-balanced order, so 100 are part of 1,000 and every
   model, seed and baseline has the same ones. Their end, a tenth (`splits.held_out`), is held out.
2. For each learning rate, one network is trained on the rest, on at most `MOST_TO_CHOOSE_ON` examples, and
   scored on the held-out part after every epoch. The best rate and epoch are chosen; ties go to the lower loss.
3. For each seed, a network is trained on all N examples on the same schedule, up to the chosen epoch. The
   seed gives the classifier (and the untrained body), the dropout and the order.
4. The scores are those on dev, which no choice has seen, and the differences from the untrained network have
   an interval over examples and seeds.

What is finished is kept in OUT/parts and never run again: the same command goes on after an interruption,
with more --seeds it adds those.
"""

from __future__ import annotations

import errno
import json
import shlex
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import MISSING, dataclass, fields
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import tyro

from nlp_ssl.console import Progress, progress, say, speaks, warn
from nlp_ssl.downstream.tasks import Task, load_task, own_task, task_names, with_flags
from nlp_ssl.errors import InputError
from nlp_ssl.files import put_folder, write_text
from nlp_ssl.training.run import model_folder

if TYPE_CHECKING:
    import numpy as np

    from nlp_ssl.downstream.network import Checkpoint, Classifier, Tokens
    from nlp_ssl.downstream.splits import Examples

MOST_TO_CHOOSE_ON = 5000
"""Examples that a learning rate is tried on: of a large task a part, so that choosing stays cheap."""

FEWEST_EXAMPLES = 20
UNKNOWN_WORTH_A_WARNING = 0.1


@dataclass(frozen=True, kw_only=True)
class Finetune:
    """Fine-tune a pretrained model on a labelled task, and score it beside baselines."""

    run: tyro.conf.Positional[Path]
    """Folder of a pretraining run, or of any model in Hugging Face format."""
    task: str
    """Name of a declared task, a declaration of one's own (a .toml file), or a new name with the column flags."""
    data: tuple[Path, ...] = ()
    """Folder with train and dev (.tsv .csv .jsonl .parquet), or those files in that order; else from the hub."""
    out: Path
    """Folder for scores, predictions and the fine-tuned model."""
    seeds: int = 3
    """Networks that are trained; scores are reported with their spread."""
    train_examples: int | None = None
    """Use so many examples of train, class-balanced, the same for every model; all if not given."""
    learning_rates: tuple[float, ...] = (5e-5, 2e-4, 8e-4)
    """The peak learning rates to choose from, on a held-out part of train."""
    epochs: int | None = None
    """The most passes over train, of which the best number is chosen; by default 3 (large tasks) to 10 (small)."""
    batch_size: int = 32
    """Examples in a batch."""
    max_length: int = 128
    """Tokens that are read of an example, up to what the model has positions for."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Arithmetic of matrix products; auto is bf16 where the hardware has it."""
    baselines: bool = True
    """Also score the majority class, TF-IDF with a linear model, and the same network untrained."""
    text_column: str | None = None
    """Column with the text, in place of the declared one."""
    pair_column: str | None = None
    """Column with the second text, for a task of pairs."""
    label_column: str | None = None
    """Column with the label."""
    metric: tuple[str, ...] = ()
    """accuracy f1 macro_f1 matthews for classes, pearson spearman for numbers; choices are made by the first."""


def main(arguments: Sequence[str]) -> int:
    """The command."""
    finetune(tyro.cli(Finetune, prog="nlp-ssl finetune", args=list(arguments)))
    return 0


def finetune(options: Finetune) -> dict[str, Any]:
    """Fine-tune, print the table and write OUT; returns what is in OUT/scores.json.

    InputError for options, data or a model that cannot be used, before anything is written.
    """
    _check(options)
    task = with_flags(
        _find_task(options.task), options.text_column, options.pair_column, options.label_column, options.metric
    )
    folder = model_folder(options.run)

    from nlp_ssl.downstream.splits import load_splits  # numpy and more come in here, after the first refusals

    labels, splits = load_splits(task, options.data)
    try:
        return _Experiment(options, task, folder, labels, splits).result()
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EDQUOT):
            raise
        raise InputError(
            f"{options.out}: cannot write ({error.strerror}); what is finished is kept: "
            "make room and run the same command again"
        ) from None


def _check(options: Finetune) -> None:
    rules = [
        (options.seeds >= 1, f"--seeds {options.seeds}: at least 1"),
        (
            options.train_examples is None or options.train_examples >= FEWEST_EXAMPLES,
            f"--train-examples {options.train_examples}: at least {FEWEST_EXAMPLES}, part of them is held out",
        ),
        (options.epochs is None or options.epochs >= 1, f"--epochs {options.epochs}: at least 1"),
        (options.batch_size >= 1, f"--batch-size {options.batch_size}: at least 1"),
        (options.max_length >= 8, f"--max-length {options.max_length}: at least 8"),
        (
            bool(options.learning_rates) and all(rate > 0 for rate in options.learning_rates),
            f"--learning-rates {' '.join(map(str, options.learning_rates))}: one or more, all above 0",
        ),
    ]
    problems = [problem for holds, problem in rules if not holds]
    if problems:
        raise InputError(*problems)


def _find_task(name: str) -> Task:
    declared = name.endswith(".toml") or name in task_names()
    return load_task(name) if declared else own_task(name)


@dataclass(frozen=True)
class Part:
    """A finished piece of work: outputs by split, float[n, classes] (or [n, 1]), and facts for scores.json."""

    outputs: dict[str, np.ndarray[Any, Any]]
    facts: dict[str, Any]


class _Experiment:
    """One command's work: its data, its parts, its result."""

    def __init__(
        self, options: Finetune, task: Task, folder: Path, labels: tuple[str, ...], splits: dict[str, Examples]
    ) -> None:
        from nlp_ssl.downstream.network import load_checkpoint, longest_input
        from nlp_ssl.downstream.splits import held_out, nested_order
        from nlp_ssl.models.setup import resolve_precision

        self.options, self.task, self.labels, self.splits = options, task, labels, splits
        train = splits["train"]
        N = options.train_examples or len(train)
        if not FEWEST_EXAMPLES <= N <= len(train):
            rule = "no more can be used" if options.train_examples else f"at least {FEWEST_EXAMPLES} are needed"
            wanted = f"--train-examples {N}: " if options.train_examples else ""
            raise InputError(f"{wanted}{task.name} has {len(train)} training examples, {rule}")
        assert train.labels is not None
        chosen = nested_order(train.labels, task.kind)[:N]
        rest = N - held_out(N)
        self.train = train.take(chosen)
        self.to_choose_on = train.take(chosen[: min(rest, MOST_TO_CHOOSE_ON)])
        self.held_out = train.take(chosen[rest:])
        self.epochs = options.epochs or min(max(round(30_000 / N), 3), 10)
        # Scored are the dev splits; a test split is predicted if its labels are the benchmark's secret.
        self.predicted = {s: e for s, e in splits.items() if s.startswith("dev") or e.labels is None}

        self.checkpoint: Checkpoint = load_checkpoint(folder)
        self.max_length = longest_input(self.checkpoint, options.max_length)
        self.precision = resolve_precision(options.precision)
        self._claim(folder)
        self.tokens = {name: self._encode(examples) for name, examples in self._networks_examples().items()}
        self._remark()

    def _networks_examples(self) -> dict[str, Examples]:
        return {"train": self.train, "choose": self.to_choose_on, "held-out": self.held_out, **self.predicted}

    def _encode(self, examples: Examples) -> Tokens:
        from nlp_ssl.downstream.network import encode

        return encode(self.checkpoint, examples, self.max_length)

    def _remark(self) -> None:
        """Say what the user should know of the texts as the model sees them."""
        for name in ("train", *self.task.evaluation_splits):
            tokens, n = self.tokens[name], len(self.tokens[name].lengths)
            if tokens.truncated:
                say(f"{name}: {tokens.truncated:,} of {n:,} examples are longer than {self.max_length} tokens: cut")
            if tokens.unknown > UNKNOWN_WORTH_A_WARNING:
                warn(f"{name}: the run's tokenizer does not know {tokens.unknown:.0%} of the tokens")

    def _claim(self, model: Path) -> None:
        """Make OUT this experiment's folder; InputError where it is another's."""
        out = self.options.out
        weights = [f for f in sorted(model.iterdir()) if f.suffix in (".safetensors", ".bin")]
        mine = {
            "task": self.task.name,
            "columns": [list(names) for names in (*self.task.columns, self.task.label)],
            "metrics": list(self.task.metrics),
            "train examples": len(self.train),
            "learning rates": list(self.options.learning_rates),
            "epochs": self.epochs,
            "batch size": self.options.batch_size,
            "max length": self.max_length,
            "precision": self.precision,
            "model": {f.name: file_digest(f.open("rb"), "blake2b").hexdigest()[:16] for f in weights},
            "data": {name: examples.fingerprint() for name, examples in self.splits.items()},
        }
        if out.exists() and not out.is_dir():
            raise InputError(f"{out} is a file: choose another --out")
        stored = out / "options.json"
        if stored.is_file():
            theirs = json.loads(stored.read_text("utf-8"))
            other = [
                f"{out} holds a result with other {key}"
                f"{'' if isinstance(value, dict) else f' ({theirs.get(key)}, now {value})'}: choose another --out"
                for key, value in mine.items()
                if theirs.get(key) != value
            ]
            if other:
                raise InputError(*other)
        elif out.is_dir() and any(file.name not in ("parts", "options.json.writing") for file in out.iterdir()):
            raise InputError(f"{out} holds something that is not a result of this command: choose another --out")
        elif speaks():
            (out / "parts").mkdir(parents=True, exist_ok=True)
            write_text(stored, json.dumps(mine, indent=1, ensure_ascii=False) + "\n")

    def result(self) -> dict[str, Any]:
        """Do all parts that are not done yet, then print and write the result."""
        from nlp_ssl.downstream.scores import Row, write_result

        self.done_before = True
        rows = []
        if self.options.baselines:
            name = "majority class" if self.labels else "mean of train"
            rows += [
                Row("majority", name, [self._part("majority", self._majority)]),
                Row("tfidf", "TF-IDF + linear model", [self._part("tfidf", self._bag_of_words)]),
                Row("untrained", "the same network, untrained", self._network("untrained")),
            ]
        rows.append(Row("pretrained", self.options.run.resolve().name, self._network("pretrained")))
        if self.done_before:
            say(f"{self.options.out}: this was finished before; nothing was run again")
        counts = {"train": len(self.train), "held out": len(self.held_out)}
        counts |= {name: len(examples) for name, examples in self.predicted.items()}
        facts = {
            "run": str(self.options.run),
            "command": command(self.options),
            "examples": counts,
            "truncated": {name: self.tokens[name].truncated for name in ("train", *self.predicted)},
            "unknown tokens": {name: round(self.tokens[name].unknown, 4) for name in ("train", *self.predicted)},
            "precision": self.precision,
        }
        return write_result(self.options.out, self.task, self.labels, self.predicted, rows, facts)

    def _part(self, name: str, work: Callable[[], Part]) -> Part:
        """The part of this name: read from OUT if it was finished before, else worked out and kept."""
        import numpy as np

        file = self.options.out / "parts" / f"{name}.npz"
        if file.is_file():
            with np.load(file) as stored:
                facts = json.loads(str(stored["facts"]))
                return Part({key: stored[key] for key in stored.files if key != "facts"}, facts)
        self.done_before = False
        started = time.monotonic()
        part = work()
        part.facts["seconds"] = round(time.monotonic() - started, 1)
        if speaks():
            beside = file.with_suffix(".writing")
            with beside.open("wb") as stream:
                np.savez(stream, allow_pickle=False, facts=np.array(json.dumps(part.facts)), **part.outputs)
            beside.rename(file)
        return part

    # --- the baselines ---

    def _majority(self) -> Part:
        from nlp_ssl.downstream.baselines import majority

        classes = len(self.labels)
        return Part({s: majority(self.train, classes, len(e)) for s, e in self.predicted.items()}, {})

    def _bag_of_words(self) -> Part:
        from nlp_ssl.downstream.baselines import STRENGTHS, BagOfWords

        classes = len(self.labels)
        tried = []
        with progress("TF-IDF", len(STRENGTHS) + 1, "models") as job:
            for strength in STRENGTHS:
                outputs = BagOfWords(self.to_choose_on, classes, strength).outputs(self.held_out)
                tried.append({"strength": strength, "score": self._held_out_score(outputs)})
                job.advance()
            best = max(tried, key=lambda t: t["score"])["strength"]
            model = BagOfWords(self.train, classes, best)
            job.advance()
        return Part({s: model.outputs(e) for s, e in self.predicted.items()}, {"strength": best, "tried": tried})

    # --- the networks ---

    def _network(self, kind: Literal["pretrained", "untrained"]) -> list[Part]:
        """One part for each seed."""
        choice = self._part(f"{kind}-choice", lambda: self._choose(kind)).facts
        seeds = range(1, self.options.seeds + 1)
        return [self._part(f"{kind}-seed{s}", lambda s=s: self._refit(kind, choice, s)) for s in seeds]  # type: ignore[misc]

    def _choose(self, kind: str) -> Part:
        tried: list[dict[str, Any]] = []
        total = len(self.options.learning_rates) * self.epochs * len(self.to_choose_on)
        with progress(f"{kind}: choose", total, "examples") as job:
            for rate in self.options.learning_rates:
                model = self._fresh(kind, seed=0)
                for epoch in self._train(model, "choose", self.to_choose_on, rate, 0, job):
                    outputs = model.predict(self.tokens["held-out"])
                    figures = {"score": self._held_out_score(outputs), "loss": self._held_out_loss(outputs)}
                    tried.append({"learning_rate": rate, "epochs": epoch, **figures})
        best = max(tried, key=lambda t: (t["score"], -t["loss"]))
        rates = self.options.learning_rates
        ends = {max(rates): "the highest tried, a higher one may do better", min(rates): "the lowest tried"}
        remark = f" ({ends[best['learning_rate']]})" if len(rates) > 1 and best["learning_rate"] in ends else ""
        say(
            f"{kind}: chose learning rate {best['learning_rate']:g}{remark} "
            f"and {best['epochs']} of {self.epochs} epochs"
        )
        return Part({}, {"learning_rate": best["learning_rate"], "epochs": best["epochs"], "tried": tried})

    def _refit(self, kind: str, choice: dict[str, Any], seed: int) -> Part:
        model = self._fresh(kind, seed)
        with progress(f"{kind}: seed {seed}", choice["epochs"] * len(self.train), "examples") as job:
            for epoch in self._train(model, "train", self.train, choice["learning_rate"], seed, job):
                if epoch == choice["epochs"]:
                    break
        if kind == "pretrained" and seed == 1 and speaks():
            writing, final = self.options.out / "model.writing", self.options.out / "model"
            for folder in (writing, final):
                shutil.rmtree(folder, ignore_errors=True)
            model.save(writing)
            put_folder(writing, final)
        outputs = {split: model.predict(self.tokens[split]) for split in self.predicted}
        return Part(outputs, {**choice, "seed": seed})

    def _fresh(self, kind: str, seed: int) -> Classifier:
        from nlp_ssl.downstream.network import Classifier

        return Classifier(self.checkpoint, kind == "pretrained", self.labels, seed, self.precision)

    def _train(
        self, model: Classifier, tokens: str, examples: Examples, rate: float, seed: int, job: Progress
    ) -> Iterator[int]:
        from nlp_ssl.downstream.network import Training

        assert examples.labels is not None
        training = Training(learning_rate=rate, epochs=self.epochs, batch_size=self.options.batch_size, seed=seed)
        return model.train(self.tokens[tokens], examples.labels, training, job.advance)

    def _held_out_score(self, outputs: Any) -> float:
        from nlp_ssl.downstream.metrics import score
        from nlp_ssl.downstream.scores import predictions

        assert self.held_out.labels is not None
        return score(self.task.metrics[0], self.held_out.labels, predictions(outputs, self.labels))

    def _held_out_loss(self, outputs: Any) -> float:
        """Cross-entropy in nats, or the mean squared error."""
        import numpy as np
        from scipy.special import log_softmax

        gold = self.held_out.labels
        assert gold is not None
        if not self.labels:
            return float(np.mean((outputs[:, 0] - gold) ** 2))
        return float(-log_softmax(outputs, axis=1)[np.arange(len(gold)), gold].mean())


def command(options: Finetune) -> str:
    """The command line that has these options."""
    words = ["nlp-ssl", "finetune", str(options.run)]
    for field in fields(options):
        value = getattr(options, field.name)
        if field.name == "run" or (field.default is not MISSING and value == field.default):
            continue
        flag = field.name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            words += [f"--{flag}", *map(str, value if isinstance(value, tuple) else [value])]
    return shlex.join(words)
