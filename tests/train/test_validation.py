"""A validation that is run in blocks says what one in a piece says."""

import numpy as np
import optax
import pytest
from flax import nnx

import circuitnn.train.validation as validation
from circuitnn.recurrent import GRU
from circuitnn.train import Dataset, TruncatedBPTT, fit

FS = 1000.0


@pytest.mark.parametrize("count", [None, 2])
def test_blocks_say_what_the_whole_says(monkeypatch, count):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 1003, 1)).astype(np.float32)
    data = Dataset(x, np.tanh(2 * x), controls={"knob": np.linspace(0, 1, 2)[:, None]}, fs=FS)

    def first(length):
        monkeypatch.setattr(validation, "BLOCK", length)
        validation._compiled.cache_clear()
        models = [GRU(3, controls=("knob",), rngs=nnx.Rngs(seed)) for seed in range(count or 1)]
        history = fit(
            models if count else models[0],
            data,
            TruncatedBPTT(64, warmup=32),
            optimizer=optax.sgd(0.0),
            epochs=1,
            validation=data,
            progress=False,
        )[1]
        return history.initial, history.validation[-1]

    whole = first(10_000)
    # 1003 = 17 * 59: the first cuts evenly, the second leaves a rest, of the third every block is one sample long.
    for length in (59, 100, 1):
        np.testing.assert_allclose(first(length), whole, rtol=2e-6)
    assert np.all(np.asarray(whole) > 0.01)  # an error that there is
    validation._compiled.cache_clear()
