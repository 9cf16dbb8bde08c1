"""Frames in a stream against a plain loop over frames in NumPy: every cut, overlap, context, knobs, memory, rest, C."""

import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn.frames import Framed, FrameNetwork
from circuitnn.frames.framed import overlap_window
from circuitnn.networks.dense import Dense
from circuitnn.testing import check_model
from tests.native.playing import compiled, play

RNG = np.random.default_rng(0)


@cn.register
class Mixed(FrameNetwork):
    """tanh of a linear map of the window, and what a leaky sum of frames adds where there is one."""

    def __init__(self, frame=4, context=(3, 2), leak=0.0, dtype=jnp.float64):
        super().__init__(
            frame, context, hop=frame, in_features=1, out_features=1, controls={"gain": 0.5}, scaling=None, fs=48_000,
            dtype=dtype,
        )  # fmt: skip
        self.leak = leak
        self.map = Dense(2 * (sum(context) + frame), frame, dtype=self.dtype, rngs=nnx.Rngs(3))

    def _frame(self, u):
        return jnp.tanh(self.map(u.reshape(*u.shape[:-2], -1)))

    def rest(self, u):
        return self._frame(u) / (1 - self.leak) if self.leak else ()

    def __call__(self, carry, u):
        frame = self._frame(u)
        if self.leak:
            carry = frame = self.leak * carry + frame
        return carry, frame[..., None]


def plainly(network, x, hop, knob):
    """Frame after frame, from silence: x (time,), the knob at each sample."""
    weight, bias = np.asarray(network.map.weight[...]), np.asarray(network.map.bias[...])
    past, future = network.context
    frame, window = network.frame, past + network.frame + future
    lead = 100 * hop  # of silence
    padded = np.concatenate([np.zeros(lead + window), x])
    knobs = np.concatenate([np.full(lead + window, knob[0]), knob])
    weights, line = overlap_window(frame, hop), np.zeros(len(padded) + frame)
    memory = np.zeros(frame)
    for end in range(window + hop, len(padded) + 1, hop):
        seen = np.stack([padded[end - window : end], np.full(window, knobs[end - 1])], axis=-1)
        memory = network.leak * memory + np.tanh(weight @ seen.ravel() + bias)
        line[end - 1 : end - 1 + frame] += weights * memory
    return line[lead + window : len(padded)]


CASES = {
    "hand over": (4, (3, 2), 4, 0.0),
    "every sample": (1, (5, 0), 1, 0.0),
    "overlap": (6, (2, 3), 3, 0.0),
    "uneven overlap": (5, (0, 1), 2, 0.0),
    "memory": (3, (1, 0), 2, 0.6),
}


QUICK = ("every sample", "uneven overlap")


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=() if case in QUICK else pytest.mark.slow) for case in CASES]
)
def test_it_is_a_loop_over_frames(case):
    frame, context, hop, leak = CASES[case]
    network = Mixed(frame, context, leak)
    model = Framed(network, hop=hop)
    assert model.latency == frame + context[1] - 1
    x, knob = RNG.standard_normal(29), RNG.uniform(0, 1, 29)
    expected = plainly(network, x, hop, knob)
    start = model.init_carry((), {"gain": knob[0]})
    _, y = cn.run(model, x, start, controls={"gain": jnp.asarray(knob)})
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-13)
    carry, at, pieces = start, 0, []
    for length in (1, 1, 7, 1, 1, 1, 7, 1, 1, 1, 7):
        part = slice(at, at + length)
        carry, y = cn.run(model, x[part], carry, controls={"gain": jnp.asarray(knob[part])})
        pieces.append(y)
        at += length
    np.testing.assert_allclose(np.concatenate(pieces), expected, rtol=0, atol=1e-13)


@pytest.mark.slow
@pytest.mark.parametrize("case", ["overlap", "memory"])
def test_it_obeys_the_laws(case):
    frame, context, hop, leak = CASES[case]
    x = RNG.standard_normal((2, 14, 1))
    check_model(
        lambda dtype: Framed(Mixed(frame, context, leak, dtype), hop=hop),
        x,
        controls={"gain": np.array([[0.1], [0.8]])},
    )


@pytest.mark.parametrize("case", ["memory", pytest.param("hand over", marks=pytest.mark.slow)])
def test_in_c_it_is_the_model(case, tmp_path):
    frame, context, hop, leak = CASES[case]
    model = Framed(Mixed(frame, context, leak), hop=hop)
    program = cn.native.program(model)
    x = RNG.standard_normal(25)
    y, _ = play(compiled(program.text, tmp_path), program, x[:, None], [0.5])
    np.testing.assert_allclose(y[:, 0], cn.run(model, x)[1], rtol=0, atol=1e-13)


def test_silence_goes_on_and_a_level_too():
    model = Framed(Mixed(6, (2, 3), 0.5), hop=3)
    level = np.array([[0.3], [-0.2]])
    _, y = cn.run(model, np.broadcast_to(level[:, None], (2, 12, 1)), model.init_carry((2,), level=level))
    np.testing.assert_allclose(y[:, 3:], y[:, :-3], rtol=0, atol=1e-14)  # the same in each hop


def test_it_is_kept_and_says_what_does_not_fit(tmp_path):
    model = Framed(Mixed(), hop=2)
    cn.train.save(model, tmp_path / "m.npz")
    again = cn.train.restore(tmp_path / "m.npz")
    assert (again.hop, again.frame, again.context, again.fs) == (2, 4, (3, 2), 48_000)
    np.testing.assert_array_equal(cn.run(again, np.ones(9))[1], cn.run(model, np.ones(9))[1])
    for arguments, message in {
        (4, 5): "leaves gaps",
        (4, 4, (3, -1)): "context",
        (5, 5): r"makes|cannot|expected|dot_general",
    }.items():
        with pytest.raises((ValueError, TypeError), match=message):
            Framed(Mixed(), *arguments)
    with pytest.raises(TypeError, match="no FrameNetwork"):
        Framed(cn.recurrent.GRU(2, rngs=nnx.Rngs(0)))
