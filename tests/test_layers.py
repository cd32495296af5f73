"""Imports run one way, and only the commands that need torch import it."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import nlp_ssl
from nlp_ssl.cli import COMMANDS

PACKAGE = Path(nlp_ssl.__file__).parent

LAYERS = [
    *("corpus", "sampling", "objectives", "recipe", "recipe_files", "models", "heads", "training", "show"),
    *("tasks", "statistics", "evaluation", "export", "comparison", "report", "compare_command", "cli"),
    *("__main__", "demo", "api"),
]
"""From the bottom up: a module imports from its own layer and those before it."""

FOR_ALL = {
    *("errors", "console", "declarations", "toml_tables", "json_files", "disk_errors", "atomic_io", "output_folder"),
    *("array_files", "checksums", "signals", "main_guard"),
    *("runtime", "registry", "imports", "options", "csv_files", "versions", "processes", "cluster", "hub"),
}


def imports(file: Path) -> Iterator[tuple[int, str]]:
    """Each import of this package in a file: the line, and the part of the package it names ("" for itself)."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            if name == "nlp_ssl" or name.startswith("nlp_ssl."):
                yield node.lineno, [*name.split("."), ""][1]


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=[str(f.relative_to(PACKAGE)) for f in FILES])
def test_imports_run_one_way(file: Path) -> None:
    room = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if room == "__init__":
        assert list(imports(file)) == []
        return
    allowed = FOR_ALL | {"__version__"}
    if room not in FOR_ALL:
        allowed |= set(LAYERS[: LAYERS.index(room) + 1])
    wrong = [f"line {line}: nlp_ssl.{part}" for line, part in imports(file) if part not in allowed]
    assert wrong == [], f"{room} must not import from above"


def run(code: str) -> float:
    """Run Python code in a new process; returns its CPU time in seconds, which other processes do not change."""
    before = os.times()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


@pytest.mark.parametrize("module", ["nlp_ssl", "nlp_ssl.cli", "nlp_ssl.recipe_files", "nlp_ssl.objectives"])
def test_light_modules_import_no_torch(module: str) -> None:
    run(f"import sys, {module}; assert not {{'torch', 'transformers', 'datasets'}} & set(sys.modules)")


@pytest.mark.parametrize(
    "arguments",
    [[], *([command] for command in COMMANDS), ["pretrain", "mlm"]],
    ids=lambda arguments: " ".join(arguments) or "nlp-ssl",
)
def test_help_answers_at_once_and_without_torch(arguments: list[str]) -> None:
    seconds = run(f"""
import sys
from nlp_ssl.cli import main
try:
    status = main({[*arguments, "--help"]})
except SystemExit as leave:
    status = leave.code
assert not status, status
assert not {{"torch", "transformers", "datasets"}} & set(sys.modules)
""")
    assert seconds < 5


def test_compare_can_be_imported_where_modules_of_unix_are_missing() -> None:
    missing = ["fcntl", "resource", "pwd", "grp", "termios"]
    code = f"import sys; sys.modules.update(dict.fromkeys({missing})); "
    run(code + "import nlp_ssl.compare_command, nlp_ssl.comparison.executor, nlp_ssl.comparison.plan")
