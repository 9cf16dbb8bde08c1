import jax
import numpy as np
import pytest
from jax import numpy as jnp
from jax.test_util import check_grads

from circuitnn.wdf.diodes import diode, pair_better, pair_exact, pair_simple
from tests.cases import cases as marked

DIODE = {"saturation": 4.352e-9, "thermal": 1.906 * 25.85e-3}  # 1N4148
STRINGS = [(1, 1), (2, 2), (1, 2), (3, 1), (1, 5), (10, 1)]


def voltage(a, R, saturation, thermal, up=1, down=1):
    """By bisection of the port equation in extended precision; down = 0 for a diode alone."""
    a, R, saturation, thermal = (np.asarray(each, np.longdouble) for each in (a, R, saturation, thermal))
    low, high = np.minimum(a, 0), np.maximum(a, 0) if down else np.maximum(a + R * saturation, 0)
    low, high = low + 0 * R, high + 0 * R
    for _ in range(120):
        v = (low + high) / 2
        with np.errstate(over="ignore"):
            back = np.expm1(-v / (down * thermal)) if down else 0
            above = v + R * saturation * (np.expm1(v / (up * thermal)) - back) > a
        low, high = np.where(above, low, v), np.where(above, v, high)
    return (low + high) / 2


def cases(dtype, *, is_extreme):
    rng = np.random.default_rng(0)
    count = 6000
    a = np.concatenate(
        [rng.uniform(-8, 8, count // 2), rng.choice([-1, 1], count // 2) * 10 ** rng.uniform(-6, 2.3, count // 2)]
    )
    R = 10 ** (rng.uniform(-3, 9, count) if is_extreme else rng.uniform(1, 6, count))
    saturation = 10 ** (rng.uniform(-18, -5, count) if is_extreme else rng.uniform(-15, -7, count))
    return [each.astype(dtype) for each in (a, R, saturation, rng.uniform(0.02, 0.06, count))]


def worst(found, expected, thermal, dtype):
    """In units of rounding of the voltage, or of the thermal voltage where it is larger."""
    error = np.abs(np.asarray(found, np.longdouble) - expected) / (np.abs(expected) + thermal)
    return float(np.max(error)) / np.finfo(dtype).eps


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("is_extreme", [False, True])
@pytest.mark.parametrize(("up", "down"), STRINGS)
def test_pair_exact_to_rounding(dtype, is_extreme, up, down):
    a, R, saturation, thermal = cases(dtype, is_extreme=is_extreme)
    found = jax.jit(lambda *x: pair_exact(*x[:2], saturation=x[2], thermal=x[3], up=up, down=down))(
        a, R, saturation, thermal
    )
    assert found.dtype == dtype
    v = voltage(a, R, saturation, thermal, up, down)
    error = worst((np.asarray(found, np.longdouble) + a) / 2, v, thermal * max(up, down) + np.abs(a), dtype)
    assert error < (8 if is_extreme else 2)
    # The voltage itself, where it is not lost in the wave.
    small = np.abs(a) < 1
    error = worst((np.asarray(found, np.longdouble) + a)[small] / 2, v[small], thermal[small] * max(up, down), dtype)
    assert error < (16 if is_extreme else 4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_diode_exact_to_rounding(dtype):
    a, R, saturation, thermal = cases(dtype, is_extreme=False)
    found = np.asarray(diode(a, R, saturation=saturation, thermal=thermal), np.longdouble)
    v = voltage(a, R, saturation, thermal, down=0)
    assert worst((found + a) / 2, v, thermal + np.abs(a) + R * saturation, dtype) < 4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("approximation", "errors"),
    [(pair_simple, (8.5e-6, 8.2e-5, 7.2e-4, 4.8e-3)), (pair_better, (1e-10, 1e-8, 1e-6, 1e-4))],
)
def test_largest_error_of_the_approximations(approximation, errors):
    a = np.linspace(-5, 5, 20_001)
    for R, error in zip((1e3, 1e4, 1e5, 1e6), errors, strict=True):
        exact = np.asarray(2 * voltage(a, R, **DIODE) - a, float)
        found = np.max(np.abs(np.asarray(approximation(a, R, **DIODE)) - exact))
        assert found == pytest.approx(error, rel=0.3)


@pytest.mark.parametrize("approximation", [pair_simple, pair_better])
@pytest.mark.parametrize(("up", "down"), [(2, 2), (1, 3), (3, 1)])
def test_approximations_of_strings(approximation, up, down):
    a = np.linspace(-5, 5, 2001)
    exact = pair_exact(a, 1e3, **DIODE, up=up, down=down)
    found = approximation(a, 1e3, **DIODE, up=up, down=down)
    assert np.max(np.abs(found - exact)) < 2e-5


def test_silence_and_symmetry():
    a = np.linspace(-5, 5, 1001)
    assert pair_exact(0.0, 1e3, **DIODE) == 0
    assert pair_exact(0.0, 1e3, **DIODE, up=1, down=3) == 0
    np.testing.assert_array_equal(pair_exact(-a, 1e3, **DIODE), -pair_exact(a, 1e3, **DIODE))
    turned = -pair_exact(-a, 1e3, **DIODE, up=3, down=1)
    np.testing.assert_array_equal(pair_exact(a, 1e3, **DIODE, up=1, down=3), turned)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("reflected", [diode, pair_simple, pair_better, pair_exact])
def test_finite_everywhere(reflected, dtype):
    a = np.array([-1e12, -1e8, -200, -1, -1e-30, -0.0, 0, 1e-30, 1, 200, 1e8, 1e12])[:, None, None]
    R, saturation = np.array([0, 1e-3, 1e3, 1e9, 1e12])[:, None], np.array([0, 1e-30, 1e-14, 1e-5])
    given = [jnp.asarray(each, dtype) for each in np.broadcast_arrays(a, R, saturation, 0.026)]

    def total(a, R, saturation, thermal):
        waves = reflected(a, R, saturation=saturation, thermal=thermal)
        return jnp.sum(waves), waves

    (_, waves), slopes = jax.jit(jax.value_and_grad(total, (0, 1, 2, 3), has_aux=True))(*given)
    assert np.all(np.isfinite(waves))
    assert not any(np.any(np.isnan(each)) for each in slopes)
    assert np.isnan(reflected(np.array(np.nan, dtype), dtype(1e3), saturation=dtype(1e-9), thermal=dtype(0.026)))


@pytest.mark.parametrize(("up", "down"), [(1, 1), (1, 2), (3, 1)])
def test_gradients_are_those_of_the_port_equation(up, down):
    """Against central differences of the voltage, in extended precision."""
    waves, resistances = [-200.0, -0.7, -1e-3, 0.0, 1e-3, 0.3, 5.0, 200.0], [1e-3, 1e3, 1e6, 1e9]
    values = np.broadcast_arrays(*(grid.ravel() for grid in np.meshgrid(waves, resistances)), 4.352e-9, 0.04927)
    slope = jax.grad(lambda *x: pair_exact(*x[:2], saturation=x[2], thermal=x[3], up=up, down=down), (0, 1, 2, 3))
    for which, slopes in enumerate(jax.jit(jax.vmap(slope))(*values)):
        step = 1e-5 * np.where(values[which] == 0, 1e-3, values[which]).astype(np.longdouble)
        low, high = (
            2 * voltage(*moved, up, down) - (moved[0] if which == 0 else values[0])
            for sign in (-1, 1)
            for moved in [[x + (sign * step if k == which else 0) for k, x in enumerate(values)]]
        )
        expected = ((high - low) / (2 * step)).astype(float)
        size = np.where(values[which] == 0, 1, np.abs(values[which]))
        allowed = np.maximum(2e-6 * np.abs(expected), 1e-9 * np.maximum(np.abs(values[0]), 1e-3) / size)
        assert np.all(np.abs(slopes - expected) <= allowed)


@pytest.mark.parametrize("reflected", marked([diode, pair_simple, pair_better, pair_exact], quick=[pair_exact]))
def test_derivatives_of_any_order(reflected):
    def scaled(a, R, saturation, thermal):
        return reflected(a, R * 1e3, saturation=saturation * 1e-9, thermal=thermal * 0.05)

    a = jnp.asarray([-0.9, -0.2, 0.03, 0.4, 2.0])
    check_grads(
        jax.jit(scaled),
        (a, jnp.asarray(2.2), jnp.asarray(4.0), jnp.asarray(1.0)),
        order=2,
        rtol=1e-4,
        atol=1e-4,
        eps=1e-5,
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("width", [1, 64])
def test_in_a_loop_over_time(dtype, width):
    """The same as outside, whatever the compiler makes of it."""
    kwargs = {name: dtype(value) for name, value in DIODE.items()}
    a = np.random.default_rng(width).uniform(-5, 5, (200, width)).astype(dtype)
    _, found = jax.lax.scan(lambda carry, a: (carry, pair_exact(a, dtype(1e3), **kwargs)), 0, a)
    np.testing.assert_allclose(found, pair_exact(a, dtype(1e3), **kwargs), atol=8 * np.finfo(dtype).eps)
