"""Knobs held for frames: against NumPy's repetition, at cuts inside of frames, from rest, saved, and as C."""

import numpy as np
import pytest
from flax import nnx
from jax import numpy as jnp

import circuitnn as cn
from circuitnn.testing import check_block_law, check_model
from tests.models import Gain
from tests.native.playing import compiled, play

FRAME = 5


def held_by_numpy(knob):
    """(..., time): the value where each frame began."""
    return knob[..., (np.arange(knob.shape[-1]) // FRAME) * FRAME]


def gru(dtype=jnp.float64):
    network = cn.recurrent.GRU(2, controls=("drive",), conditioning="film", dtype=dtype, rngs=nnx.Rngs(0))
    network.cond.weight[...] = jnp.asarray([[0.9], [-0.7], [0.3], [0.5]], dtype)
    return network


def signal(time=22, seed=0):
    random = np.random.default_rng(seed)
    return random.standard_normal((2, time, 1)), random.random((2, time))


def test_what_is_held_is_what_stood_where_the_frame_began():
    x, knob = signal()
    held, plain = cn.control_rate(Gain(dtype=jnp.float64), frame=FRAME), Gain(dtype=jnp.float64)
    _, y = cn.run(held, x, controls={"volume": knob})
    np.testing.assert_array_equal(y, cn.run(plain, x, controls={"volume": held_by_numpy(knob)})[1])
    for cuts in ((1, 2, 9, 21), (5, 10), (3, 4, 20)):
        check_block_law(held, x, controls={"volume": knob}, cuts=cuts, rtol=0)


def test_a_knob_that_jumps_between_blocks_is_heard_when_the_next_frame_begins():
    x = np.ones((13, 1))
    model = cn.control_rate(Gain(dtype=jnp.float64), frame=FRAME)
    carry, first = cn.run(model, x[:3], controls={"volume": 0.25})
    carry, second = cn.run(model, x[3:], carry, controls={"volume": 0.75})
    np.testing.assert_array_equal(np.concatenate([first, second])[:, 0], [0.25] * 5 + [0.75] * 8)
    assert int(carry.phase) == 13 % FRAME
    begun = model.init_carry((2,), {"volume": np.array([[0.1], [0.2]])})
    np.testing.assert_array_equal(begun.knobs, [[0.1], [0.2]])


def test_a_network_at_control_rate_obeys_the_laws():
    x, knob = signal(12)
    check_model(lambda dtype: cn.control_rate(gru(dtype), frame=FRAME), x, controls={"drive": knob})


def test_it_is_saved_printed_and_resampled_with_its_frame(tmp_path):
    model = cn.control_rate(cn.recurrent.GRU(2, controls=("a",), fs=48_000, rngs=nnx.Rngs(0)), frame=64)
    cn.train.save(model, tmp_path / "model.npz")
    opened = cn.train.restore(tmp_path / "model.npz")
    assert opened.settings == model.settings
    assert opened.frame == 64
    nodal = cn.control_rate(cn.nodal.NodalModel(cn.circuits.bassman(), fs=48_000), frame=64)
    assert isinstance(nodal, cn.StateModel)
    assert nodal.rebuilt_at(96_000).frame == 128


def test_states_go_through():
    x, knob = signal(12)
    plain = cn.recurrent.STN(("C1",), hidden=(2,), controls=("drive",), dtype=jnp.float64, rngs=nnx.Rngs(0))
    _, _, expected = cn.trace(plain, x, controls={"drive": held_by_numpy(knob)})
    held = cn.control_rate(plain, frame=FRAME)
    assert held.state_names == ("C1",)
    start = held.init_carry((2,), {"drive": knob})
    _, _, states = cn.trace(held, x, held.force(start, held.states(start)), controls={"drive": knob})
    np.testing.assert_allclose(states, expected, rtol=1e-12, atol=1e-15)


def test_in_c_it_is_the_same(tmp_path):
    model = cn.control_rate(gru(), frame=FRAME)
    made = cn.native.program(model, name="model")
    library, x = compiled(made.text, tmp_path), signal(40)[0][0]
    for knob in (0.0, 1.0):
        y, _ = play(library, made, x, (knob,))
        np.testing.assert_allclose(y, cn.run(model, x, controls={"drive": knob})[1], rtol=1e-11, atol=1e-13)


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="frame must be a whole number of at least 1, got 0"):
        cn.control_rate(Gain(), frame=0)
    with pytest.raises(ValueError, match="this GRU has no knobs"):
        cn.control_rate(cn.recurrent.GRU(2, rngs=nnx.Rngs(0)))
    with pytest.raises(TypeError, match="a model"):
        cn.control_rate(cn.circuits.bassman())
