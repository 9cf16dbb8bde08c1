"""Streams: what is not finite, blocks of any length, and counts that go on for days."""

import dataclasses
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn import lengths, running
from circuitnn.numerics.report import LAP, SolveReport, SolveWarning, warn_of_failures
from tests.models import Gain, Leaky

X = np.sin(np.arange(64) / 5).astype(np.float32)
BAD = np.where(np.arange(64) == 7, np.nan, X)


@pytest.fixture(scope="module")
def clipper():
    return cn.nodal.NodalModel(cn.circuits.diode_clipper())


@pytest.fixture(scope="module")
def network():
    return cn.recurrent.GRU(2, controls=("gain",), rngs=nnx.Rngs(0))


def models(clipper, network):
    return {"circuit": clipper, "network": network, "chain": cn.chain(network, Gain())}


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused_where_it_comes_in(clipper, network, bad):
    x, knob = np.where(np.arange(64) == 7, bad, X), np.where(np.arange(64) == 3, bad, 0.5)
    carry, column = network.init_carry(), jnp.asarray(x, jnp.float32)[:, None]
    for call, says in (
        (lambda: cn.run(clipper, x), "x has 1 NaN or infinite value.*first at sample 7"),
        (lambda: cn.run(network, np.stack([X, x])[..., None]), "first at sample 7, batch entry 1"),
        (lambda: cn.run(network, jnp.asarray(x, jnp.float32)), "first at sample 7"),
        (lambda: network(carry, column), "first at sample 7"),
        (lambda: network(carry, jnp.asarray(X)[:, None], {"gain": jnp.asarray(knob)}), r"knob gain: .* at \[3\]"),
        (lambda: cn.run(network, X, controls={"gain": knob}), r"knob gain: .* at \[3\] is not finite"),
        (lambda: cn.controls(network, gain=bad), "knob gain: .* is not finite"),
        (lambda: Leaky().trace(jnp.zeros(1), column), "first at sample 7"),
        (lambda: clipper.force(None, jnp.asarray([bad])), "states has 1 NaN"),
        (lambda: cn.trace(Leaky(), X, forcing=cn.Forcing(jnp.asarray(x)[:, None])), "forcing states .* sample 7"),
        (lambda: clipper.init_carry(level=np.asarray([bad])), "level: .* not finite"),
        (lambda: cn.train.record(clipper, x, fs=48_000), "first at sample 7"),
        (lambda: cn.spice.transient(cn.circuits.diode_clipper(), x, 48_000), "first at sample 7"),
        (lambda: cn.train.Dataset(x, X), "sample 7"),
        (lambda: cn.train.Dataset(X, X, controls={"gain": knob}), "knob gain"),
    ):
        with pytest.raises(ValueError, match=says):
            call()


def test_traced_samples_are_counted_apart_from_failed_solves(clipper):
    compiled = jax.jit(lambda x, carry: cn.run(clipper, x, carry))
    carry, _ = compiled(X, clipper.init_carry())
    assert (int(carry.report.not_finite), int(carry.report.first_not_finite)) == (0, -1)
    carry, _ = compiled(BAD, carry)
    report = carry.report
    assert (int(report.not_finite), int(report.first_not_finite)) == (1, 64 + 7)
    assert (int(report.failed), int(report.first_failed)) == (64 - 8, 64 + 8)  # the state is lost
    with pytest.warns(SolveWarning, match="NaN or infinite at 1 of 128 samples, first at sample 71; 56 other samples"):
        warn_of_failures(carry)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_failures(carry, carry)  # said already


def test_networks_count_with_a_report_around_them(network):
    for model in (cn.Counted(network), cn.chain(cn.Counted(Leaky()), Gain())):
        compiled = jax.jit(lambda x, carry, knob, model=model: cn.run(model, x, carry, controls=knob))
        knobs = {"gain": X * 0} if "gain" in model.controls else {}
        carry, y = compiled(X, model.init_carry((), knobs), knobs)
        np.testing.assert_allclose(y, cn.run(model, X, controls=knobs)[1], atol=1e-6)
        carry, _ = compiled(BAD, carry, dict.fromkeys(knobs, BAD * 0))
        with pytest.warns(SolveWarning, match="NaN or infinite at 1 of 128 samples, first at sample 71; recover"):
            warn_of_failures(carry)
    model = cn.Counted(Leaky())
    assert isinstance(model, cn.StateModel)
    forced = model.force(model.init_carry(), jnp.asarray([0.3]))
    expected = cn.trace(Leaky(), X, jnp.asarray([0.3], jnp.float32))
    for found, other in zip(cn.trace(model, X, forced)[1:], expected[1:], strict=True):
        np.testing.assert_allclose(found, other, atol=1e-6)


