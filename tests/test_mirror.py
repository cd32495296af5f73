"""Tests mirror the package, file by file."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = (
    "corpus", "sampling", "objectives", "heads", "models", "training", "show", "tasks", "statistics", "evaluation",
)  # fmt: skip
MODULES = sorted(
    path.relative_to(ROOT / "nlp_ssl")
    for room in ROOMS
    for path in (ROOT / "nlp_ssl" / room).rglob("*.py")
    if path.name not in ("__init__.py", "__main__.py")
)


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_every_module_has_its_tests(module: Path) -> None:
    assert (ROOT / "tests" / module.parent / f"test_{module.name}").is_file()
