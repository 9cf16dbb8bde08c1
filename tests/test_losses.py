"""Losses against their formulas written out in NumPy, gradients against central differences, silence, bad input."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuitnn import losses, metrics

EVERY = [
    losses.mse,
    losses.esr,
    losses.dc,
    losses.pre_emphasis,
    functools.partial(losses.pre_emphasis, emphasis="folded_differentiator"),
    losses.normalised_state_error,
    jax.jit(functools.partial(losses.stft, windows=(4, 7))),  # its many operations one by one take seconds
    losses.weighted((1.0, losses.esr), (0.5, losses.dc)),
]
NAMES = ["mse", "esr", "dc", "pre_emphasis", "folded_differentiator", "normalised_state_error", "stft", "weighted"]
every_loss = pytest.mark.parametrize("loss", EVERY, ids=NAMES)


def pair(seed=0, shape=(3, 50, 2), dtype=np.float64):
    generator = np.random.default_rng(seed)
    target = generator.standard_normal(shape)
    return (target + 0.1 * generator.standard_normal(shape) + 0.05).astype(dtype), target.astype(dtype)


def test_values_are_those_of_the_formulas():
    prediction, target = pair()
    error, energy = prediction - target, np.mean(target**2)
    assert losses.mse(prediction, target) == pytest.approx(np.mean(error**2), rel=1e-12)
    assert losses.esr(prediction, target) == pytest.approx(np.mean(error**2) / energy, rel=1e-12)
    assert losses.esr(prediction, target, eps=0.5) == pytest.approx(np.mean(error**2) / (energy + 0.5), rel=1e-12)
    assert losses.dc(prediction, target) == pytest.approx(np.mean(error.mean(axis=1) ** 2) / energy, rel=1e-12)
    per_state = [np.sum(error[..., i] ** 2) / np.sum(target[..., i] ** 2) for i in range(2)]
    assert losses.normalised_state_error(prediction, target) == pytest.approx(np.mean(per_state), rel=1e-12)


def test_pre_emphasis_is_the_filter_of_wright_et_al():
    from scipy.signal import lfilter

    prediction, target = pair()
    filtered = [lfilter([1, -0.85], [1], signal, axis=1)[:, 1:] for signal in (prediction, target)]
    assert losses.pre_emphasis(prediction, target) == pytest.approx(float(losses.esr(*filtered)), rel=1e-12)
    plain = losses.pre_emphasis(prediction, target, coefficient=0.0, loss=losses.mse)
    assert plain == pytest.approx(float(losses.mse(prediction[:, 1:], target[:, 1:])), rel=1e-12)


@pytest.mark.parametrize("emphasis", ["high_pass", "folded_differentiator", "a_weighting", "a_weighting_low_pass"])
def test_pre_emphasis_is_that_of_the_metrics(emphasis):
    prediction, target = pair(shape=(2, 300, 2))
    value = losses.pre_emphasis(prediction, target, emphasis=emphasis, coefficient=0.7, fs=44_100, loss=losses.mse)
    options = {"emphasis": emphasis, "coefficient": 0.7, "fs": 44_100, "metric": metrics.mse}
    assert value == pytest.approx(metrics.pre_emphasis(prediction, target, **options), rel=1e-10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_weighting_is_differentiable_and_stays_finite_at_silence(dtype):
    loss = functools.partial(losses.pre_emphasis, emphasis="a_weighting_low_pass", fs=48_000)
    prediction, target = pair(shape=(2, 130, 1), dtype=dtype)
    value, gradient = jax.jit(jax.value_and_grad(loss))(prediction, target)
    assert value.dtype == gradient.dtype == dtype
    step = 1e-6
    for index in [(0, 0, 0), (1, 60, 0), (0, 129, 0)]:
        up, down = prediction.astype(np.float64), prediction.astype(np.float64)
        up[index] += step
        down[index] -= step
        expected = float(loss(up, np.float64(target)) - loss(down, np.float64(target))) / (2 * step)
        assert gradient[index] == pytest.approx(expected, rel=1e-6 if dtype == np.float64 else 1e-3)
    silent = np.zeros_like(target)
    for value in jax.jit(jax.value_and_grad(loss))(silent, silent):
        assert np.all(value == 0)


@pytest.mark.parametrize(("dtype", "floor", "rel"), [(np.float32, 1e-5, 1e-4), (np.float64, 1e-9, 1e-8)])
@pytest.mark.parametrize("windows", [(512, 1024, 2048), (50, 601)])
def test_stft_is_the_metric_with_a_smooth_floor(windows, dtype, floor, rel):
    prediction, target = pair(shape=(2, 2500, 2), dtype=dtype)
    options = {"windows": windows, "floor": floor}
    loss = jax.jit(functools.partial(losses.stft, **options))
    assert loss(prediction, target) == pytest.approx(metrics.stft_distance(prediction, target, **options), rel=rel)
    assert loss(-target, target) == 0
    # In silence the norm of the floor is what the error is compared with.
    assert 100 < loss(prediction, np.zeros_like(target)) < np.inf


def test_one_dimension_is_time():
    prediction, target = pair(shape=(60,))
    for loss in (losses.esr, losses.dc, losses.pre_emphasis, EVERY[NAMES.index("stft")]):
        assert loss(prediction, target) == pytest.approx(float(loss(prediction[:, None], target[:, None])), rel=1e-12)
    assert losses.dc(prediction, target) > 0


def test_states_of_any_unit_count_alike():
    prediction, target = pair()
    scale = np.array([1.0, 1e-3])
    small = losses.normalised_state_error(prediction * scale, target * scale)
    assert small == pytest.approx(float(losses.normalised_state_error(prediction, target)), rel=1e-9)


def test_weighted_is_the_sum_and_equal_sums_are_equal():
    prediction, target = pair()
    total = losses.weighted((2.0, losses.esr), (0.5, losses.dc))
    expected = 2 * losses.esr(prediction, target) + 0.5 * losses.dc(prediction, target)
    assert total(prediction, target) == pytest.approx(float(expected), rel=1e-12)
    again = losses.weighted((2, losses.esr), (0.5, losses.dc))
    assert total == again
    assert hash(total) == hash(again)
    assert total != losses.weighted((2, losses.esr))


@every_loss
def test_gradient_against_central_differences(loss):
    prediction, target = pair(shape=(2, 7, 2))
    gradient = np.asarray(jax.grad(loss)(jnp.asarray(prediction), target))
    step = 1e-6
    for index in np.ndindex(prediction.shape):
        up, down = prediction.copy(), prediction.copy()
        up[index] += step
        down[index] -= step
        expected = (loss(up, target) - loss(down, target)) / (2 * step)
        assert gradient[index] == pytest.approx(float(expected), rel=1e-6, abs=1e-9)


@every_loss
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("prediction", [0.0, 0.3], ids=["silent prediction", "sounding prediction"])
def test_silence_gives_finite_values_and_gradients(loss, dtype, prediction):
    target = jnp.zeros((2, 40, 1), dtype)
    value, gradient = jax.value_and_grad(loss)(jnp.full_like(target, prediction), target)
    assert jnp.isfinite(value)
    assert jnp.all(jnp.isfinite(gradient))
    assert (value > 0) == (prediction != 0)


@every_loss
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_that_of_the_signals(loss, dtype):
    prediction, target = pair(dtype=dtype)
    value, gradient = jax.jit(jax.value_and_grad(loss))(prediction, target)
    assert value.dtype == gradient.dtype == dtype
    assert value == pytest.approx(float(loss(*pair(dtype=np.float64))), rel=1e-5)


@every_loss
def test_bad_input_is_refused(loss):
    prediction, target = pair(shape=(4, 20, 1))
    with pytest.raises(ValueError, match=r"\(4, 20\) and \(4, 20, 1\)"):
        loss(prediction[..., 0], target)
    with pytest.raises(ValueError, match="samples"):
        loss(prediction[:0], target[:0])
    with pytest.raises(ValueError, match="target must be real floating-point numbers, got int64"):
        loss(prediction, np.ones(target.shape, np.int64))


def test_bad_shapes_and_weights_are_refused():
    with pytest.raises(ValueError, match="high_pass needs 2 samples"):
        losses.pre_emphasis(np.ones((3, 1, 1)), np.ones((3, 1, 1)))
    with pytest.raises(ValueError, match="a_weighting needs 101 samples"):
        losses.pre_emphasis(np.ones(100), np.ones(100), emphasis="a_weighting", fs=48_000)
    with pytest.raises(ValueError, match="needs the sample rate fs in hertz, got None"):
        losses.pre_emphasis(np.ones(200), np.ones(200), emphasis="a_weighting")
    with pytest.raises(ValueError, match="2048 samples along time"):
        losses.stft(np.ones((3, 2000, 1)), np.ones((3, 2000, 1)))
    for windows in ((), (512, 0)):
        with pytest.raises(ValueError, match="windows must be positive numbers"):
            losses.stft(np.ones(600), np.ones(600), windows=windows)
    with pytest.raises(ValueError, match="n_states"):
        losses.normalised_state_error(np.ones(5), np.ones(5))
    with pytest.raises(ValueError, match="at least one"):
        losses.weighted()
    with pytest.raises(ValueError, match="pairs"):
        losses.weighted(losses.esr)
    with pytest.raises(ValueError, match="not negative"):
        losses.weighted((-1.0, losses.esr))
    with pytest.raises(ValueError, match="not negative"):
        losses.weighted((float("nan"), losses.esr))


@given(st.floats(1e-2, 1e2), st.integers(0, 1000))
def test_esr_does_not_depend_on_the_level(level, seed):
    prediction, target = pair(seed, shape=(64,))
    exact = functools.partial(losses.esr, eps=0.0)
    assert exact(level * prediction, level * target) == pytest.approx(float(exact(prediction, target)), rel=1e-9)
    assert losses.esr(prediction, target) == pytest.approx(metrics.esr(prediction, target), rel=1e-6)