@pytest.mark.parametrize("kind", ["circuit", "network", "chain"])
def test_one_bad_sample_is_heard_as_silence(clipper, network, kind):
    model = models(clipper, network)[kind]
    with pytest.warns(cn.StreamWarning, match="first at sample 7: silence was heard there"):
        carry, y = cn.run(model, BAD, recover=True)
    np.testing.assert_array_equal(y, cn.run(model, np.nan_to_num(BAD))[1])
    np.testing.assert_allclose(
        cn.run(model, X, carry)[1], cn.run(model, np.r_[np.nan_to_num(BAD), X])[1][64:], atol=1e-6
    )
    compiled = jax.jit(lambda x: cn.run(model, x, recover=True)[1])
    np.testing.assert_allclose(compiled(BAD), y, atol=1e-6)


@pytest.mark.parametrize("kind", ["circuit", "network"])
def test_a_state_that_is_lost_goes_back_to_rest(clipper, network, kind):
    model, pair = models(clipper, network)[kind], np.stack([X, BAD])[..., None]
    carry, _ = jax.jit(lambda x: cn.run(model, x))(pair)
    both = np.stack([X, X])[..., None]
    with pytest.warns((SolveWarning, cn.StreamWarning), match="recover=True"):
        _, y = cn.run(model, both, carry)
    assert np.isfinite(y[0]).all()
    assert np.isnan(y[1]).all()
    with pytest.warns(cn.StreamWarning, match="carry is not finite.* went back to rest"):
        after, recovered = cn.run(model, both, carry, recover=True)
    np.testing.assert_allclose(recovered[0], y[0], atol=1e-6)  # each for itself
    np.testing.assert_allclose(recovered[1], cn.run(model, both)[1][1], atol=1e-6)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cn.run(model, both, after, recover=True)


