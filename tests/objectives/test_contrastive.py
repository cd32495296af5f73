import pytest

from nlp_ssl.objectives.contrastive import LOSS_PAPERS, Contrastive
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.sampling.batch import check
from nlp_ssl.sampling.examples import TokenStream
from tests.worlds import clean_batch, shard, vocabulary


def test_the_two_texts_of_a_pair_are_two_views() -> None:
    batch, noise = clean_batch([[[10, 11, 12], [13, 14]], [[20], [21, 22, 23]]], "pair", "encoder", 10)
    assert batch.ids.tolist() == [[2, 10, 11, 12, 3, 13, 14, 3, 0, 0], [2, 20, 3, 21, 22, 23, 3, 0, 0, 0]]
    out = Contrastive().corrupt(batch, vocabulary(), noise)
    check(out, vocabulary(), "contrastive")
    assert out.ids.tolist() == [[2, 10, 11, 12, 3, 0, 0, 0], [2, 20, 3, 0, 0, 0, 0, 0]]
    assert out.views["other"].ids.tolist() == [[2, 13, 14, 3, 0, 0, 0, 0], [2, 21, 22, 23, 3, 0, 0, 0]]
    assert (out.length.tolist(), out.views["other"].length.tolist()) == ([5, 3], [4, 5])
    assert out.sentence.tolist() == [[-1, 0, 0, 0, -1, -1, -1, -1], [-1, 0, -1, -1, -1, -1, -1, -1]]
    assert not out.token_type_ids.any()
    assert out.targets["contrastive"].valid.tolist() == [True, True]


def test_each_loss_has_its_head_and_paper() -> None:
    for loss in LOSS_PAPERS:
        (found,) = Mixture(objectives={"contrastive": Contrastive(loss=loss)}).losses.values()
        assert (found.head, found.target) == (loss, "contrastive")
    assert Contrastive(loss="byol").paper.startswith("Grill et al., BYOL, NeurIPS 2020, section 3; Giorgi")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("temperature", 0),
        ("projection", 0),
        ("queue", 0),
        ("momentum", 1),
        ("redundancy", -1),
        ("variance", -0.1),
        ("invariance", 0),
    ],
)
def test_impossible_options(option, value) -> None:
    with pytest.raises(ValueError, match=option):
        Contrastive(**{option: value})


def test_a_sentence_and_the_next_one() -> None:
    """Every sentence but the last of a document, unless both do not fit into 9 tokens with [CLS] and two [SEP]."""
    text = TokenStream([shard([[[10], [11, 12], [13]], [[14]], [[15, 16, 17], [18, 19, 20], [21, 22, 23, 24]]])])
    pairs = Contrastive(views="sentence").examples(text, vocabulary(), "encoder", 9)
    assert (pairs.start.tolist(), pairs.length.tolist()) == ([0, 1, 5], [3, 3, 6])
    assert (pairs.example_class.tolist(), pairs.skipped) == ([0, 0, 2], 1)
    assert Contrastive(views="sentence").paper.endswith("; Logeswaran and Lee, Quick-Thoughts, ICLR 2018, section 3")


def test_two_columns_of_a_table() -> None:
    """Pairs with a first column that leaves no room in 9 tokens are skipped; a long second one is truncated."""
    documents = [[[10], [11, 12]], [[13, 14, 15, 16, 17, 18], [19]], [[20, 21], [22, 23, 24, 25, 26, 27]]]
    columns = Contrastive(views="columns")
    pairs = columns.examples(TokenStream([shard(documents)]), vocabulary(), "encoder", 9)
    assert (pairs.start.tolist(), pairs.length.tolist()) == ([0, 10], [3, 6])
    assert (pairs.example_class.tolist(), pairs.skipped) == ([0, 2], 1)
    other = columns.examples(TokenStream([shard([*documents, [[28], [29], [30]]])]), vocabulary(), "encoder", 9)
    assert (len(other), columns.needs) == (0, "documents of two columns (prepare --pair-columns)")
    assert columns.paper.endswith("; Radford et al., CLIP, ICML 2021, section 2.3")
