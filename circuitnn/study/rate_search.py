"""The learning rate of a training, from short ones: the same search for every contender under every regime."""

import dataclasses
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import final

import numpy as np

from circuitnn.files import replacing
from circuitnn.opening import LARGEST_JSON, content, json_of
from circuitnn.train import DivergenceError, History


@final
@dataclasses.dataclass(frozen=True)
class RateSearch:
    """Learning rates that are tried before each training, each in a short one with a whole schedule of its own.

    The one with the lowest validation error, the median over seeds, is taken; at the edge of what was tried the rows
    show it.

    Attributes:
        rates: of Adam, tried one after the other.
        share: of the updates of the training itself, above 0 and at most 1.
        seeds: initial weights for each, trained together.
    """

    rates: tuple[float, ...] = (2e-3, 5e-3, 1e-2, 2e-2)
    share: float = 0.1
    seeds: int = 2

    def __post_init__(self):
        if not self.rates or not all(0 < rate < 1 for rate in self.rates):
            raise ValueError(f"rates of learning must be above 0 and below 1, at least one, got {self.rates}")
        if not 0 < self.share <= 1 or self.seeds < 1:
            raise ValueError(
                f"a search needs a share above 0 and at most 1 and a seed at least, got {self.share:g} and {self.seeds}"
            )


def searched(search: RateSearch, trained: Callable[[float], History], file: Path) -> Mapping[float, float]:
    """The validation error of each rate, infinite where it diverged; what was tried already is read from the file.

    Args:
        search: what is tried.
        trained: runs a short training at a rate.
        file: of JSON, written after each of them.
    """
    errors = _known(file)
    for rate in search.rates:
        if rate not in errors:
            errors[rate] = _error(trained, rate)
            with replacing(file) as target:
                target.write(json.dumps({str(key): plain_error(value) for key, value in errors.items()}).encode())
    return {rate: errors[rate] for rate in search.rates}


def best(errors: Mapping[float, float]) -> float:
    """The rate with the lowest error; of equals, as where all diverged, the lowest rate."""
    return min(sorted(errors), key=lambda rate: errors[rate])


def _error(trained: Callable[[float], History], rate: float) -> float:
    try:
        history = trained(rate)
    except DivergenceError:
        return math.inf
    found = float(np.median(np.min(history.validation, axis=0)))
    return found if math.isfinite(found) else math.inf


def _known(file: Path) -> dict[float, float]:
    if not file.exists():
        return {}
    found = json_of(content(file, LARGEST_JSON))
    return {float(rate): math.inf if error is None else float(error) for rate, error in dict(found).items()}


def plain_error(error: float) -> float | None:
    """None for infinity, which JSON does not have."""
    return error if math.isfinite(error) else None
