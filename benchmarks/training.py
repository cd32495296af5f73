"""How fast is MLM trained, beside what a user would run instead?

python benchmarks/training.py CORPUS [--rounds 3] [--size mini]

The same BERT, the same text, batches of 32 rows of up to 128 tokens; text tokens a second, special tokens and padding
left out. `Trainer` with `DataCollatorForLanguageModeling` in fp32, its default, and in bf16, and `nlp-ssl pretrain`,
one after the other in every round, since machines are noisy; ratios within a round, their median.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import tyro
from datasets import Dataset
from transformers import (
    AutoModelForMaskedLM,
    AutoTokenizer,
    BertForMaskedLM,
    DataCollatorForLanguageModeling,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from nlp_ssl.cli import main as nlp_ssl
from nlp_ssl.console import table
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.models.architectures import configure
from nlp_ssl.recipe import Model, Size
from nlp_ssl.sampling.examples import TokenStream, find_examples

WARM_UP, TIMED = 12, 12  # steps


@dataclass(frozen=True)
class Options:
    corpus: tyro.conf.Positional[Path]
    rounds: int = 3
    size: Size = "mini"


class Clock(TrainerCallback):
    """Notes the time after every step."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def on_step_end(self, *_: object, **__: object) -> None:
        self.times.append(time.perf_counter())


def with_trainer(options: Options, corpus: Corpus, bf16: bool) -> float:
    """Text tokens a second of transformers' Trainer."""
    vocabulary, text = Vocabulary.of(corpus), TokenStream(corpus.shards("train"))
    examples = find_examples(text, "segment", "encoder", 128)
    rows = torch.randperm(len(examples), generator=torch.Generator().manual_seed(0))[: 32 * (WARM_UP + TIMED)].tolist()
    ids = [text.gather(examples.start[[row]], int(examples.length[row]))[0].tolist() for row in rows]
    data = Dataset.from_dict({"input_ids": [[vocabulary.cls, *row, vocabulary.sep] for row in ids]})
    bert = Model(size=options.size, architecture="bert")
    config = configure(bert, "encoder", [AutoModelForMaskedLM], vocabulary, 128)
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder,
            per_device_train_batch_size=32,
            max_steps=WARM_UP + TIMED,
            bf16=bf16,
            use_cpu=not torch.cuda.is_available(),
            report_to=[],
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
        )
        tokenizer = AutoTokenizer.from_pretrained(corpus.tokenizer_folder)
        collator = DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.15)
        model = BertForMaskedLM(config)
        Trainer(model=model, args=arguments, train_dataset=data, data_collator=collator, callbacks=[clock]).train()
    mean = sum(map(len, ids)) / len(ids)
    return 32 * mean * TIMED / (clock.times[-1] - clock.times[WARM_UP - 1])


def with_nlp_ssl(options: Options, precision: str) -> float:
    """Text tokens a second of `nlp-ssl pretrain mlm`."""
    with tempfile.TemporaryDirectory() as folder:
        run = ["pretrain", "mlm", "--corpus", str(options.corpus), "--out", f"{folder}/run", "--precision", precision]
        run += ["--model.size", options.size, "--model.architecture", "bert", "--batch.tokens", "4096"]
        run += ["--budget", f"{WARM_UP + TIMED}-steps", "--log-every", str(WARM_UP)]
        assert nlp_ssl([*run, "--evaluations", "1", "--evaluation-tokens", "1000"]) == 0
        lines = [json.loads(line) for line in (Path(folder) / "run" / "metrics.jsonl").read_text().splitlines()]
        return [float(line["tokens_per_second"]) for line in lines if line["event"] == "train"][1]


def main() -> None:
    options = tyro.cli(Options)
    corpus = Corpus.open(options.corpus)
    contenders: dict[str, Callable[[], float]] = {
        "Trainer, fp32 (its default)": lambda: with_trainer(options, corpus, bf16=False),
        "Trainer, bf16": lambda: with_trainer(options, corpus, bf16=True),
        "nlp_ssl, fp32": lambda: with_nlp_ssl(options, "fp32"),
        "nlp_ssl, bf16": lambda: with_nlp_ssl(options, "bf16"),
    }
    rounds = [{name: run() for name, run in contenders.items()} for _ in range(options.rounds)]
    ours = "nlp_ssl, bf16"
    rows = []
    for name in contenders:
        speed = statistics.median(round_[name] for round_ in rounds)
        ratio = statistics.median(round_[ours] / round_[name] for round_ in rounds)
        rows.append([name, f"{speed:,.0f}", f"{ratio:.2f}"])
    print(table(["MLM, BERT " + options.size, "tokens/s", f"{ours} is faster by"], rows))


if __name__ == "__main__":
    main()
