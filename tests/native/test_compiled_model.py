"""The compiled model is the model: each law of it, to rounding."""

import functools
import logging

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn import native
from circuitnn.native import blocks, lanes, toolchain
from circuitnn.numerics.report import SolveWarning
from tests.models import Gain, Leaky

needs_compiler = pytest.mark.skipif(native.compiler() is None, reason="no C compiler")
X = np.sin(0.07 * np.arange(200)) * np.linspace(0.1, 2, 200)


@functools.cache
def pair(kind):
    """A model, and the same one compiled."""
    model = {
        "pole": lambda: Leaky(0.8, jnp.float64),
        "knob": lambda: cn.chain(Gain(2.0, jnp.float64), Leaky(0.8, jnp.float64)),
        "clipper": lambda: cn.nodal.NodalModel(cn.circuits.diode_clipper(), trainable=("R*", "C1"), dtype=jnp.float64),
        "network": lambda: cn.recurrent.GRU(4, controls=("gain",), rngs=nnx.Rngs(0)),
    }[kind]()
    return model, native.compiled(model)


def same(actual, expected, rtol=1e-12):
    assert jax.tree.structure(actual) == jax.tree.structure(expected)
    for one, other in zip(jax.tree.leaves(actual), jax.tree.leaves(expected), strict=True):
        assert one.shape == other.shape
        assert one.dtype == other.dtype
        np.testing.assert_allclose(one, other, rtol=0, atol=rtol * max(1.0, np.abs(np.asarray(other)).max(initial=0)))


@needs_compiler
@pytest.mark.parametrize("kind", ["pole", "clipper", "network"])
def test_blocks_of_both_follow_each_other(kind):
    model, fast = pair(kind)
    rtol = 1e-12 if model.dtype == jnp.float64 else 1e-5
    _, whole = cn.run(model, X)
    carry, first = cn.run(fast, X[:100])
    between, second = cn.run(model, X[100:], carry)
    last, third = cn.run(fast, X[100:], carry)
    same(jnp.concatenate([first, second]), whole, rtol)
    same(third, second, rtol)
    same(last, between, rtol)


@needs_compiler
def test_it_is_the_c_that_runs():
    _, fast = pair("pole")
    x = np.ones((7, 1))
    with pytest.MonkeyPatch.context() as patch:
        cn.run(fast, x)  # compiles
        patch.setattr(blocks, "_plain_block", None)
        patch.setattr(Leaky, "trace", None)
        _, y = jax.jit(lambda carry, x: fast(carry, x))(fast.init_carry(()), x[:5])
    same(y[:, 0], 1 - 0.8 ** np.arange(1, 6))


@needs_compiler
@pytest.mark.parametrize(
    ("knob", "batch"),
    [
        (0.3, ()),
        (np.linspace(0, 1, 200), ()),
        ([[0.2], [0.9]], (2,)),
        ([np.linspace(0, 1, 200), np.full(200, 0.5)], (2,)),
    ],
)
def test_knobs_constant_along_the_batch_and_along_time(knob, batch):
    model, fast = pair("knob")
    x = np.broadcast_to(X[:, None], (*batch, 200, 1)) * np.ones((*batch, 1, 1))
    for controls in ({"volume": np.asarray(knob)}, None):
        same(cn.run(fast, x, controls=controls), cn.run(model, x, controls=controls))


@needs_compiler
def test_several_axes_of_a_batch_over_the_threads():
    model, fast = pair("pole")
    x = np.linspace(0.1, 1, 12).reshape(3, 4, 1, 1) * np.tile(X, 5)[:, None]
    same(cn.run(fast, x), cn.run(model, x))


@needs_compiler
@pytest.mark.parametrize("streams", [3, 11])
def test_streams_side_by_side_each_with_its_own_knobs(streams):
    model, fast = pair("knob")
    rows = np.linspace(0.1, 1, streams)[:, None]
    x = rows[..., None] * X[:, None]
    moving = np.abs(np.sin(rows * 3 + np.floor(np.arange(200) / 7)))
    for controls in ({"volume": rows}, {"volume": moving}, {"volume": moving[0]}):
        same(cn.run(fast, x, controls=controls), cn.run(model, x, controls=controls))


@needs_compiler
def test_streams_side_by_side_part_and_meet_again():
    model, fast = pair("clipper")
    x = np.geomspace(1e-3, 30, 9)[:, None, None] * X[:, None]
    x[4, 100:] = 1e200  # does not converge; the others do not notice
    with pytest.warns(SolveWarning):
        carry, y = cn.run(fast, x)
    with pytest.warns(SolveWarning):
        expected, z = cn.run(model, x)
    others = np.arange(9) != 4
    same(y[others], z[others])
    same(y[4, :100], z[4, :100])
    same(carry.report, expected.report)


