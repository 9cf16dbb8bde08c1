"""What the regimes between teacher forcing and free running show a model, and what they count."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from circuitnn.losses import esr
from circuitnn.model import Forcing
from circuitnn.recurrent import StateMatchedGRU
from circuitnn.study import MORE_REGIMES
from circuitnn.testing import check_gradient
from circuitnn.train import CheckpointError, GrowingHorizon, InTurn, MultipleShooting, NoiseInjection, fit
from circuitnn.train.dataset import Windows
from circuitnn.train.objective import block_loss, previous_states, state_scale
from tests.models import Leaky

SHORT = {"length": 64, "warmup": 16}
QUIET = {"optimizer": optax.adam(0.02), "batch": 8, "progress": False}
KEY = jax.random.key(0)


def previous(samples=64):
    return jnp.asarray(np.random.default_rng(0).normal(size=(3, samples, 2)) * [2.0, 1e-3] + [4.5, 0.0])


@pytest.mark.parametrize(("progress", "level"), [(0.0, 0.1), (0.375, 0.05), (0.9, 0.0)])
def test_noise_has_the_level_of_each_state_and_falls(progress, level):
    true = previous(4000)
    forcing = NoiseInjection(**SHORT, level=0.1).forcing(KEY, jnp.asarray(progress), true)
    assert forcing.mask is None
    np.testing.assert_allclose(jnp.std(forcing.previous - true, (0, 1)), level * jnp.std(true, (0, 1)), rtol=0.03)


def test_segments_begin_with_the_true_state():
    forcing = MultipleShooting(**SHORT, segment=24).forcing(KEY, jnp.asarray(0.3), previous())
    np.testing.assert_array_equal(np.flatnonzero(forcing.mask[1]), [0, 24, 48])


def test_a_forced_start_is_one_segment():
    regime = MORE_REGIMES["START"].build(length=64, warmup=16)
    assert np.flatnonzero(regime.forcing(KEY, jnp.asarray(0.0), previous()).mask[0]).tolist() == [0]
    assert regime.emphasis(float) is None


def test_the_horizon_grows_from_every_sample_to_none():
    regime = GrowingHorizon(**SHORT, until=0.75)
    shown = [int(regime.forcing(KEY, jnp.asarray(p), previous()).mask[0].sum()) for p in np.linspace(0, 1, 9)]
    assert shown[0] == 64
    assert shown[-3:] == [0, 0, 0]
    assert shown == sorted(shown, reverse=True)
    assert [int(regime.horizon(jnp.asarray(p, jnp.float32))) for p in (0.125, 0.25, 0.375, 0.5)] == [2, 4, 8, 16]
    places = {int(np.argmax(regime.forcing(jax.random.key(k), jnp.asarray(0.5), previous()).mask[0])) for k in range(9)}
    assert len(places) > 3


def test_the_state_error_counts_against_as_many_increments():
    states = jnp.cumsum(previous(), axis=1)
    windows = Windows(states[..., :1], states[..., :1], states, states[:, 0], {})
    increments = jnp.mean(jnp.square(states - previous_states(windows)), (0, 1))
    np.testing.assert_allclose(state_scale(windows, horizon=1), increments, rtol=1e-6)
    np.testing.assert_allclose(state_scale(windows, horizon=2), 4 * increments, rtol=1e-6)
    np.testing.assert_array_equal(state_scale(windows, horizon=1000), state_scale(windows, horizon=None))


def gated(segment):
    regime = MultipleShooting(length=12, warmup=0, segment=segment, gap=3.0)
    model = StateMatchedGRU(("C1",), hidden=3, mapping="readout", dtype=jnp.float64, rngs=nnx.Rngs(0))
    x, y, states = (jnp.asarray(np.random.default_rng(k).normal(size=(2, 12, 1))) for k in range(3))
    windows = Windows(x, y, states, jnp.zeros((2, 1)), {})
    forcing = regime.forcing(KEY, jnp.asarray(0.0), previous_states(windows))
    return regime, model, windows, forcing


def test_the_gap_counts_at_the_ends_of_segments():
    regime, model, windows, forcing = gated(4)
    carry = model.init_carry((2,))
    value, _ = block_loss(model, carry, windows, forcing, esr, 0.5, 2.0, regime.emphasis(jnp.float64))
    _, y, states = model.trace(carry, windows.x, None, forcing)
    error = np.mean(np.square(states - windows.states), axis=(0, 2))
    error[[3, 7, 11]] *= 4
    np.testing.assert_allclose(value, esr(y, windows.y) + 0.5 * np.mean(error) / 2.0, rtol=1e-12)


@pytest.mark.parametrize("noisy", [False, True])
def test_gradient_agrees_with_central_differences(noisy):
    regime, model, windows, forcing = gated(5)
    if noisy:
        forcing = NoiseInjection(level=0.2).forcing(KEY, jnp.asarray(0.0), previous_states(windows))
    graph, params, fixed = nnx.split(model, nnx.Param, ...)

    def value(params, carry, shown):
        seen = Forcing(shown, forcing.mask)
        emphasis = regime.emphasis(jnp.float64)
        return block_loss(nnx.merge(graph, params, fixed), carry, windows, seen, esr, 1.0, 1.0, emphasis)[0]

    check_gradient(value, (params, model.init_carry((2,)), forcing.previous))


def test_many_models_in_turn_and_longer_from_a_checkpoint(data, tmp_path):
    shooting = MultipleShooting(**SHORT, segment=16)
    models = [Leaky(0.3), Leaky(0.9)]
    turns = InTurn((NoiseInjection(**SHORT), 1), (GrowingHorizon(**SHORT), 1), (shooting, 1))
    trained, _ = fit(models, data, turns, epochs=18, **QUIET)
    np.testing.assert_allclose([float(model.pole[...]) for model in trained], 0.8, atol=0.03)
    file = tmp_path / "run.npz"
    fit(models, data, shooting, epochs=2, checkpoint=file, **QUIET)
    longer, _ = fit(models, data, shooting, epochs=4, checkpoint=file, **QUIET)
    whole, _ = fit(models, data, shooting, epochs=4, **QUIET)
    assert [float(model.pole[...]) for model in longer] == [float(model.pole[...]) for model in whole]
    growing = tmp_path / "growing.npz"
    fit(models, data, GrowingHorizon(**SHORT), epochs=1, checkpoint=growing, **QUIET)
    with pytest.raises(CheckpointError, match="share of all"):
        fit(models, data, GrowingHorizon(**SHORT), epochs=2, checkpoint=growing, **QUIET)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: NoiseInjection(level=-1.0), "not negative"),
        (lambda: NoiseInjection(until=0.0), "until a fraction"),
        (lambda: MultipleShooting(segment=0), "segment"),
        (lambda: MultipleShooting(gap=float("nan")), "gap must be finite"),
        (lambda: GrowingHorizon(8, start=9), "at most the length"),
    ],
)
def test_what_makes_no_sense_is_one_clear_error(make, says):
    with pytest.raises(ValueError, match=says):
        make()
