import numpy as np

from nlp_ssl.objectives.skip_thought import SkipThought
from nlp_ssl.sampling.examples import TokenStream, find_examples
from tests.worlds import clean_batch, random_documents, shard, vocabulary

NO = -100
# Triples are 10.. | 12.. | 15.., and 12.. | 15.. | 16..; the second document is too short for one.
DOCUMENTS = [[[10, 11], [12, 13, 14], [15], [16, 17, 18, 19]], [[20, 21], [22]]]


def test_triples_are_neighbours_within_a_document() -> None:
    found = find_examples(TokenStream([shard(DOCUMENTS)]), "triple", "encoder", 16)
    assert (found.start.tolist(), found.length.tolist(), found.skipped) == ([0, 2], [6, 8], 0)
    short = find_examples(TokenStream([shard(DOCUMENTS)]), "triple", "encoder", 2 + 7)
    assert (short.start.tolist(), short.skipped) == ([0], 1)


def test_by_hand() -> None:
    batch, noise = clean_batch(DOCUMENTS, "triple", "encoder", 16)
    out = SkipThought().corrupt(batch, vocabulary(), noise)
    assert out.ids.tolist() == [[2, 12, 13, 14, 3, 0, 0, 0], [2, 15, 3, 0, 0, 0, 0, 0]]
    assert out.length.tolist() == [5, 3]
    assert out.sentence.tolist() == [[-1, 1, 1, 1, -1, -1, -1, -1], [-1, 1, -1, -1, -1, -1, -1, -1]]
    assert out.targets["previous"].tokens.tolist() == [[10, 11, 3, *[NO] * 5], [12, 13, 14, 3, *[NO] * 4]]
    assert out.targets["next"].tokens.tolist() == [[15, 3, *[NO] * 6], [16, 17, 18, 19, 3, *[NO] * 3]]
    assert out.text_tokens.tolist() == [6, 8]


def test_all_tokens_are_in_one_of_the_three() -> None:
    batch, noise = clean_batch(random_documents(0, 50), "triple", "encoder", 40)
    out = SkipThought().corrupt(batch, vocabulary(), noise)
    for row in range(len(batch.ids)):
        before, after = (out.targets[name].tokens[row] for name in ("previous", "next"))
        centre = out.ids[row][1 : out.length[row] - 1]
        parts = [before[before != NO][:-1], centre, after[after != NO][:-1]]
        assert np.concatenate(parts).tolist() == batch.ids[row][1 : batch.length[row] - 1].tolist()
