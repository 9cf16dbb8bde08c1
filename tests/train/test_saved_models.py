"""Every kind of model comes back from its file alone: the same program, the same numbers, so the same sound."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn.numerics.rules import alpha_transform
from circuitnn.rates import Resampled
from circuitnn.train import restore, save

SCALING = cn.recurrent.Scaling.from_data(
    np.linspace(-2, 2, 50), 7 + np.linspace(-1, 1, 50), np.linspace(-3, 3, 100).reshape(50, 2)
)
STATES = ("C1", "C2")
KNOBS = {"gain": 0.5, "Tone": 0.3}


def rngs():
    return nnx.Rngs(3)


def tree():
    return cn.wdf.Parallel(cn.wdf.ResistiveVoltageSource("2.2k"), cn.wdf.Capacitor("10n"))


def learnt(model, seed=0):
    """The model with other values wherever it learns some."""
    graph, params, rest = nnx.split(model, nnx.Param, ...)
    random = np.random.default_rng(seed)
    moved = jax.tree.map(lambda leaf: leaf + jnp.asarray(0.03 * random.standard_normal(leaf.shape), leaf.dtype), params)
    return nnx.merge(graph, moved, rest)


NETWORKS = {
    "GRU": lambda: cn.recurrent.GRU(4, rngs=rngs()),
    "GRU, knobs, scaling": lambda: cn.recurrent.GRU(3, controls=KNOBS, scaling=SCALING, fs=44_100, rngs=rngs()),
    "GRU, wide": lambda: cn.recurrent.GRU(3, in_features=2, out_features=2, rngs=rngs()),
    "LSTM": lambda: cn.recurrent.LSTM(3, controls=("gain",), fs=48_000, rngs=rngs()),
    "LSTM, double": lambda: cn.recurrent.LSTM(3, scaling=SCALING, dtype=jnp.float64, rngs=rngs()),
    "Memoryless": lambda: cn.recurrent.Memoryless((4, 3), controls=KNOBS, scaling=SCALING, rngs=rngs()),
    "STN": lambda: cn.recurrent.STN(STATES, scaling=SCALING, controls=KNOBS, rngs=rngs()),
    "STN, picked": lambda: cn.recurrent.STN(STATES, hidden=(4,), output="C2", bias="first", input_taps=2, rngs=rngs()),
    "STN, at another rate": lambda: cn.recurrent.STN(STATES, fs=48_000, rngs=rngs()).at_rate(96_000),
    "StateMatchedGRU": lambda: cn.recurrent.StateMatchedGRU(STATES, hidden=4, scaling=SCALING, rngs=rngs()),
    "StateMatchedGRU, read-out": lambda: cn.recurrent.StateMatchedGRU(
        STATES, hidden=4, mapping="readout", scaling=SCALING, output=("C2", "C1"), rngs=rngs()
    ),
    "LRU": lambda: cn.recurrent.LRU(3, 2, states=5, start="ring", controls=KNOBS, scaling=SCALING, rngs=rngs()),
    "S4D, at another rate": lambda: cn.recurrent.S4D(3, 2, states=4, start="lin", fs=48_000, rngs=rngs()).rebuilt_at(
        96_000
    ),
    "S6, double": lambda: cn.recurrent.S6(3, 2, states=5, mixing="tanh", dtype=jnp.float64, rngs=rngs()),
    "Resampled": lambda: Resampled(cn.recurrent.GRU(3, fs=44_100, rngs=rngs()), 48_000),
}
HYBRIDS = {
    "klon": lambda: cn.hybrid.klon(trainable={"tone": {"R*": 0.05}}),
    "klon, wdf": lambda: cn.hybrid.klon(96_000, gain_stage="wdf"),
    "klon, network": lambda: cn.hybrid.klon(
        gain_stage=cn.recurrent.GRU(3, controls=("gain",), fs=96_000, rngs=rngs()), oversampling=2
    ),
    "gray box": lambda: cn.hybrid.gray_box_amplifier(
        cn.circuits.bassman(), hidden=(3, 2), trainable={"R*": 0.1, "C1": None}, scaling=SCALING, rngs=rngs()
    ),
    "Wiener and Hammerstein": lambda: cn.hybrid.wiener_hammerstein(order=(2, 3), hidden=(3,), rngs=rngs()),
    "aligned": lambda: cn.hybrid.aligned(
        dry=cn.hybrid.Gain(0.5),
        wet=cn.nodal.NodalModel(cn.circuits.diode_clipper(), oversampling=2),
    ),
    "residual": lambda: cn.residual(cn.chain(cn.recurrent.GRU(2, rngs=rngs()), cn.hybrid.Gain(0.1, trainable=True))),
    "parallel, without names": lambda: cn.parallel(cn.recurrent.GRU(2, rngs=rngs()), cn.hybrid.Delay(5)),
}
FILTERS = {
    "CoupledForm": lambda: cn.filters.CoupledForm(3, fs=44_100),
    "BiquadCascade": lambda: cn.filters.BiquadCascade(4, radius=0.99),
    "FixedFilter": lambda: cn.filters.FixedFilter(cn.filters.BiquadCascade(3).form(), 48_000, dtype=jnp.float64),
    "NeuralToneStack": lambda: cn.filters.NeuralToneStack(KNOBS, hidden=(3,), order=3, frame=4),
    "NeuralToneStack, biquads": lambda: cn.filters.NeuralToneStack(KNOBS, fs=44_100, form="biquads", dtype=jnp.float64),
    "ResampledFilter": lambda: cn.filters.NeuralToneStack(KNOBS, hidden=(3,), order=3).at(96_000),
    "Counted": lambda: cn.Counted(cn.recurrent.GRU(2, fs=96_000, rngs=rngs())),
    "Oversampled, with states": lambda: cn.hybrid.Oversampled(
        cn.recurrent.STN(STATES, fs=96_000, scaling=SCALING, rngs=rngs()), 4
    ),
    "Oversampled": lambda: cn.hybrid.Oversampled(cn.recurrent.GRU(2, fs=96_000, rngs=rngs()), 2),
}
CIRCUITS = {
    "NodalModel": lambda: cn.nodal.NodalModel(
        cn.circuits.tube_screamer_clipping(), 44_100,
        rule=alpha_transform(0.5), trainable={"R*": 0.05, "C3": None, "drive": None},
    ),
    "NodalModel, double": lambda: cn.nodal.NodalModel(cn.circuits.common_emitter(), rule="bdf2", dtype=jnp.float64),
    "WDFModel, derived": lambda: cn.wdf.derive(cn.circuits.diode_clipper(), diodes="simple", trainable=("C*",)),
    "WDFModel, by hand": lambda: cn.wdf.WDFModel(
        tree(), cn.wdf.DiodePair(up=2), output=("C1", "i(C1)"), trainable={"C*": 0.1}, solver="sequential"
    ),
    "WDFModel, R-type": lambda: cn.wdf.WDFModel(
        cn.wdf.RType(
            cn.wdf.VoltageSource("Vin"), cn.wdf.Resistor("10k*(1-k)+1"), cn.wdf.Resistor("10k"), cn.wdf.Capacitor("1n"),
            nodes=[("in", "0"), ("in", "a"), ("a", "out"), ("a", "out")], nullors=[("out", "0", "a")],
        ),
        output="out", controls={"k": 0.25},
    ),
    "WDFModel, neural": lambda: cn.wdf.WDFModel(
        tree(), cn.wdf.NeuralRoot(cn.wdf.DiodePair(), cn.wdf.NeuralOnePort((4,), rngs=rngs()))
    ),
}  # fmt: skip
SMALL = {**NETWORKS, **FILTERS, **HYBRIDS, **CIRCUITS}
CATALOGUE = tuple(cn.circuits.CATALOGUE)


def there_and_back(model, folder):
    save(model, folder / "model.npz")
    back = restore(folder / "model.npz")
    assert back.settings == model.settings
    assert (back.fs, back.latency) == (model.fs, model.latency)
    assert list(back.controls.items()) == list(model.controls.items()), "weights know knobs by their place"
    (graph, numbers), (graph_back, numbers_back) = nnx.split(model), nnx.split(back)
    assert graph_back == graph, "another program would run"
    for found, expected in zip(jax.tree.leaves(numbers_back), jax.tree.leaves(numbers), strict=True):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)
    return back


@jax.jit(static_argnums=0)
def output_and_gradient(graph, params, rest, x):
    def output(params, x):
        model = nnx.merge(graph, params, rest)
        return model(model.init_carry(), x)[1]

    y, back = jax.vjp(output, params, x)
    return y, back(jnp.ones_like(y))


def check_sound(model, folder):
    """Bit for bit, by the program that was compiled for the model itself."""
    back = there_and_back(model, folder)
    x = jnp.asarray(0.3 * np.random.default_rng(1).standard_normal((40, model.in_features)), model.dtype)
    expected = output_and_gradient(*nnx.split(model, nnx.Param, ...), x)
    programs = output_and_gradient._cache_size()
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(expected))
    jax.tree.map(np.testing.assert_array_equal, output_and_gradient(*nnx.split(back, nnx.Param, ...), x), expected)
    assert output_and_gradient._cache_size() == programs


@pytest.mark.parametrize("name", SMALL)
def test_the_file_is_enough(name, tmp_path):
    """The same program and the same numbers: that they sound the same, and learn the same, is checked of some."""
    there_and_back(learnt(SMALL[name]()), tmp_path)


@pytest.mark.parametrize("name", ["GRU, knobs, scaling", "StateMatchedGRU", "WDFModel, neural"])
def test_bit_for_bit(name, tmp_path):
    check_sound(learnt(SMALL[name]()), tmp_path)


LARGE = ("NodalModel", "WDFModel, by hand", "gray box", "Wiener and Hammerstein", "aligned", "Resampled")


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_large_models_bit_for_bit(name, tmp_path):
    check_sound(learnt(SMALL[name]()), tmp_path)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (k % 6 > 0)) for k, name in enumerate(CATALOGUE)]
)
def test_catalogue(name, tmp_path):
    there_and_back(cn.nodal.NodalModel(getattr(cn.circuits, name)(), trainable=("*",)), tmp_path)
