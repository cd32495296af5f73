"""The command line: `nlp-ssl …`, `python train.py …` and `accelerate launch train.py …` run this program.

Each command is the function `main` of a module, which gets the arguments after the command's name. The module is
imported only when its command is called, so `--help` imports neither torch nor transformers.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from nlp_ssl import __version__, processes, registry
from nlp_ssl.console import printable, speaks
from nlp_ssl.disk_errors import disk_errors
from nlp_ssl.errors import InputError, did_you_mean, short
from nlp_ssl.imports import set_torch_environment
from nlp_ssl.signals import exit_status, sentence, terminable

COMMANDS = {
    "prepare": ("nlp_ssl.corpus.prepare", "turn raw text into a corpus of documents, sentences and tokens"),
    "show": ("nlp_ssl.show.command", "show what an objective does to a text, without training"),
    "pretrain": ("nlp_ssl.training.pretrain", "pretrain a model on a corpus with an objective"),
    "evaluate": ("nlp_ssl.evaluation.evaluate", "score a model on any corpus without labels, in one table"),
    "finetune": ("nlp_ssl.evaluation.finetune", "fine-tune a model on a labelled task, and score it beside baselines"),
    "similarity": ("nlp_ssl.evaluation.similarity", "compare word vectors with human similarity ratings"),
    "predict": ("nlp_ssl.evaluation.predict", "label the texts of a file with a fine-tuned model"),
    "probe": ("nlp_ssl.evaluation.probe", "score the frozen vectors of a model on a labelled task"),
    "embed": ("nlp_ssl.evaluation.embed", "write the frozen vector of each text of a file"),
    "minimal-pairs": ("nlp_ssl.evaluation.minimal_pairs", "score which sentence of a pair a model finds more likely"),
    "few-shot": ("nlp_ssl.evaluation.few_shot", "score a model on a labelled task by prompts with a few examples"),
    "retrieval": ("nlp_ssl.evaluation.retrieval", "score how well vectors find the next sentence among 1,000"),
    "export": ("nlp_ssl.export.command", "write a model for another program, such as sentence-transformers"),
    "push": ("nlp_ssl.export.push", "upload a model and its card to the Hugging Face hub"),
    "compare": ("nlp_ssl.compare_command", "compare objectives on one corpus with one budget"),
    "report": ("nlp_ssl.report.report", "write the report of a comparison"),
    "demo": ("nlp_ssl.demo", "run every step in a few minutes, on text from this machine"),
}
"""The module of each command, with a function `main(arguments) -> int`, and a description."""

USAGE = f"""\
nlp-ssl {__version__}: compare self-supervised pretraining objectives on your own text

usage: nlp-ssl COMMAND …     (options: nlp-ssl COMMAND --help)

  --plugin MODULE-OR-FILE    Load your own objectives, heads and more. Works with every command; may be repeated.

{"".join(f"  {name:<13} {what}{chr(10)}" for name, (_, what) in COMMANDS.items())}
example:
  nlp-ssl prepare novels/ --out corpora/novels --vocab-size 16384
  nlp-ssl pretrain mlm --corpus corpora/novels --out runs/mlm --budget 10M-tokens --model.size mini --seed 1
  nlp-ssl finetune runs/mlm --task sst2 --data tasks/sst2 --out scores/mlm-sst2 --seeds 3
  nlp-ssl compare mlm clm sop --corpus corpora/novels --task sst2 --data tasks/ --budget 5M-tokens --out comparison
"""


def split_plugins(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split a command line into the words without `--plugin MODULE-OR-FILE`, and the plug-ins."""
    rest, plugins = [], []
    after = iter(words)
    for word in after:
        flag, equals, value = word.partition("=")
        if flag != "--plugin":
            rest.append(word)
        elif equals:
            plugins.append(value)
        else:
            plugins.append(next(after, ""))
    return rest, plugins


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command. Returns the exit status: 0 done, 2 wrong input, 130 or 143 interrupted."""
    status = _status(arguments)
    processes.leave(status)
    return status


def _status(arguments: Sequence[str] | None) -> int:
    set_torch_environment()
    words, plugins = split_plugins(list(sys.argv[1:] if arguments is None else arguments))
    command, *rest = words or ["--help"]
    if command in ("-h", "--help", "help"):
        print(USAGE, end="")
        return 0
    if command == "--version":
        print(__version__)
        return 0
    if isinstance(sys.stdout, io.TextIOWrapper):  # a character that the terminal cannot show must not end the run
        sys.stdout.reconfigure(errors="replace")
    try:
        if command not in COMMANDS:
            raise InputError(f"no command {command!r}: {did_you_mean(command, list(COMMANDS))}")
        with terminable(), processes.joined(), disk_errors():
            registry.load_plugins(plugins)
            status: int = import_module(COMMANDS[command][0]).main(rest)
        return status
    except InputError as error:
        if speaks() or isinstance(error, processes.OwnError):
            for problem in error.problems:
                print(short(f"nlp-ssl: error: {printable(problem)}"), file=sys.stderr)
        return 2
    except KeyboardInterrupt as interrupt:
        if speaks():
            print(f"nlp-ssl: {sentence(interrupt)}", file=sys.stderr)
        return exit_status(interrupt)
    except BrokenPipeError:  # the reader of the output has closed it, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


if __name__ == "__main__":
    sys.exit(main())