@needs_compiler
def test_streams_side_by_side_read_one_copy_of_many_weights(monkeypatch):
    model = cn.recurrent.GRU(5, controls=("gain",), rngs=nnx.Rngs(1))
    monkeypatch.setattr(lanes, "_CACHE", 0)
    fast, rows = native.compiled(model), np.linspace(0.1, 1, 11)[:, None]
    x, knee = (rows[..., None] * X[:, None])[:, :60], (np.arange(60) > 30) * rows
    for controls in ({"gain": 0.7}, {"gain": rows}, {"gain": knee}):  # alike; not; first alike, then not
        carry, y = cn.run(fast, x, controls=controls)
        expected, z = cn.run(model, x, controls=controls)
        same((carry, y), (expected, z), 1e-5)


@pytest.mark.slow
@needs_compiler
@pytest.mark.parametrize("kind", ["stn", "lstm", "wdf"])
def test_any_model_has_streams_side_by_side(kind):
    model = {
        "stn": lambda: cn.recurrent.STN(("C1",), hidden=(8, 8), rngs=nnx.Rngs(0)),
        "lstm": lambda: cn.recurrent.LSTM(16, rngs=nnx.Rngs(0)),
        "wdf": lambda: cn.wdf.derive(cn.circuits.diode_clipper(), fs=48_000, dtype=jnp.float64),
    }[kind]()
    x = np.linspace(0.1, 1, 5)[:, None, None] * X[:, None]
    same(cn.run(native.compiled(model), x)[1], cn.run(model, x)[1], 1e-12 if model.dtype == jnp.float64 else 1e-6)


@needs_compiler
def test_states_are_observed_and_forced():
    model, fast = pair("clipper")
    assert isinstance(fast, cn.StateModel)
    same(cn.trace(fast, X), cn.trace(model, X))
    truth = cn.Forcing(jnp.asarray(X[:, None]))
    same(cn.trace(fast, X, forcing=truth), cn.trace(model, X, forcing=truth))
    carry = fast.init_carry(())
    same(fast.force(carry, jnp.ones(1)), model.force(carry, jnp.ones(1)))
    same(fast.states(carry), model.states(carry))


@needs_compiler
@pytest.mark.parametrize("kind", ["pole", pytest.param("clipper", marks=pytest.mark.slow)])
def test_derivatives_are_the_models_own(kind):
    model, fast = pair(kind)

    def energy(model):
        return lambda numbers, x, carry: jnp.sum(model.with_parameters(numbers)(carry, x)[1] ** 2)

    x, carry, numbers = jnp.asarray(X[:50, None]), model.init_carry(()), model.parameters()
    gradients = (
        jax.jit(jax.grad(energy(m), argnums=(0, 1, 2), allow_int=True))(p, x, carry)
        for m, p in ((fast, {"model": numbers}), (model, numbers))
    )
    same(*([leaf for leaf in jax.tree.leaves(gradient) if leaf.dtype == float] for gradient in gradients))
    same(
        *(
            jax.jit(jax.grad(energy(m), argnums=1))(p, x, carry)
            for m, p in ((fast, {"model": numbers}), (model, numbers))
        )
    )
    same(*(jax.jvp(lambda x, m=m: m(carry, x)[1], (x,), (jnp.cos(x),)) for m in (fast, model)))


@needs_compiler
def test_numbers_change_without_another_compilation(monkeypatch):
    model, fast = pair("clipper")
    cn.run(fast, X)
    monkeypatch.setattr(blocks, "library", None)  # the compiler
    other = jax.tree.map(lambda number: number + 0.3, model.parameters())
    same(cn.run(fast.with_parameters({"model": other}), X), cn.run(model.with_parameters(other), X))
    circuit = model.circuit.replace(C1=22e-9)
    another = cn.nodal.NodalModel(circuit, trainable=("R*", "C1"), dtype=jnp.float64)
    same(cn.run(native.compiled(another), X), cn.run(another, X))


@needs_compiler
def test_it_is_mapped_over_numbers_and_signals():
    model, fast = pair("pole")
    poles, x = jnp.array([0.5, 0.8, 0.9]), jnp.asarray(X[:, None] * np.ones((2, 1, 1)))

    def over_both(model, name):
        def output(pole, x):
            numbers = {"pole": pole} if name is None else {name: {"pole": pole}}
            return model.with_parameters(numbers)(model.init_carry(()), x)[1]

        return [
            jax.jit(jax.vmap(jax.vmap(output, (None, 0)), (0, None)))(poles, x),
            jax.jit(jax.vmap(output, (0, None)))(poles, x[0]),
            jax.jit(jax.vmap(jax.grad(lambda pole, x: output(pole, x).sum()), (0, None)))(poles, x[0]),
        ]

    same(over_both(fast, "model"), over_both(model, None))


