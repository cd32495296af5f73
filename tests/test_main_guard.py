"""Scripts that start processes outside `if __name__ == "__main__":`."""

import subprocess
import sys
from pathlib import Path

import pytest

MESSAGE = (
    "nlp_ssl.errors.InputError: a new process ended while it was starting: in a script, call nlp_ssl below "
    '`if __name__ == "__main__":`, since each process imports the script'
)


@pytest.mark.parametrize(
    "call",
    [
        'nlp_ssl.prepare("text.txt", out="corpus", processes=2)',
        pytest.param("from nlp_ssl.comparison.executor import execute; execute(list, 1)", marks=pytest.mark.slow),
    ],
)
def test_a_script_without_the_guard_is_told_of_it_once(call: str, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("One sentence. And another one.\n\n" * 50)
    script = tmp_path / "script.py"
    script.write_text(f"import nlp_ssl, nlp_ssl.api\nwith nlp_ssl.api._called():\n    pass\n{call}\n")
    ended = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.count("Traceback (most recent call last)") == 1
    assert ended.stderr.splitlines()[-1] == MESSAGE
    assert {path.name for path in tmp_path.iterdir()} == {"text.txt", "script.py"}
