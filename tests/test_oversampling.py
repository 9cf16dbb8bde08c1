"""Oversampling of any model, alone and beside paths without it."""

import copy

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from circuitnn import circuits, read_netlist
from circuitnn.composition import chain, parallel, residual
from circuitnn.hybrid import Delay, Gain, Oversampled
from circuitnn.model import Forcing, Model, StateModel, run, trace
from circuitnn.nodal import NodalModel
from circuitnn.numerics.half_band import half_band
from circuitnn.testing import check_batch, check_block_law, check_dtypes, check_gradient
from tests.models import Gain as Volume
from tests.models import Leaky

FS = 48_000
NOISE = np.random.default_rng(0).standard_normal((3, 64, 1))


def filtered(x, factor):
    """Up and down again, by zeros in between and whole convolutions."""
    design = half_band(factor)
    responses = []
    for side in design.stages:
        response = np.zeros(4 * len(side) - 1)
        response[: 2 * len(side) : 2] = side
        responses.append(response + response[::-1] + 0.5 * (np.arange(len(response)) == 2 * len(side) - 1))
    for response in responses:
        stuffed = np.zeros(2 * len(x))
        stuffed[::2] = x
        x = 2 * np.convolve(stuffed, response)[: len(stuffed)]
    x = np.concatenate([np.zeros(design.delay), x])[: len(x)]
    for response in responses[::-1]:
        x = np.convolve(x, response)[: len(x)][::2]
    return x


@pytest.mark.parametrize("factor", [2, 8])
def test_wires_and_early_paths_wait(factor):
    x = np.random.default_rng(1).standard_normal(400)
    wet = Oversampled(Gain(0.7, dtype=np.float64), factor)
    late = np.concatenate([np.zeros(wet.latency), x[: -wet.latency]])
    dry = (Gain(3.0, dtype=np.float64), chain(Delay(5, dtype=np.float64), Gain(-1.0, dtype=np.float64)))
    for model, beside in ((residual(wet), late), (parallel(dry[0], wet, dry[1]), 2 * late)):
        np.testing.assert_allclose(run(model, x)[1], 0.7 * filtered(x, factor) + beside, rtol=0, atol=1e-12)
        assert model.latency == wet.latency
        check_block_law(model, NOISE, cuts=(1, 2, 40), rtol=1e-12)


@pytest.mark.parametrize(
    ("model", "knobs"),
    [
        (Oversampled(chain(Leaky(), Volume()), 4), {}),
        (Oversampled(chain(Delay(8), Gain(0.5)), 2), {}),
        (Oversampled(Volume(), 2), {"volume": np.linspace(0, 1, 64)}),
        (Oversampled(Volume(), 2), {"volume": np.array([[0.1], [0.2], [0.3]])}),
        (Oversampled(Leaky(), 2), {}),
    ],
    ids=["chain", "delay", "moving knob", "knobs of a batch", "states"],
)
def test_block_law(model, knobs):
    check_block_law(model, NOISE, controls=knobs)
    if not any(np.ndim(value) == 2 for value in knobs.values()):
        check_batch(model, NOISE, controls=knobs)


def test_precisions():
    check_dtypes(lambda dtype: Oversampled(Leaky(dtype=dtype), 2), NOISE)


def test_states_stay_states():
    assert isinstance(Oversampled(Leaky(), 2), StateModel)
    assert isinstance(copy.deepcopy(Oversampled(Leaky(), 2)), StateModel)
    assert not isinstance(Oversampled(chain(Leaky()), 2), StateModel)
    assert Oversampled(Leaky(), 2).state_names == ("C1",)


@pytest.mark.slow
def test_the_argument_of_circuits_is_its_short_form():
    circuit = circuits.diode_clipper()
    short = NodalModel(circuit, FS, oversampling=2, dtype=np.float64)
    long = Oversampled(NodalModel(circuit, 2 * FS, dtype=np.float64), 2)
    assert long.latency == short.latency
    assert long.state_names == short.state_names
    assert nnx.graphdef(Model.from_settings(long.settings)) == nnx.graphdef(long)
    x, shown = 2 * NOISE, Forcing(np.full((3, 64, 1), 0.3), np.arange(64) % 5 == np.zeros((3, 1)))
    (end, *found), expected = (trace(model, x, forcing=shown) for model in (long, short))
    jax.tree.map(np.testing.assert_array_equal, (end, *found), expected)
    forced = long.force(end, jnp.full((3, 1), 0.2))
    np.testing.assert_array_equal(long.states(forced), np.full((3, 1), 0.2))
    jax.tree.map(np.testing.assert_array_equal, forced, short.force(end, jnp.full((3, 1), 0.2)))


def test_filters_and_delay_lines_begin_at_the_rest_of_what_is_inside():
    """2 V at the input make 2 k volts at the output: nothing moves from the first sample on."""
    circuit = read_netlist("divider\nVin in 0 2\n.param k=.5\nR1 in out {1k*(1-k)+1}\nR2 out 0 {1k*k+1}\nC1 out 0 1n\n")
    knob = np.concatenate([np.full(20, 0.25), np.full(20, 0.75)])  # the first sample counts
    out = 2 * (1000 * 0.25 + 1) / 1002
    inner = NodalModel(circuit, 2 * FS, dtype=np.float64)
    half = Gain(0.5, dtype=np.float64)
    wet = Oversampled(chain(parallel(chain(inner, half), half)), 2)
    for model, level in (
        (wet, out / 2 + 1),
        (residual(wet), out / 2 + 3),
        (parallel(wet, NodalModel(circuit, FS, dtype=np.float64)), 1.5 * out + 1),
    ):
        y = run(model, np.full(40, 2.0), controls={"k": knob})[1]
        np.testing.assert_allclose(y[:20], level, rtol=1e-12)
        assert np.ptp(y) > 0.01


def test_gradients():
    model = Oversampled(chain(Leaky(dtype=jnp.float64), Gain(0.7, trainable=True, dtype=jnp.float64)), 2)
    assert len(jax.tree.leaves(model.parameters())) == 2

    def energy(params, x):
        return jnp.sum(model.with_parameters(params)(model.init_carry((3,)), x)[1] ** 2)

    check_gradient(energy, (model.parameters(), jnp.asarray(NOISE)))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: Oversampled(Leaky(), 3), "one of 1, 2, 4, 8, 16"),
        (lambda: Oversampled(Delay(3), 2), "3 samples at 2 times the rate"),
        (
            lambda: Oversampled(Volume(), 2)(
                Oversampled(Volume(), 2).init_carry(), jnp.zeros((6, 1)), {"volume": np.ones(12)}
            ),
            r"knob volume: .* = \(6,\), got the shape \(12,\)",
        ),
    ],
)
def test_bad_input_is_one_clear_error(call, says):
    with pytest.raises(ValueError, match=says):
        call()
