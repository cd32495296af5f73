"""A corpus for short runs, and FSDP on CPUs over gloo, which Accelerate's launcher does not offer."""

from pathlib import Path

import pytest
from accelerate.state import AcceleratorState, PartialState
from accelerate.utils import DistributedType

from nlp_ssl.runtime import make_accelerator
from nlp_ssl.training import parallel
from tests.worlds import write_corpus


@pytest.fixture(scope="package")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared corpus of 50 tokens, on disk."""
    return write_corpus(tmp_path_factory.mktemp("worlds") / "corpus").folder


@pytest.fixture
def launched(monkeypatch):
    """A function that makes the next processes those of `accelerate launch --use_fsdp --fsdp_version 2`."""

    def make(precision, fsdp_plugin=None, **options):
        accelerator = make_accelerator(precision, fsdp_plugin=None, **options)
        if fsdp_plugin is not None:
            accelerator.state.fsdp_plugin = fsdp_plugin
            accelerator.state.distributed_type = DistributedType.FSDP
            PartialState._shared_state["distributed_type"] = DistributedType.FSDP  # as Accelerate does on GPUs
        return accelerator

    def launch(**settings: str) -> None:
        for name, value in {"ACCELERATE_USE_FSDP": "true", "FSDP_VERSION": "2", **settings}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(parallel, "make_accelerator", make)

    yield launch
    AcceleratorState._reset_state(reset_partial_state=True)
