"""Streams of a batch that rest at different points, and go on with the same knobs."""

import jax
import numpy as np
import pytest

import circuitnn as cn
from tests.train.test_start import DIVIDER

NETLIST = DIVIDER.replace(".end", "D1 out c DS\nRc c 0 10k\n.model DS D(IS=2.52n N=1.752)\n.end")


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["trapezoidal", "bdf2"])
def test_streams_from_different_rests_go_on_as_each_alone(rule):
    with jax.enable_x64(True):
        model = cn.nodal.NodalModel(cn.read_netlist(NETLIST), fs=48_000, rule=rule, dtype="float64")
        x = np.sin(np.arange(3 * 200) / 9).reshape(3, 200, 1)
        knobs = np.array([0.1, 0.5, 0.9])[:, None]
        carry, _ = cn.run(model, x, controls={"k": knobs})
        _, together = cn.run(model, x, carry, controls={"k": 0.3})
        for entry in range(3):
            alone, _ = cn.run(model, x[entry], controls={"k": knobs[entry, 0]})
            _, y = cn.run(model, x[entry], alone, controls={"k": 0.3})
            np.testing.assert_allclose(together[entry], y, rtol=1e-10, atol=1e-12)


@pytest.mark.slow
def test_each_stream_has_the_gradient_of_its_own_knob():
    with jax.enable_x64(True):
        model = cn.nodal.NodalModel(cn.read_netlist(NETLIST), fs=48_000, dtype="float64")
        x = np.sin(np.arange(3 * 50) / 9).reshape(3, 50, 1)

        def loudness(knobs):
            return cn.run(model, x, controls={"k": knobs[:, None]})[1][..., 0].sum(axis=-1)

        slope = jax.jacobian(loudness)(np.full(3, 0.5))
        step = 1e-5
        expected = (loudness(np.full(3, 0.5 + step)) - loudness(np.full(3, 0.5 - step))) / (2 * step)
        np.testing.assert_allclose(slope, np.diag(expected), rtol=1e-6, atol=1e-9)
