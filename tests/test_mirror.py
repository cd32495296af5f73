"""Tests mirror the package, file by file."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted(
    path.relative_to(ROOT / "nlp_ssl")
    for path in (ROOT / "nlp_ssl").rglob("*.py")
    if path.name not in ("__init__.py", "__main__.py")
)


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_every_module_has_its_tests(module: Path) -> None:
    assert (ROOT / "tests" / module.parent / f"test_{module.name}").is_file()
