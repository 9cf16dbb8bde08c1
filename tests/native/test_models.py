"""Models as C, from rest, with knobs elsewhere than they are by default: the same as in JAX."""

from collections.abc import Mapping
from typing import final

import jax
import numpy as np
import pytest
from flax import nnx
from jax import Array, lax
from jax import numpy as jnp

import circuitnn as cn
from circuitnn.model import Carry, Controls, Model
from circuitnn.native import program
from tests.native.playing import compiled, play

FS, DOUBLE = 48_000, jnp.float64
TIME = 600


@final
class Follower(Model):
    """A user's own model, with habits that no model of the library has: an envelope that drives a delay line in a ring
    buffer with a counter, a sorted choice, and a table that is looked up.
    """

    def __init__(self, length: int = 37):
        self.length, self.in_features, self.out_features, self.dtype, self.fs = length, 1, 1, DOUBLE, FS
        self.table = nnx.Variable(jnp.tanh(jnp.linspace(-3, 3, 65, dtype=DOUBLE)))

    @property
    def controls(self) -> Mapping[str, float]:
        return {"mix": 0.5, "attack": 0.3}

    def init_carry(self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level=None) -> Carry:
        zeros = jnp.zeros(batch, DOUBLE)
        return {"line": jnp.zeros((*batch, self.length), DOUBLE), "place": jnp.zeros(batch, jnp.int32), "level": zeros}

    def __call__(self, carry: Carry, x: Array, controls: Controls | None = None) -> tuple[Carry, Array]:
        knobs = self.controls | dict(controls or {})
        mix, attack = (jnp.broadcast_to(jnp.asarray(knobs[name], DOUBLE), x.shape[:1]) for name in ("mix", "attack"))

        def sample(carry, inputs):
            x, mix, attack = inputs
            level = carry["level"] + attack**2 * jax.nn.relu(jnp.abs(x) - carry["level"]) - 1e-3 * carry["level"]
            delayed = carry["line"][carry["place"]]
            shaped = jnp.take(self.table[...], (32 + 10 * (x + 0.5 * delayed) / (0.1 + level)).astype(int), mode="clip")
            line = carry["line"].at[carry["place"]].set(x + 0.3 * delayed)
            place = (carry["place"] + 1) % self.length
            return {"line": line, "place": place, "level": level}, (1 - mix) * x + mix * shaped

        carry, y = lax.scan(sample, carry, (x[:, 0], mix, attack))
        return carry, y[:, None]


def nodal(name, **options):
    return cn.nodal.NodalModel(getattr(cn.circuits, name)(), FS, dtype=DOUBLE, **options)


def rngs():
    return nnx.Rngs(0)


