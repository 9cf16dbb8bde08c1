"""The learning rate of a training, found by short ones."""

import json
import math

import pytest

from circuitnn.study.rate_search import RateSearch, best, searched
from circuitnn.train import DivergenceError, History

SEARCH = RateSearch((1e-3, 1e-2, 1e-1), seeds=3)


def history(*validations):
    return History(validation=[list(each) for each in validations])


def trained(rate):
    if rate == 1e-1:
        raise DivergenceError("the loss became nan")
    # Two validations of three seeds: each counts by its best, and the median over seeds tells.
    return history((9.0, 9.0, 9.0), (rate, 2.0, 1.0)) if rate == 1e-3 else history((0.5, 0.7, 8.0), (0.6, 9.0, 9.0))


def test_the_rate_with_the_lowest_median_error_is_taken(tmp_path):
    errors = searched(SEARCH, trained, tmp_path / "rates.json")
    assert errors == {1e-3: 1.0, 1e-2: 0.7, 1e-1: math.inf}
    assert best(errors) == 1e-2
    assert best(dict.fromkeys(SEARCH.rates, math.inf)) == 1e-3


def test_a_search_that_was_stopped_goes_on(tmp_path):
    file = tmp_path / "rates.json"

    def stopped(rate):
        if rate == 1e-1:
            raise KeyboardInterrupt
        return trained(rate)

    with pytest.raises(KeyboardInterrupt):
        searched(SEARCH, stopped, file)
    assert json.loads(file.read_text()) == {"0.001": 1.0, "0.01": 0.7}
    tried = []
    errors = searched(SEARCH, lambda rate: tried.append(rate) or trained(rate), file)
    assert tried == [1e-1]
    assert errors == searched(SEARCH, stopped, file), "a divergence is remembered as well"


@pytest.mark.parametrize("wrong", [{"rates": ()}, {"rates": (1e-3, -1e-2)}, {"share": 0.0}, {"share": 2}, {"seeds": 0}])
def test_what_is_no_search_is_refused(wrong):
    with pytest.raises(ValueError, match=r"rates|a search needs"):
        RateSearch(**wrong)
