"""A text small enough to work out examples by hand."""

import pytest

from nlp_ssl.sampling.examples import TokenStream
from tests.worlds import shard


@pytest.fixture
def text() -> TokenStream:
    """Two documents: sentences of 3, 2, 4 and of 5 and 16 tokens, ids 10..39."""
    ids = iter(range(10, 40))
    return TokenStream([shard([[[next(ids) for _ in range(n)] for n in lengths] for lengths in ((3, 2, 4), (5, 16))])])
