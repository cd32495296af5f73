import gc
import sys

from nlp_ssl.imports import first_torch_import


def test_garbage_collection_pauses_for_the_first_import_only(monkeypatch) -> None:
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    frozen = gc.get_freeze_count()
    try:
        with first_torch_import():
            assert not gc.isenabled()
        assert gc.isenabled() and gc.get_freeze_count() > frozen
    finally:
        gc.unfreeze()
    monkeypatch.setitem(sys.modules, "torch", sys)
    with first_torch_import():
        assert gc.isenabled()
    assert gc.get_freeze_count() == 0


def test_an_error_in_the_block_leaves_garbage_collection_on(monkeypatch) -> None:
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    try:
        with first_torch_import():
            raise ImportError
    except ImportError:
        pass
    finally:
        gc.unfreeze()
    assert gc.isenabled()