def test_a_model_that_runs_away_is_said_and_taken_back():
    model = Leaky(-1e3)
    with pytest.warns(cn.StreamWarning, match="Leaky: its output is not finite from sample 14 of the block on"):
        carry, y, states = cn.trace(model, X)
    assert not np.isfinite(carry).any()
    with pytest.warns(cn.StreamWarning, match="it went back to rest"):
        carry, y, states = cn.trace(model, X, recover=True)
    assert all(np.isfinite(part).all() for part in (carry, y, states))
    compiled = jax.jit(lambda x: cn.trace(model, x, recover=True))
    for found, expected in zip(compiled(X), (carry, y, states), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def counting(monkeypatch):
    """The lengths of the blocks that are dispatched from now on."""
    dispatched, block = [], running._block
    monkeypatch.setattr(running, "_block", lambda *a: dispatched.append(running.signal_shape(a[4])[-1]) or block(*a))
    return dispatched


def test_any_lengths_compile_a_bounded_number_of_programs(monkeypatch, caplog):
    model, dispatched = cn.chain(Leaky(0.7), Gain(), Leaky(0.3)), counting(monkeypatch)
    x = np.random.default_rng(0).standard_normal(4000).astype(np.float32)
    volume = np.linspace(0, 1, len(x)).astype(np.float32)
    expected = cn.run(model, x, controls={"volume": volume})[1]
    carry, parts, start, size = None, [], 0, 3
    while start < len(x):
        part = slice(start, start + size)
        carry, y = cn.run(model, x[part], carry, controls={"volume": volume[part]})
        parts.append(y)
        start, size = start + size, size + 2
    np.testing.assert_allclose(np.concatenate(parts), expected, atol=1e-6)
    assert len(set(dispatched)) <= len(lengths.PIECES) + lengths.MOST
    for time in (64, 128, 256, 512, 1024):
        dispatched.clear()
        cn.run(model, x[:time], carry, controls={"volume": volume[:time]})
        assert dispatched == [time]
    with jax.log_compiles():
        cn.run(model, x[:333], carry, controls={"volume": volume[:333]})
    assert not [record for record in caplog.records if "Compiling" in record.getMessage()]  # nothing small either


def test_pieces_of_traces(monkeypatch):
    monkeypatch.setattr(lengths, "FIRST", 0)
    monkeypatch.setattr(lengths, "AGAIN", 2)
    model, dispatched = Leaky(0.8), counting(monkeypatch)
    x = np.random.default_rng(0).standard_normal((3, 90, 1)).astype(np.float32)
    forcing = cn.Forcing(jnp.asarray(x), jnp.asarray(x[..., 0] > 0))
    for inputs in (x, x[0]):
        shown = forcing if inputs.ndim == 3 else cn.Forcing(forcing.previous[0], forcing.mask[0])
        dispatched.clear()
        cut, whole = (cn.trace(model, inputs, forcing=shown) for _ in range(2))
        assert len(dispatched) == 6 + 1  # 64, 16, 4, 4, 1, 1; and then all of it
        for found, expected in zip(cut, whole, strict=True):
            np.testing.assert_allclose(found, expected, atol=1e-6)


def test_long_signals_run_in_blocks(monkeypatch, tmp_path):
    """Also such as are given in another precision, knobs that move, several streams, and into a mapped file."""
    with jax.enable_x64(True):
        model = cn.chain(Leaky(0.7, jnp.float64), Gain(dtype=jnp.float64))
        x = np.random.default_rng(0).standard_normal((2, 1000, 1)).astype(np.float32)
        knobs = {"volume": np.linspace(0, 1, 1000)}
        carry, y = cn.run(model, x, controls=knobs)
        monkeypatch.setattr(running, "LONGEST", 600)
        monkeypatch.setattr(running, "PIECES", (1,))
        dispatched = counting(monkeypatch)
        out = np.lib.format.open_memmap(tmp_path / "y.npy", "w+", float, (2, 1000, 1))
        found = cn.run(model, x, controls=knobs, out=out)
        assert dispatched[-4:] == [300, 300, 300, 100]
        assert found[1] is out
        np.testing.assert_allclose(np.load(tmp_path / "y.npy"), y, atol=1e-14)
        np.testing.assert_allclose(found[0][0], carry[0], atol=1e-14)
        np.testing.assert_allclose(cn.run(model, x, controls=knobs)[1], y, atol=1e-14)


def test_out_is_written_also_in_one_block_and_where_a_model_went_back_to_rest():
    out = np.zeros(3, np.float32)
    assert cn.run(Leaky(0.5), np.ones(3, np.float32), out=out)[1] is out
    np.testing.assert_allclose(out, [0.5, 0.75, 0.875])
    with pytest.warns(cn.StreamWarning, match="went back to rest"):
        cn.run(Leaky(1e30), np.ones(3, np.float32), recover=True, out=out)
    assert np.isfinite(out).all()
    wrong = [(np.zeros((3, 1)), "shape"), (np.zeros(3, int), "floating"), ([0.0] * 3, "array of NumPy")]
    for bad, says in wrong:
        with pytest.raises((TypeError, ValueError), match=says):
            cn.run(Leaky(0.5), np.ones(3, np.float32), out=bad)
    with pytest.raises(TypeError, match="traced"):
        jax.jit(lambda x: cn.run(Leaky(0.5), x, out=out)[1])(np.ones(3, np.float32))


def test_lengths_that_come_again_are_compiled():
    known = lengths.Lengths()
    assert [known.cut(time) for time in (3, 5, 7, 9)] == [[3], [5], [7], [9]]
    assert known.cut(1000) == [512, 256, 128, 64, 16, 16, 4, 4]
    assert known.cut(480_000)[:2] == [4096, 4096]
    assert sum(known.cut(480_000)) == 480_000
    assert known.cut(480_000) == [480_000]
    for time in range(2000, 4000):
        assert sum(known.cut(time)) == time
        known.cut(time), known.cut(time)
    assert len(known.compiled) == lengths.MOST


def test_counts_go_on_for_days(clipper):
    carry = clipper.init_carry((2,))
    counts = np.array(carry.report.counts)
    counts[:, 0] = LAP - 20
    counts[1, 1] = 5
    carry = dataclasses.replace(carry, report=SolveReport(jnp.asarray(counts)))
    carry, _ = jax.jit(lambda x, carry: cn.run(clipper, x, carry))(np.stack([BAD, BAD])[..., None], carry)
    start = np.asarray([LAP - 20, LAP - 20 + 5 * 2**31])
    assert carry.report.samples.tolist() == (start + 64).tolist()
    assert carry.report.first_not_finite.tolist() == (start + 7).tolist()
    assert carry.report.first_failed.tolist() == (start + 8).tolist()
    full = dataclasses.replace(carry.report, counts=carry.report.counts.at[:, 2].set(LAP))
    assert full.add(jnp.ones((2, 9), bool)).failed.tolist() == [LAP, LAP]  # of these nobody counts more
    with pytest.warns(SolveWarning, match=f"first at sample {LAP - 13} of batch entry 0"):
        warn_of_failures(carry)
