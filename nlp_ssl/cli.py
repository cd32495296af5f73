"""The commands. `nlp-ssl …`, `python train.py …` and `accelerate launch train.py …` are this program.

Each command lives in the module that does its work, as a function of the arguments behind its name;
a module is imported only when its command is called, so `--help` needs neither torch nor transformers.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from nlp_ssl import __version__, registry
from nlp_ssl.console import speaks
from nlp_ssl.disk_errors import disk_errors
from nlp_ssl.errors import InputError, did_you_mean

COMMANDS = {
    "prepare": ("nlp_ssl.corpus.prepare", "raw text -> a corpus: documents, sentences, tokens"),
    "show": ("nlp_ssl.show.command", "what an objective does to a text, before any training"),
    "pretrain": ("nlp_ssl.training.pretrain", "a corpus and an objective -> a model"),
    "evaluate": ("nlp_ssl.evaluation.evaluate", "a model on held-out text -> its objective's figures, or another's"),
    "finetune": ("nlp_ssl.evaluation.finetune", "a model and a labelled task -> scores beside baselines"),
    "similarity": ("nlp_ssl.evaluation.similarity", "word vectors and people's judgement of pairs -> how they agree"),
    "export": ("nlp_ssl.models.export", "a model -> a file for other programs: word2vec"),
    "probe": ("nlp_ssl.evaluation.probe", "a model and a labelled task -> what its frozen vectors know"),
    "minimal-pairs": ("nlp_ssl.evaluation.minimal_pairs", "a model and pairs of sentences -> which it finds likelier"),
    "compare": ("nlp_ssl.compare", "objectives on one corpus with one budget -> which one, how sure"),
    "report": ("nlp_ssl.report.report", "a comparison's results -> one page that answers which objective"),
    "demo": ("nlp_ssl.demo", "the whole way in a few minutes, on text that is already on this machine"),
}
"""Each command's module, which has a `main(arguments) -> int`, and what it does."""

USAGE = f"""\
nlp-ssl {__version__}: raw text in, an honest answer out

usage: nlp-ssl COMMAND …     (nlp-ssl COMMAND --help says more)

  --plugin MODULE-OR-FILE    Load objectives, heads and more of your own, with any command; may be repeated.

{"".join(f"  {name:<13} {what}{chr(10)}" for name, (_, what) in COMMANDS.items())}
example:
  nlp-ssl prepare novels/ --out corpora/novels --vocab-size 16384
  nlp-ssl pretrain mlm --corpus corpora/novels --out runs/mlm --budget 10M-tokens --model.size mini --seed 1
  nlp-ssl finetune runs/mlm --task sst2 --data tasks/sst2 --out scores/mlm-sst2 --seeds 3
  nlp-ssl compare mlm clm sop --corpus corpora/novels --task sst2 --data tasks/ --budget 5M-tokens --out comparison
"""


def split_plugins(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words of a command line without `--plugin MODULE-OR-FILE`, and the plug-ins that it names."""
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
    """Run a command; returns the exit status (0 done, 2 wrong input, 130 interrupted)."""
    # Threads that spin while they wait make training twenty times slower wherever another process wants a core too.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # Large arrays of torch in huge pages, where the system leaves that to the program: a tenth of a step on a CPU.
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    words, plugins = split_plugins(list(sys.argv[1:] if arguments is None else arguments))
    command, *rest = words or ["--help"]
    if command in ("-h", "--help", "help"):
        print(USAGE, end="")
        return 0
    if command == "--version":
        print(__version__)
        return 0
    if isinstance(sys.stdout, io.TextIOWrapper):  # what a terminal cannot show must not end hours of work
        sys.stdout.reconfigure(errors="replace")
    try:
        registry.load_plugins(plugins)
        if command not in COMMANDS:
            raise InputError(f"no command {command!r}: {did_you_mean(command, list(COMMANDS))}")
        with disk_errors():
            status: int = import_module(COMMANDS[command][0]).main(rest)
        return status
    except InputError as error:
        if speaks():
            for problem in error.problems:
                print(f"nlp-ssl: error: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read the output has left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


if __name__ == "__main__":
    sys.exit(main())
