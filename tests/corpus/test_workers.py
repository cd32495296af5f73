import operator

import pytest

from nlp_ssl.corpus.workers import start_workers


@pytest.mark.parametrize("processes", [1, 2])
def test_results_are_in_the_order_of_calls(processes: int) -> None:
    done: list[int] = []
    with start_workers(processes) as workers:
        assert workers.run(pow, [(2, 3), (3, 2), (5, 1)], done.append) == [8, 9, 5]
        assert sorted(done) == [0, 1, 2]
        assert workers.run(pow, []) == []
        with pytest.raises(ZeroDivisionError):
            workers.run(operator.truediv, [(1, 1), (1, 0)])
