"""A circuit in both engines: the model's laws, the same in a wave digital filter, and the gradient along its values."""

import jax.numpy as jnp
import numpy as np

import circuitnn as cn
from circuitnn.testing import check_gradient, check_model


def check_engines(circuit, x, fs):
    """Of x (batch, time, 1) volts; gradients are those of the mean square, along all values that are not 0."""
    check_model(lambda dtype: cn.nodal.NodalModel(circuit, fs=fs, dtype=dtype), x, gradient=None)
    _, y = cn.run(cn.nodal.NodalModel(circuit, fs=fs, dtype=np.float64), x)
    _, filtered = cn.run(cn.wdf.derive(circuit, fs=fs, dtype=np.float64), x)
    np.testing.assert_allclose(filtered, y, rtol=1e-7, atol=1e-9)

    def energy(values, x):
        model = cn.nodal.NodalModel(circuit.replace(**values), fs=fs, dtype=np.float64)
        return (cn.run(model, x)[1] ** 2).mean()

    check_gradient(energy, [{name: jnp.asarray(value) for name, value in circuit.values.items() if value}, x])
