"""Networks and losses by their names."""

import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from circuitnn import capture, losses
from circuitnn.capture import losses as named_losses
from circuitnn.capture import names, recipes


@pytest.mark.parametrize(("name", "kind", "weights"), [
    ("gru-16", "GRU", 929), ("GRU", "GRU", 929), ("lstm-40", "LSTM", 6921),
    ("gru-16-slow", "GRU", 929), ("lstm-slow", "LSTM", 6921), ("wavenet-nano", "WaveNet", 842),
    ("wiener-hammerstein", "Chain", None),
])  # fmt: skip
def test_a_network_by_its_name(name, kind, weights):
    model = capture.recipe(name).make(fs=48_000, controls=(), scaling=None, rngs=nnx.Rngs(0))
    assert type(model).__name__ == kind
    assert weights is None or model.count().weights == weights


@pytest.mark.parametrize("name", capture.MODELS)
def test_every_name_has_a_recipe(name):
    assert capture.recipe(name).rate > 0


@pytest.mark.parametrize(("name", "words"), [
    ("gru16", "did you mean gru-16"), ("nosuch", "there are gru-16"), ("gru-0", "from 1 to"),
    ("gru-99999", "from 1 to"), ("", "there is no model"),
])  # fmt: skip
def test_another_name(name, words):
    with pytest.raises(ValueError, match=words):
        capture.recipe(name)


def test_slow_units_remember():
    model = capture.recipe("gru-8-slow").make(fs=48_000, controls=(), scaling=None, rngs=nnx.Rngs(0))
    assert model.time_constants == (2e-5, 0.5)
    with pytest.raises(ValueError, match="from 1 to"):
        capture.recipe("gru-0-slow")


def test_windows_are_cut_to_what_there_is():
    recipe = capture.recipe("gru-16")
    for samples in (400, 3000, 40_000, 10**6):
        own = recipe.fitted_to(1, samples, samples // 8)
        assert own.warmup + own.length * own.blocks <= samples // 8
        windows = (samples - own.warmup) // (own.length * own.blocks)
        assert own.batch <= windows
        assert windows % own.batch < own.batch
    assert recipe.fitted_to(1, 10**8, 10**7).regime == recipe.regime
    with pytest.raises(ValueError, match="too few to choose"):
        recipe.fitted_to(1, 5000, 1)
    with pytest.raises(ValueError, match="too short"):
        recipe.fitted_to(1, 50, 4000)


def test_the_rate_falls_to_nothing():
    recipe = capture.recipe("gru-16")
    assert recipe.rate_at(0.0) == pytest.approx(recipe.rate)
    assert recipe.rate_at(0.5) == pytest.approx(recipe.rate / 2)
    assert recipe.rate_at(1.0) == 0


@pytest.mark.parametrize("name", capture.LOSSES)
def test_a_loss_by_its_name(name):
    y = jnp.asarray(np.random.default_rng(0).standard_normal((2, 2048, 1)), jnp.float32)
    loss = capture.loss(name, 48_000)
    assert float(loss(y, y)) == pytest.approx(0, abs=1e-6)
    assert float(loss(0.5 * y, y)) > 0.01


def test_names_are_those_of_what_is_built():
    """Written down apart from it, since names are refused before what builds networks is imported."""
    assert (set(names.NAMED), set(names.SIZED)) == (set(recipes._NAMED), set(recipes._SIZED))
    assert tuple(named_losses._NAMED) == names.LOSSES


def test_losses_are_those_of_the_library():
    assert capture.loss("esr", 1.0) is losses.esr
    with pytest.raises(ValueError, match="there are esr, esr-high-pass"):
        capture.loss("loudness", 1.0)