@needs_compiler
def test_what_does_not_converge_is_reported(recwarn):
    model, fast = pair("clipper")
    x = np.full(20, 1e200)
    with pytest.warns(SolveWarning, match=r"did not converge at \d+ of 20") as told:
        cn.run(fast, x)
    with pytest.warns(SolveWarning) as expected:
        cn.run(model, x)
    assert str(told[0].message) == str(expected[0].message)


@needs_compiler
def test_in_a_scan_and_in_other_models():
    model, fast = pair("pole")
    both = cn.chain(fast, Gain(2.0, jnp.float64))
    _, y = jax.jit(lambda x: jax.lax.scan(lambda carry, x: both(carry, x), both.init_carry(()), x))(
        X.reshape(10, 20, 1)
    )
    expected = cn.run(cn.chain(model, Gain(2.0, jnp.float64)), X)[1]
    same(y.reshape(-1), expected)
    same(cn.run(native.compiled(both), X)[1], expected)


@needs_compiler
def test_numbers_that_are_a_batch_run_as_they_did():
    model, fast = pair("pole")
    poles = jnp.array([[0.5], [0.9]])
    x = X[:, None] * np.ones((2, 1, 1))
    same(cn.run(fast.with_parameters({"model": {"pole": poles}}), x), cn.run(model.with_parameters({"pole": poles}), x))


def test_it_is_written_as_the_model_inside():
    model, fast = pair("pole")
    assert native.program(fast).text == native.program(model).text


def test_it_is_kept_in_a_file(tmp_path):
    model, fast = pair("clipper")
    cn.train.save(fast, tmp_path / "fast.npz")
    restored = cn.train.restore(tmp_path / "fast.npz")
    assert type(restored) is type(fast)
    assert restored.settings == fast.settings
    assert (restored.fs, restored.latency, restored.controls) == (model.fs, model.latency, model.controls)
    assert isinstance(cn.resampled(fast, 96_000), type(fast))


def test_without_a_compiler_the_model_runs_as_it_is_and_says_so_once(monkeypatch, caplog):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(toolchain.importlib.util, "find_spec", lambda name: None)
    toolchain._found.cache_clear()
    blocks.say_once.cache_clear()
    model = Leaky(0.7, jnp.float64)
    with caplog.at_level(logging.INFO, "circuitnn.native"):
        fast = native.compiled(model)
        same(cn.run(fast, X), cn.run(model, X))
        same(cn.trace(fast, X), cn.trace(model, X))
        assert native.fastest(model, 10**9) is model
    assert len(caplog.records) == 1
    assert "no C compiler" in caplog.text
    toolchain._found.cache_clear()


@needs_compiler
def test_other_platforms_run_the_model_as_it_is(monkeypatch):
    model, fast = pair("pole")
    monkeypatch.setattr(blocks, "is_on_cpu", lambda: False)
    jax.clear_caches()
    same(cn.run(fast, X[:50]), cn.run(model, X[:50]))
    lowered = (
        jax.jit(lambda x: fast(fast.init_carry(()), x)[1]).trace(jnp.zeros((5, 1))).lower(lowering_platforms=("cuda",))
    )
    assert "circuitnn" not in lowered.as_text()


@needs_compiler
def test_what_is_worth_it_is_compiled(caplog):
    model = Leaky(0.7, jnp.float64)
    assert native.fastest(model, 1000) is model
    with caplog.at_level(logging.INFO, "circuitnn.native"):
        fast = native.fastest(model, 10**6)
    assert isinstance(fast, cn.StateModel)
    assert fast is not model
    assert native.fastest(fast, 10**6) is fast
    assert "Leaky runs in compiled C" in caplog.text


@needs_compiler
def test_what_has_no_c_runs_as_it_is(monkeypatch, caplog):
    def no_c(*_, **__):
        raise NotImplementedError("no C for something")

    monkeypatch.setattr(blocks, "program", no_c)
    model = cn.chain(Leaky(0.7, jnp.float64), Leaky(0.6, jnp.float64), Leaky(0.6, jnp.float64))
    with caplog.at_level(logging.INFO, "circuitnn.native"):
        assert native.fastest(model, 10**9) is model
    assert "no C for something" in caplog.text
    with pytest.raises(NotImplementedError, match="something"):
        cn.run(native.compiled(model), X)
