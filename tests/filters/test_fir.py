"""A filter of finite impulse response, against SciPy's convolution."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.signal import fftconvolve

import circuitnn as cn
from circuitnn.filters import FIR
from circuitnn.filters.fir import MOST_TAPS, Taps
from circuitnn.native import LoweringError
from circuitnn.native.products import LONGEST
from circuitnn.testing import check_block_law, check_gradient, check_model

NOISE = np.random.default_rng(0).standard_normal((2, 5000, 1))
DECAYING = np.random.default_rng(1).standard_normal(700) * np.exp(-np.arange(700) / 100)


def convolved(x, taps):
    return fftconvolve(x[..., 0], taps[None], axes=1)[:, : x.shape[1], None]


@pytest.mark.parametrize("length", [1, 2, 700])
def test_laws(length):
    check_model(lambda dtype: FIR(DECAYING[:length], trainable=True, dtype=dtype), NOISE[:, :200], single=1e-5)


@pytest.mark.parametrize(("dtype", "error"), [("float32", 1e-6), ("float64", 1e-12)])
def test_it_is_the_convolution_however_it_is_cut(dtype, error):
    with jax.enable_x64(True):
        model = FIR(DECAYING, dtype=dtype)
        expected = convolved(NOISE, DECAYING)
        np.testing.assert_allclose(cn.run(model, NOISE)[1], expected, rtol=0, atol=error * np.abs(expected).max())
        check_block_law(model, NOISE[:, :640], cuts=(1, 2, 3, 12, 300), rtol=error)


def test_sample_by_sample_it_is_the_same_when_the_ring_has_gone_round():
    with jax.enable_x64(True):
        model = FIR(DECAYING[:9], dtype="float64")
        step = jax.jit(model)
        carry, heard = model.init_carry((2,)), []
        for n in range(30):
            carry, y = step(carry, jnp.asarray(NOISE[:, n : n + 1]))
            heard.append(y)
        np.testing.assert_allclose(np.concatenate(heard, 1), convolved(NOISE[:, :30], DECAYING[:9]), atol=1e-13)


def test_a_constant_is_its_rest():
    model = FIR(DECAYING)
    carry, level = model.resting((), level=[2.0])
    np.testing.assert_allclose(level, 2 * DECAYING.sum(), rtol=1e-4)
    np.testing.assert_allclose(cn.run(model, np.full(900, 2.0), carry)[1], 2 * DECAYING.sum(), rtol=1e-3)


@pytest.mark.parametrize("scale", [0.0, 1.0, 1e3])
def test_taps_that_are_fixed_have_a_gradient_too(scale):
    with jax.enable_x64(True):
        model = FIR(DECAYING[:50], dtype="float64")
        x = jnp.asarray(scale * NOISE[0, :80])

        def energy(taps):
            return jnp.sum(jnp.square(model.with_parameters({"taps": taps})(model.init_carry(), x)[1] - 1))

        check_gradient(energy, (jnp.asarray(DECAYING[:50]),))
    assert not model.parameters()


def test_response_and_other_rates():
    model = FIR(DECAYING, 44_100)
    freqs = np.array([100.0, 1000.0, 9000.0])
    wanted = np.exp(-2j * np.pi * np.outer(freqs, np.arange(700)) / 44_100) @ DECAYING
    np.testing.assert_allclose(model.frequency_response(freqs), wanted, rtol=1e-4)
    moved = cn.resampled(model, 48_000)
    assert isinstance(moved, FIR)
    np.testing.assert_allclose(np.abs(moved.frequency_response(freqs)), np.abs(wanted), rtol=1e-3)
    assert model.rebuilt_at(44_100.5) is model.rebuilt_at(44_101) is None


@pytest.mark.parametrize("trainable", [False, True])
def test_a_saved_one_opens_again(tmp_path, trainable):
    model = cn.chain(cn.hybrid.Gain(0.5), FIR(DECAYING, 44_100, trainable=trainable))
    cn.train.save(model, tmp_path / "model.npz")
    again = cn.train.restore(tmp_path / "model.npz")
    np.testing.assert_array_equal(cn.run(again, NOISE)[1], cn.run(model, NOISE)[1])
    assert isinstance(again[1].taps, Taps) != trainable
    assert again.settings == model.settings
    assert "taps" not in str(model.settings["models"][1])


def test_compiled_c_is_the_same():
    if cn.native.compiler() is None:
        pytest.skip("no C compiler")
    model = FIR(DECAYING)
    y = np.asarray(cn.run(model, NOISE[0])[1])
    np.testing.assert_allclose(cn.run(cn.native.compiled(model), NOISE[0])[1], y, atol=2e-6 * np.abs(y).max())


def test_what_is_too_long_for_c_says_so(tmp_path):
    with pytest.raises(LoweringError, match=rf"{LONGEST + 1} products.*seconds=0.5"):
        cn.export.c(FIR(np.ones(LONGEST + 2)), tmp_path / "long.h")


@pytest.mark.parametrize(
    ("taps", "says"),
    [
        ([], r"expected 1 to 262144 numbers in a row, got the shape \(0,\)"),
        (np.ones((2, 3)), r"shape \(2, 3\)"),
        ([1.0, np.nan], "not finite at 1"),
        (np.broadcast_to(1.0, MOST_TAPS + 1), "expected 1 to"),
    ],
)
def test_bad_taps(taps, says):
    with pytest.raises(ValueError, match=says):
        FIR(taps)
    with pytest.raises(ValueError, match="at most"):
        cn.Model.from_settings({"kind": "FIR", "length": MOST_TAPS + 1, "dtype": "float32"})
