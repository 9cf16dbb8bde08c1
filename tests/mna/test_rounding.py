import jax
import jax.numpy as jnp
import numpy as np
import pytest

import circuitnn.mna.iteration
from circuitnn.model import run
from circuitnn.nodal import NodalModel
from tests.mna.circuits import SERIES
from tests.nodal.signals import esr, noise


@pytest.mark.slow
def test_a_node_between_diodes_takes_few_iterations_in_single_precision(monkeypatch):
    """Nothing but GMIN holds it, so that its steps stay large for ever; the residual has to end the iteration."""
    slowest = []
    evaluate = circuitnn.mna.iteration.left_of

    def watched(where, v, step):
        jax.debug.callback(lambda _: slowest.append(1), v[0])
        return evaluate(where, v, step)

    monkeypatch.setattr(circuitnn.mna.iteration, "left_of", watched)
    jax.clear_caches()
    x = np.convolve(noise(200, peak=10), np.hanning(30), "same")[:, None]
    _, y = run(NodalModel(SERIES), x)
    jax.effects_barrier()
    jax.clear_caches()
    assert len(x) <= len(slowest) < 7 * len(x)  # one test more than there are iterations
    assert esr(y, run(NodalModel(SERIES, dtype=jnp.float64), x)[1]) < 1e-9