QUICK = {
    "a clipper": lambda: nodal("diode_clipper"),
    "a tone stack": lambda: nodal("bassman"),
    "a wave digital filter": lambda: cn.wdf.derive(cn.circuits.tube_screamer_clipping(), fs=FS, dtype=DOUBLE),
    "a GRU": lambda: cn.recurrent.GRU(9, controls=("gain",), dtype=DOUBLE, rngs=rngs()),
    "an STN": lambda: cn.recurrent.STN(("C1",), hidden=(4, 4), dtype=DOUBLE, rngs=rngs()),
    "a model of a user's own": Follower,
}
SLOW = (
    {
        "an LSTM": lambda: cn.recurrent.LSTM(16, controls=("a", "b"), dtype=DOUBLE, rngs=rngs()),
        "a deep GRU": lambda: cn.recurrent.GRU(6, layers=3, dtype=DOUBLE, rngs=rngs()),
        "a deep LSTM": lambda: cn.recurrent.LSTM(16, layers=2, dtype=DOUBLE, rngs=rngs()),
        "a NARX": lambda: cn.recurrent.NARX((5, 4), controls=("gain",), dtype=DOUBLE, rngs=rngs()),
        "an encoder-decoder": lambda: cn.recurrent.EncoderDecoder(4, newer=9, dtype=DOUBLE, rngs=rngs()),
        "a state-matched GRU": lambda: cn.recurrent.StateMatchedGRU(("C1", "L1"), hidden=3, dtype=DOUBLE, rngs=rngs()),
        "an LRU": lambda: cn.recurrent.LRU(6, 2, states=5, controls=("gain",), dtype=DOUBLE, rngs=rngs()),
        "an S4D": lambda: cn.recurrent.S4D(6, 2, states=4, mixing="tanh", dtype=DOUBLE, rngs=rngs()),
        "an S6": lambda: cn.recurrent.S6(6, 2, states=4, dtype=DOUBLE, rngs=rngs()),
        "a CNN": lambda: cn.convolutional.CNN(
            (4, 3), kernel_size=(3, 2), dilations=(1, 5), controls=("gain",), dtype=DOUBLE, rngs=rngs()
        ),
        "a TCN": lambda: cn.convolutional.TCN(
            5, 3, kernel_size=3, stack=2, controls=("gain",), dtype=DOUBLE, rngs=rngs()
        ),
        "a WaveNet": lambda: cn.convolutional.WaveNet.nam("nano", dtype=DOUBLE, rngs=rngs()),
        "a WaveNet A2": lambda: cn.convolutional.WaveNet.a2("lite", dtype=DOUBLE, rngs=rngs()),
        "a WaveNet of Wright's": lambda: cn.convolutional.WaveNet.wright(4, 3, dtype=DOUBLE, rngs=rngs()),
        "an S4D at another rate": lambda: cn.resampled(
            cn.recurrent.S4D(3, 2, states=4, fs=FS, dtype=DOUBLE, rngs=rngs()), 96_000
        ),
        "a network without memory": lambda: cn.recurrent.Memoryless((8, 8), dtype=DOUBLE, rngs=rngs()),
        "a neural tone stack": lambda: cn.filters.NeuralToneStack(
            {"a": 0.5, "b": 0.2}, hidden=(6,), order=3, dtype=DOUBLE
        ),
        "biquads": lambda: cn.filters.BiquadCascade(4, dtype=DOUBLE),
        "a coupled form": lambda: cn.filters.CoupledForm(5, dtype=DOUBLE),
        "oversampling": lambda: nodal("diode_clipper", oversampling=4),
        "BDF2": lambda: nodal("tube_screamer_clipping", rule="bdf2"),
        "a chain": lambda: cn.chain(nodal("bassman"), nodal("diode_clipper")),
        "a residual": lambda: cn.residual(cn.recurrent.GRU(4, dtype=DOUBLE, rngs=rngs())),
        "in parallel": lambda: cn.parallel(nodal("diode_clipper"), cn.recurrent.GRU(4, dtype=DOUBLE, rngs=rngs())),
        "a Klon": lambda: cn.hybrid.klon(FS, version="plugin", dtype=DOUBLE),
    }
    | {
        f"windowed {name}": lambda name=name: cn.recurrent.windowed(
            name, controls=("a", "b"), dtype=DOUBLE, rngs=rngs()
        )
        for name in ("LSTM", "ED", "LRU", "S4D", "S6")
    }
    | {f"circuit {name}": lambda name=name: nodal(name) for name in sorted(cn.circuits.CATALOGUE)}
)
# What is at rest only for itself, or whose rest is known to rounding times its gain.
LOOSE = {
    "circuit moog_ladder": 1e-7,
    "circuit phase90": 1e-8,
    "circuit push_pull_amplifier": 1e-8,
    "circuit tube_preamp": 1e-9,
}


def check(model, folder):
    knobs = {name: 0.3 + 0.4 * n / len(model.controls) for n, name in enumerate(model.controls)}
    made = program(model, name="model")
    library = compiled(made.text, folder)
    noise = np.random.default_rng(0).normal(0, 1, TIME)
    x = 0.3 * np.sin(np.arange(TIME) * 0.05) * np.linspace(0, 1, TIME) + 0.02 * noise
    x = np.broadcast_to(x[:, None], (TIME, model.in_features))
    start = model.init_carry((), knobs)
    y, state = play(library, made, x, knobs.values())
    carry, want = model(start, jnp.asarray(x, model.dtype), {name: jnp.asarray(v) for name, v in knobs.items()})
    return made, y, np.asarray(want), state, carry


@pytest.mark.parametrize("name", QUICK)
def test_a_model_in_c_is_the_model(name, tmp_path):
    made, y, want, state, carry = check(QUICK[name](), tmp_path)
    np.testing.assert_allclose(y, want, rtol=0, atol=1e-11 * np.abs(want).max())
    for leaf, after in zip(made.state, jax.tree.leaves(carry), strict=True):
        numbers = np.ravel(np.asarray(after)).astype(float)
        if leaf.size and not (leaf.dtype.kind == "i" and leaf.size == 9):  # a report counts samples in its own way
            close = 1e-10 * max(1.0, float(np.abs(numbers).max()))
            np.testing.assert_allclose(list(getattr(state, leaf.name)), numbers, rtol=0, atol=close)


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_every_model_in_c_is_the_model(name, tmp_path):
    _, y, want, *_ = check(SLOW[name](), tmp_path)
    np.testing.assert_allclose(y, want, rtol=0, atol=LOOSE.get(name, 1e-10) * np.abs(want).max())
