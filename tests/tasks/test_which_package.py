from collections import Counter

import pytest

from nlp_ssl.corpus import pydocs
from nlp_ssl.tasks import which_package


@pytest.fixture
def few(monkeypatch) -> dict[str, list[dict[str, str]]]:
    monkeypatch.setattr(which_package, "CLASSES", ("numpy", "python"))
    monkeypatch.setattr(which_package, "TRAIN_ROWS", 30)
    monkeypatch.setattr(which_package, "DEV_ROWS", 10)
    return which_package.splits()


def test_every_package_gives_the_same_number_of_rows(few) -> None:
    counts = {split: Counter(row["label"] for row in rows) for split, rows in few.items()}
    assert counts == {"train": {"numpy": 30, "python": 30}, "dev": {"numpy": 10, "python": 10}}
    assert few == which_package.splits()


def test_no_text_is_used_twice(few) -> None:
    texts = [row["text"] for rows in few.values() for row in rows]
    assert len(set(texts)) == len(texts)


def test_no_file_is_on_both_sides(few) -> None:
    """Every row's file, found again by its text: train and dev have none in common."""
    files = {which_package.mask(p): name for name, paragraphs in pydocs.files("python") for p in paragraphs}
    sides = {split: {files[row["text"]] for row in rows if row["label"] == "python"} for split, rows in few.items()}
    assert sides["train"] and sides["dev"] and not sides["train"] & sides["dev"]


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Works like np.add and NumPy's ufuncs.", "Works like _.add and _'s _."),
        ("Takes a pd.DataFrame or a torch.Tensor.", "Takes a _._ or a _.Tensor."),
        ("Use huggingface_hub, scikit-learn or CPython 3.", "Use _, _ or _ 3."),
        ("An npm span keeps its letters.", "An npm span keeps its letters."),
    ],
)
def test_names_are_masked(text: str, masked: str) -> None:
    assert which_package.mask(text) == masked
