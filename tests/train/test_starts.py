"""Where windows begin: with what the model had heard until then, and in which order."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from circuitnn.losses import per_window
from circuitnn.model import run, trace
from circuitnn.recurrent import GRU
from circuitnn.train import CheckpointError, Dataset, TeacherForcing, TruncatedBPTT, fit
from circuitnn.train.epoch import device_windows
from circuitnn.train.objective import resting_carry
from circuitnn.train.order import levels, ordered
from circuitnn.train.starts import Recordings, stored_starts
from tests.models import Leaky

QUIET = {"batch": 4, "progress": False}


@pytest.fixture(scope="module")
def drifting():
    """A low-pass that takes 2000 samples to forget, in loud and soft recordings; windows are 64 samples long."""
    rng = np.random.default_rng(3)
    x = np.array([1.0, 0.1, 1.0])[:, None, None] * (rng.standard_normal((3, 1300, 1)) + 0.5)
    _, y, states = trace(Leaky(0.9995), x)
    return Dataset(x, np.asarray(y), states=np.asarray(states), fs=48_000, initial=np.zeros((3, 1)))


def starts_of(model, data, *, warmup=16, hop=64, memory):
    windows, starts = device_windows(data, hop, warmup, jnp.float32)
    recordings = Recordings(len(data.x), hop, memory)
    return stored_starts(model, resting_carry(model, starts), starts, windows, recordings)


@pytest.mark.parametrize("memory", [64, 5 * 64, 4000])
def test_a_stored_start_is_what_the_model_had_heard_until_there(drifting, memory):
    black_box = dataclasses.replace(drifting, states=None, initial=None)
    model = GRU(3, fs=48_000, rngs=nnx.Rngs(0))
    found = np.asarray(starts_of(model, black_box, memory=memory))
    for index in range(60):
        recording, number = divmod(index, 20)
        size = min(20, memory // 64)
        began = max(0, (number // size - 1) * size)
        assert number == 0 or number - began >= min(size, number)
        heard = drifting.x[recording, 64 * began : 64 * number]
        expected = run(model, heard)[0] if number else model.init_carry()
        np.testing.assert_allclose(found[index], np.asarray(expected), atol=2e-6)


def test_the_other_memory_is_that_beside_the_true_states(drifting):
    """A wrong model, which would be elsewhere by itself, is where the truth is."""
    found = starts_of(Leaky(0.5), drifting, memory=640)
    before = drifting.states[:, 63:1280:64, 0]  # before windows 1 to 19
    expected = 0.5 * drifting.states[:, 62:1279:64, 0] + 0.5 * drifting.x[:, 63:1280:64, 0]
    assert np.asarray(found).shape[0] == 60
    np.testing.assert_allclose(np.asarray(found).reshape(3, 20)[:, 1:], expected[:, :19], atol=1e-6)
    assert np.max(np.abs(expected - before)) > 0.01


def test_a_slow_pole_is_found_from_stored_starts_only(drifting):
    black_box = dataclasses.replace(drifting, states=None, initial=None)
    options = QUIET | {"epochs": 20, "optimizer": optax.adam(2e-5)}
    poles = [
        float(fit(Leaky(0.999), black_box, TruncatedBPTT(64, warmup=16), starts=starts, **options)[0].pole[...])
        for starts in ("rest", "stored")
    ]
    assert abs(poles[0] - 0.9995) > 3e-4 > 3e-5 > abs(poles[1] - 0.9995)


@pytest.mark.parametrize("is_many", [False, True])
def test_a_run_that_is_taken_up_again_has_the_same_bits(drifting, tmp_path, is_many):
    black_box = dataclasses.replace(drifting, states=None, initial=None)
    models = [Leaky(0.9), Leaky(0.99)] if is_many else Leaky(0.9)
    options = QUIET | {"order": "stratified", "starts": "stored", "optimizer": optax.adam(1e-3), "loss": per_window()}

    def trained(epochs, **more):
        return fit(models, black_box, TruncatedBPTT(64, warmup=16, blocks=2), epochs=epochs, **(options | more))

    straight = trained(3)[0]
    trained(2, checkpoint=tmp_path / "run.npz")
    resumed = trained(3, checkpoint=tmp_path / "run.npz")[0]
    for one, other in zip(jax.tree.leaves(nnx.state(straight)), jax.tree.leaves(nnx.state(resumed)), strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))
    with pytest.raises(CheckpointError, match=r"starts \(was stored, is rest\)"):
        trained(3, checkpoint=tmp_path / "run.npz", starts="rest")


def test_stratified_batches_have_one_window_of_each_level():
    level = np.random.default_rng(0).permutation(23) + 1.0
    y = np.sqrt(level)[:, None, None] * np.ones((1, 8, 2))
    found = np.asarray(ordered("stratified", jax.random.key(5), levels(y), 4, 5))
    assert found.shape == (4, 5)
    assert len(np.unique(found)) == 20
    taken = np.sort(level[found.ravel()])
    ranks = np.sort(np.searchsorted(taken, level[found]) // 4, axis=1)
    np.testing.assert_array_equal(ranks, np.tile(np.arange(5), (4, 1)))
    again = ordered("stratified", jax.random.key(5), levels(y), 4, 5)
    other = ordered("stratified", jax.random.key(6), levels(y), 4, 5)
    np.testing.assert_array_equal(found, again)
    assert np.any(found != np.asarray(other))


@pytest.mark.parametrize("wrong", [{"order": "sorted"}, {"starts": "warm"}])
def test_what_there_is_not_is_said(drifting, wrong):
    with pytest.raises(ValueError, match="there are"):
        fit(Leaky(0.5), drifting, TeacherForcing(64, warmup=16), **QUIET, **wrong)
