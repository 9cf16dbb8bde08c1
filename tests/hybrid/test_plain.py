"""What joins models: factors, delays, oversampling of several at once."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from circuitnn import circuits
from circuitnn.composition import chain, parallel, residual
from circuitnn.hybrid import Delay, Gain, Oversampled, aligned
from circuitnn.model import run
from circuitnn.nodal import NodalModel
from circuitnn.testing import check_batch, check_block_law, check_dtypes, check_gradient
from tests.models import Gain as Volume
from tests.models import Leaky

NOISE = np.random.default_rng(0).standard_normal((3, 64, 1))


def models():
    return {
        "gain": Gain(-2.0),
        "delay": Delay(5),
        "no delay": Delay(0),
        "delay longer than a block": Delay(40),
        "aligned": aligned(chain(Leaky(), Delay(9)), Volume(), chain(Delay(2), Gain(3.0))),
        "oversampled": Oversampled(chain(Leaky(), Volume()), 4),
        "oversampled delay": Oversampled(chain(Delay(8), Gain(0.5)), 2),
    }


@pytest.mark.parametrize("name", models())
def test_block_law(name):
    check_block_law(models()[name], NOISE)
    check_batch(models()[name], NOISE)


def test_moving_knobs_are_held_while_a_sample_becomes_several():
    model = Oversampled(Volume(), 2)
    sweep = np.linspace(0, 1, 64)
    check_block_law(model, NOISE, controls={"volume": sweep})
    check_block_law(model, NOISE, controls={"volume": np.array([[0.1], [0.2], [0.3]])})
    check_batch(model, NOISE, controls={"volume": sweep})


def test_gain_and_delay_do_what_they_say():
    np.testing.assert_allclose(run(Gain(-2.5), NOISE)[1], -2.5 * NOISE, rtol=1e-6)
    late = np.asarray(run(Delay(5), NOISE)[1])
    np.testing.assert_array_equal(late[:, 5:], NOISE[:, :-5].astype(np.float32))
    assert not late[:, :5].any()


def test_precisions():
    check_dtypes(lambda dtype: chain(Gain(2.0, dtype=dtype), Delay(3, dtype=dtype)), NOISE)
    check_dtypes(lambda dtype: Oversampled(Leaky(dtype=dtype), 2), NOISE)


def test_latency_adds_up():
    assert Leaky().latency == 0
    assert chain(Delay(3), Leaky(), Delay(4)).latency == 7
    assert parallel(Delay(3), Leaky()).latency == 3
    assert residual(Delay(2)).latency == 2
    clipper = NodalModel(circuits.diode_clipper(), oversampling=2)
    assert chain(clipper, Delay(1)).latency == clipper.latency + 1 > 1
    assert aligned(Delay(6), chain(Leaky(), Delay(1))).latency == 6


def test_paths_that_are_aligned_add_up_in_step():
    x = NOISE[0]
    wet = chain(Leaky(), Delay(9))
    y = np.asarray(run(aligned(wet=wet, dry=Volume()), x)[1])
    np.testing.assert_allclose(y[9:], np.asarray(run(Leaky(), x)[1] + x)[:-9], rtol=1e-5, atol=1e-6)
    same = aligned(wet=wet, dry=chain(Volume(), Delay(9)))
    assert isinstance(same["dry"][1], Delay)
    assert same["dry"][1].samples == 9  # its own, and no other behind it


@pytest.mark.parametrize("factor", [2, 8])
def test_oversampled_models_are_heard_in_the_audio_band(factor):
    fs, time = 48_000, np.arange(2000)
    model = Oversampled(Gain(0.5, dtype=np.float64), factor)
    x = np.sin(2 * np.pi * 1000 / fs * time)
    y = np.asarray(run(model, x)[1])
    assert model.latency > 0
    settled = model.latency + 100
    np.testing.assert_allclose(y[settled:], 0.5 * x[100 : -model.latency], atol=3e-5)


def test_it_is_the_oversampling_that_circuits_have():
    own = NodalModel(circuits.diode_clipper(), 48_000, oversampling=2, dtype=np.float64)
    around = Oversampled(NodalModel(circuits.diode_clipper(), 96_000, dtype=np.float64), 2)
    assert around.latency == own.latency
    x = 2 * NOISE[0, :, 0]
    np.testing.assert_allclose(run(around, x)[1], run(own, x)[1], atol=1e-12)


def test_gradients():
    model = Oversampled(chain(Leaky(dtype=jnp.float64), Gain(0.7, trainable=True, dtype=jnp.float64)), 2)
    graph, params, fixed = nnx.split(model, nnx.Param, ...)
    assert len(jax.tree.leaves(params)) == 2

    @jax.jit
    def energy(params, x):
        _, y = nnx.merge(graph, params, fixed)(model.init_carry((3,)), x)
        return jnp.sum(y**2)

    check_gradient(energy, (params, jnp.asarray(NOISE)))


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: Gain(np.inf), "finite factor"),
        (lambda: Delay(-1), "not negative, got -1"),
        (lambda: Delay(1.5), "whole number"),
        (lambda: Oversampled(Leaky(), 3), "one of 1, 2, 4, 8, 16"),
        (lambda: Oversampled(Delay(3), 2), "3 samples at 2 times the rate"),
        (lambda: aligned(), "at least one model"),
    ],
)
def test_bad_input_is_one_clear_error(build, says):
    with pytest.raises(ValueError, match=says):
        build()
