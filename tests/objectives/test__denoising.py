import numpy as np

from nlp_ssl.objectives._denoising import can_be_copied
from nlp_ssl.objectives.document_rotation import DocumentRotation
from nlp_ssl.sampling.batch import Batch
from tests.objectives.test_document_rotation import Offsets
from tests.objectives.test_sentence_permutation import rows_of
from tests.worlds import vocabulary


def rotated() -> Batch:
    batch = rows_of([[10, 11], [12, 13, 14]], [[20], [21, 22]], width=10)
    return DocumentRotation().corrupt(batch, vocabulary(), Offsets([2, 0], high=[4, 2]))


def test_tokens_that_follow_their_predecessor_in_the_input_can_be_copied() -> None:
    batch = rotated()
    assert batch.ids.tolist() == [[2, 13, 14, 10, 11, 12, 3, 0, 0, 0], [2, 21, 22, 20, 3, 0, 0, 0, 0, 0]]
    found = can_be_copied(batch.ids, batch.targets["seq2seq_lm"].tokens)
    written = [[10, 11, 12, 13, 14, 3, -100, -100, -100], [20, 21, 22, 3, -100, -100, -100, -100, -100]]
    assert batch.targets["seq2seq_lm"].tokens.tolist() == written
    assert found.tolist() == [  # not where the rotated text began, ended, and begins
        [False, True, True, False, True, False, False, False, False],
        [False, False, True, False, False, False, False, False, False],
    ]


def test_rows_do_not_copy_from_each_other() -> None:
    batch = rotated()
    batch.ids[:] = batch.ids[::-1].copy()
    assert not can_be_copied(batch.ids, batch.targets["seq2seq_lm"].tokens).any()


def test_an_untouched_text_can_be_copied_whole() -> None:
    batch = rotated()
    text = batch.targets["seq2seq_lm"].tokens
    batch.ids[:, 1:] = np.where(text < 0, 0, text)
    assert np.array_equal(can_be_copied(batch.ids, batch.targets["seq2seq_lm"].tokens), text >= 0)
