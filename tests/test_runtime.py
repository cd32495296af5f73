"""What every training needs."""

import os
import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource, sys, torch
from nlp_ssl.runtime import keep_freed_memory
if sys.argv[1] == "kept":
    keep_freed_memory()
for _ in range(3):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    several = [torch.ones(2**22) for _ in range(4)]  # of 16 MB
    del several
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries are left as they are")
def test_large_arrays_that_are_freed_are_not_taken_anew_from_the_system() -> None:
    def faults(how: str) -> int:
        environment = {**os.environ, "THP_MEM_ALLOC_ENABLE": "1"}
        run = subprocess.run([sys.executable, "-c", FAULTS, how], env=environment, capture_output=True, check=True)
        return int(run.stdout)

    kept = min(faults("kept") for _ in range(3))  # a machine under load takes pages back now and then
    assert kept < 100 < 1_000 < faults("not kept")
