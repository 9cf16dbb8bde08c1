"""A low-pass whose pole is to be found again: the smallest task that every regime can be tried on."""

import numpy as np
import pytest

from circuitnn.model import trace
from circuitnn.train import Dataset
from tests.models import Leaky


@pytest.fixture(scope="session")
def data() -> Dataset:
    x = np.random.default_rng(1).standard_normal((4, 640, 1))
    _, y, states = trace(Leaky(0.8), x)
    return Dataset(x, np.asarray(y), states=np.asarray(states), fs=48_000, initial=np.zeros((4, 1)))
