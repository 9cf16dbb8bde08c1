"""Recordings side by side, and what a model makes of a part of them."""

import jax.numpy as jnp
import numpy as np
import pytest

import circuitnn as cn
from circuitnn.capture import Material, prepare
from tests.capture.sounds import FS, played, recorded

X = played(4.0)
TAKE = prepare(X, recorded(X), fs=FS, volts=(3.0, 1.5))


class Late(cn.Model):
    """Half of what goes in, seven samples late, times a knob."""

    in_features = out_features = 1
    dtype = np.float32
    latency = 7

    @property
    def controls(self):
        return {"drive": 0.5}

    def init_carry(self, batch=(), controls=None, *, level=None):
        return np.zeros((*batch, 7, 1), np.float32)

    def __call__(self, carry, x, controls=None):
        both = jnp.concatenate([jnp.broadcast_to(carry, (*x.shape[:-2], 7, 1)), x], axis=-2)
        knob = jnp.broadcast_to(jnp.asarray((controls or {}).get("drive", 0.5)), x.shape[:-1])[..., None]
        return both[..., -7:, :], knob * both[..., : x.shape[-2], :]


def test_takes_side_by_side():
    shorter = prepare(X[: 3 * FS], recorded(X[: 3 * FS]), fs=FS, volts=(3.0, 1.5))
    material = Material.of([TAKE, shorter], [{"drive": 0.25}, {"drive": 1.0}])
    assert material.whole.x.shape == (2, len(shorter.x), 1)
    assert material.whole.volts == (3.0, 1.5)
    assert material.part("test").x.shape[1] == material.parts["test"].stop - material.parts["test"].start
    assert "2 recordings, each 3.0 s" in str(material)
    with pytest.raises(ValueError, match="differ in rate"):
        Material.of([TAKE, prepare(X, recorded(X), fs=2 * FS)])


def test_latency_is_taken_out_and_knobs_are_where_they_were():
    material = Material.of([TAKE, TAKE], [{"drive": 0.25}, {"drive": 1.0}])
    prediction = material.predicted(Late(), "validation")
    part = material.parts["validation"]
    x = TAKE.x[part].astype(np.float32)
    np.testing.assert_allclose(prediction.y, np.stack([0.25 * x, x]), rtol=1e-6)
    np.testing.assert_allclose(prediction.target[1], TAKE.y[part], atol=1e-7)
    ends = material.predicted(Late()).y[1]  # behind the last sample there is silence
    np.testing.assert_allclose(ends, TAKE.x[material.parts["test"]], atol=1e-7)


def test_what_is_slow_is_seen():
    time = np.arange(2 * FS) / FS
    slow, fast = (np.sin(2 * np.pi * f * time)[None] for f in (3.0, 300.0))
    shares = [cn.capture.Prediction(slow, fast, fast + error, FS).slow_share for error in (0.1 * slow, 0.1 * fast)]
    assert shares == [pytest.approx(1.0, abs=1e-6), pytest.approx(0.0, abs=1e-6)]
    assert cn.capture.Prediction(slow, fast, 1.1 * fast, FS).esr == pytest.approx(0.01)
