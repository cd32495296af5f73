import numpy as np

from nlp_ssl.objectives.clm import CausalLM
from nlp_ssl.sampling.noise import Noise
from tests.objectives.test_mlm import clean
from tests.worlds import vocabulary

# A row whose document ends in it, and one whose document goes on.
ROWS = [[2, 10, 11, 12, 3], [2, 20, 21]]
NOISE = Noise(0, 0, np.arange(2))


def test_forward_by_hand() -> None:
    out = CausalLM().corrupt(clean(ROWS), vocabulary(), NOISE)
    assert out.ids.tolist() == [[2, 10, 11, 12, 3], [2, 20, 21, 0, 0]]
    assert out.targets["causal_lm"].labels.tolist() == [[10, 11, 12, 3, -100], [20, 21, -100, -100, -100]]


def test_backward_by_hand() -> None:
    batch = clean(ROWS)
    out = CausalLM(direction="backward").corrupt(batch, vocabulary(), NOISE)
    assert out.ids.tolist() == [[2, 12, 11, 10, 3], [2, 21, 20, 0, 0]]
    assert out.targets["causal_lm"].labels.tolist() == [[12, 11, 10, 3, -100], [21, 20, -100, -100, -100]]
    assert batch.ids.tolist()[0] == ROWS[0]
