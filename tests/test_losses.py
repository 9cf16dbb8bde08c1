"""Losses against their formulas written out in NumPy, gradients against central differences, silence, bad input."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuitnn import losses, metrics
from circuitnn.losses.floor import floored

EVERY = [
    losses.mse,
    losses.esr,
    losses.dc,
    losses.pre_emphasis,
    functools.partial(losses.pre_emphasis, emphasis="folded_differentiator"),
    losses.normalised_state_error,
    jax.jit(functools.partial(losses.stft, windows=(4, 7))),  # its many operations one by one take seconds
    losses.weighted((1.0, losses.esr), (0.5, losses.dc)),
    losses.mae,
    losses.rmse,
    functools.partial(losses.rmse, normalised=True),
    jax.jit(functools.partial(losses.mr_stft, windows=(4, 7))),
    *(
        jax.jit(functools.partial(loss, length=4, hop=2))
        for loss in (losses.nrmse, losses.rms_energy_error, losses.spectral_flux, losses.spectral_flux_error)
    ),
]
NAMES = ["mse", "esr", "dc", "pre_emphasis", "folded_differentiator", "normalised_state_error", "stft", "weighted"]
NAMES += ["mae", "rmse", "normalised_rmse", "mr_stft", "nrmse", "rms_energy_error", "spectral_flux"]
NAMES += ["spectral_flux_error"]
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
    assert losses.mae(prediction, target) == pytest.approx(np.mean(np.abs(error)), rel=1e-12)
    assert losses.rmse(prediction, target) == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-12)
    relative = losses.rmse(prediction, target, normalised=True)
    assert relative == pytest.approx(np.linalg.norm(error) / np.linalg.norm(target), rel=1e-12)
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


@pytest.mark.parametrize(("dtype", "floor", "rel"), [(np.float32, 1e-5, 1e-3), (np.float64, 1e-9, 1e-6)])
@pytest.mark.parametrize("name", ["mr_stft", "nrmse", "rms_energy_error", "spectral_flux", "spectral_flux_error"])
def test_framed_losses_are_the_metrics_of_their_names(name, dtype, floor, rel):
    prediction, target = pair(shape=(2, 700, 2), dtype=dtype)
    prediction[0, 100:300] *= 0.3
    options = {"windows": (50, 128)} if name == "mr_stft" else {"length": 70, "hop": 33}
    of_metric = options | ({"floor": floor} if name in ("mr_stft", "nrmse", "spectral_flux") else {})
    options |= {} if name in ("nrmse", "rms_energy_error") else {"floor": floor}
    value = jax.jit(functools.partial(getattr(losses, name), **options))(prediction, target)
    expected = getattr(metrics, name)(prediction, target, **of_metric)
    assert value == pytest.approx(expected, rel=rel)
    if name != "mr_stft":
        whole = getattr(metrics, name)(prediction[:, :697], target[:, :697], **of_metric)
        assert whole == pytest.approx(expected, rel=1e-12)  # 70 + 19 * 33 samples: what fills no frame is left out


def test_eps_is_below_the_levels_too():
    prediction, target = pair(shape=(64,))
    silent_in_half = np.concatenate([target, 0 * target])
    doubled, options = np.concatenate([prediction, 1e-3 * target]), {"length": 64, "hop": 64}
    levels = [np.sqrt(np.mean(x**2)) for x in (prediction, target)]
    expected = np.abs(levels[0] - levels[1]) / (levels[1] + 0.1), 1e-3 * levels[1] / 0.1
    value = losses.nrmse(doubled, silent_in_half, eps=0.01, **options)
    assert value == pytest.approx(np.mean(expected), rel=1e-5)
    for loss in (losses.nrmse, losses.rms_energy_error, losses.rmse, functools.partial(losses.rmse, normalised=True)):
        bound = functools.partial(loss, **(options if loss in (losses.nrmse, losses.rms_energy_error) else {}))
        with_eps = floored(bound, doubled, silent_in_half, 0.01)
        assert with_eps == pytest.approx(float(bound(doubled, silent_in_half, eps=0.01)), rel=1e-12)


def test_per_window_is_the_mean_over_windows_above_a_share_of_all_energy():
    target, prediction = pair()[1], pair(seed=1)[1]
    target[1] *= 1e-3
    energies, wrong = (np.mean(a**2, axis=(1, 2)) for a in (target, prediction - target))
    loss = losses.per_window(floor=0.02)
    expected = np.mean(wrong / (energies + 0.02 * np.mean(energies)))
    assert loss(prediction, target) == pytest.approx(expected, rel=1e-10)
    # `fit` gives 1e-8 of the mean square of its data.
    expected = np.mean(wrong / (energies + 0.02 * 7.0))
    assert floored(loss, prediction, target, 7e-8) == pytest.approx(expected, rel=1e-10)
    both = losses.weighted((2.0, loss), (1.0, losses.esr))
    assert floored(both, prediction, target, 7e-8) == pytest.approx(
        2 * expected + float(losses.esr(prediction, target)), rel=1e-7
    )
    assert loss == losses.per_window(losses.esr, floor=0.02)
    one = losses.per_window(losses.pre_emphasis, floor=1e-9)(prediction, target)
    alone = [losses.pre_emphasis(p[None], t[None]) for p, t in zip(prediction, target, strict=True)]
    assert one == pytest.approx(np.mean(alone), rel=1e-3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_per_window_is_finite_in_silence(dtype):
    silent, loud = np.zeros((2, 8, 1), dtype), 1e3 * pair(shape=(2, 8, 1), dtype=dtype)[1]
    for prediction, target in ((silent, silent), (loud, silent), (silent, np.concatenate([silent[:1], loud[1:]]))):
        value, gradient = jax.value_and_grad(losses.per_window())(jnp.asarray(prediction), target)
        assert np.isfinite(value)
        assert np.all(np.isfinite(gradient))


@pytest.mark.parametrize("floor", [0.0, -1.0, np.nan, np.inf])
def test_a_floor_per_window_is_a_positive_number(floor):
    with pytest.raises(ValueError, match="floor"):
        losses.per_window(floor=floor)
    with pytest.raises(ValueError, match="windows, time, features"):
        losses.per_window()(np.zeros(4), np.zeros(4))


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
    rising = jnp.broadcast_to(jnp.linspace(prediction, 2 * prediction, 40, dtype=dtype)[:, None], target.shape)
    value, gradient = jax.value_and_grad(loss)(rising, target)
    assert jnp.isfinite(value)
    assert jnp.all(jnp.isfinite(gradient))
    assert (value > 0) == (prediction != 0)


def test_levels_far_from_one_another_are_within_single_precision():
    framed = [functools.partial(loss, length=8, hop=4) for loss in (losses.nrmse, losses.rms_energy_error)]
    ratios = [losses.esr, losses.dc, losses.normalised_state_error, functools.partial(losses.rmse, normalised=True)]
    every = jax.jit(lambda *pair: [jax.value_and_grad(loss, argnums=(0, 1))(*pair) for loss in (*ratios, *framed)])
    noise = np.random.default_rng(0).standard_normal((20, 1)).astype(np.float32)
    levels = np.float32([0, 1e-30, 1e-12, 1, 1e12])
    for up in levels:
        for down in levels:
            for value, gradients in every(up * noise, down * noise):
                assert np.isfinite(value)
                assert all(np.all(np.isfinite(gradient)) for gradient in gradients)
                assert value == 0 or up != down


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
    with pytest.raises(ValueError, match="2560 samples along time"):
        losses.spectral_flux(np.ones(2559), np.ones(2559))
    with pytest.raises(ValueError, match="2048 samples along time"):
        losses.nrmse(np.ones((2047, 1)), np.ones((2047, 1)))
    with pytest.raises(ValueError, match="hop of a window must be a positive whole number of samples, got 0"):
        losses.rms_energy_error(np.ones(4000), np.ones(4000), hop=0)
    with pytest.raises(ValueError, match="floor must be a positive number, got 0"):
        losses.spectral_flux(np.ones(4000), np.ones(4000), floor=0)
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
