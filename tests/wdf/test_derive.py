"""The third law: a derived wave digital filter is the circuit, discretised at the same rate by the same rule.

The reference is a simulator that shares nothing with the engines (tests/reference.py). What is allowed is 1e-9 V per
volt of output. It is three orders above what rounding makes of most circuits, and leaves room for those with an op-amp
gain of 1e5, and for what two Newton iterations leave when they end at other points.
"""

from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

import circuitnn as cn
from circuitnn.numerics.rules import alpha_transform
from tests.cases import cases
from tests.reference import WITHOUT
from tests.wdf.agreement import FS, difference, guitar_like, played

TOLERANCE = 1e-9
# One of each sort at each commit: passive with pots, diodes, nullors, a transistor, tubes.
QUICK = ("diode_clipper_second_order", "bassman", "sallen_key", "tube_screamer_clipping", "common_emitter")
HEAVY = (
    "sd1",
    "ds1",
    "big_muff",
    "phase90",
    "moog_ladder",
    "bridged_t",
    "ring_modulator",
    "precision_rectifier",
)  # compilation of each takes most of a minute: only as they are
LEFT_OUT = ("power_amplifier", "push_pull_amplifier", "pultec", "tube_preamp")  # with 9 to 16 ports: not tried
# Where the engines' common operating point is that far from the reference's; there the nodal model is compared as well.
APART = {
    "sd1": 1e-8,
    "jfet_stage": 1e-8,
    "ds1": 1e-8,
    "rangemaster": 1e-8,
    "fuzz_face_germanium": 1e-8,
    "big_muff": 1e-7,
    "twin_t": 1e-8,
}
RULES = ("bdf2", alpha_transform(0.4))
GUITAR = Path(__file__).parents[3] / "shared" / "data" / "guitar-di" / "john.flac"


def derived(name, **options):
    return cn.wdf.derive(cn.circuits.CATALOGUE[name](), FS, dtype=jnp.float64, **options)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)
        for name in cn.circuits.CATALOGUE
        if name
        not in (*WITHOUT, *LEFT_OUT)  # 1e-9 from the nodal model, by hand: compilation of each takes half a minute
    ],
)
def test_every_circuit_of_the_catalogue(name):
    """Knobs as they are, all at zero, all at one."""
    model, x = derived(name), played(name)
    circuit = cn.circuits.CATALOGUE[name]()
    ends = (0.0, 1.0) if circuit.controls and name not in HEAVY else ()
    for knobs in (None, *(dict.fromkeys(circuit.controls, end) for end in ends)):
        if name in APART:
            nodal = cn.nodal.NodalModel(circuit, FS, dtype=jnp.float64)
            signals = (cn.trace(one, x, controls=knobs)[1:] for one in (model, nodal))
            for mine, other in zip(*signals, strict=True):
                np.testing.assert_allclose(mine, other, rtol=0, atol=TOLERANCE * max(1, np.abs(other).max()))
        allowed = APART.get(name, TOLERANCE)
        assert difference(model, x, circuit, controls=knobs) < allowed, knobs


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize("name", ["diode_clipper_second_order", "bassman"])
def test_other_rules(name, rule):
    assert difference(derived(name, rule=rule), played(name, 100)) < TOLERANCE


def test_oversampling():
    """Oversampled as the nodal model is; the filters around it are tested with them."""
    nodal = cn.nodal.NodalModel(cn.circuits.diode_clipper(), FS, oversampling=2, dtype=jnp.float64)
    y = [cn.run(model, played("diode_clipper"))[1] for model in (derived("diode_clipper", oversampling=2), nodal)]
    np.testing.assert_allclose(*y, rtol=0, atol=TOLERANCE)


def test_the_parallel_solver():
    model = derived("diode_clipper", solver="parallel")
    assert difference(model, played("diode_clipper")) < TOLERANCE


@pytest.mark.parametrize("name", cases(["bassman", "tube_screamer_clipping"], quick=["bassman"]))
def test_knobs_along_time_and_in_batches(name):
    """Each entry of a batch with knobs of its own, that go from end to end, with jumps."""
    model, n = derived(name), 120
    x = np.stack([played(name, n, seed=1), played(name, n, seed=2)])
    random = np.random.default_rng(0)
    along = {}
    for k, knob in enumerate(model.controls):
        slowly = 0.5 - 0.5 * np.cos(np.arange(n) / (20 + k))
        along[knob] = np.stack([slowly, np.repeat(random.uniform(0, 1, 6), n // 6)])
        along[knob][1, :20], along[knob][1, 20:40] = 0, 1
    assert difference(model, x, controls=along) < TOLERANCE
    constants = {knob: np.array([[0.1], [0.8]]) for knob in model.controls}
    assert difference(model, x, controls=constants) < TOLERANCE


def test_the_circuit_is_handed_on():
    circuit = cn.circuits.bassman()
    model = cn.wdf.derive(circuit, FS, dtype=jnp.float64)
    assert isinstance(model, cn.wdf.WDFModel)
    assert model.circuit.to_spice() == circuit.to_spice()
    assert model.controls == circuit.controls
    assert model.state_names == cn.nodal.NodalModel(circuit, FS).state_names
    assert model.fs == FS


def test_several_inputs_and_outputs():
    """Currents, differences of voltages, inner nodes: all that a netlist can ask for."""
    net = (
        "* t\nVa a 0 0\nVb b 0 0\nIc 0 m 0\nR1 a m 1k\nL1 m n 1m\nR2 n b 2.2k\nC1 n 0 47n\nC2 m q 10n\nR3 q 0 1k\n.end"
    )
    outputs = ("n", "m", "v(m,n)", "i(R2)", "i(L1)", "i(C1)", "i(Va)")
    circuit = cn.read_netlist(net, inputs=("Va", "Ic", "Vb"), outputs=outputs)
    model = cn.wdf.derive(circuit, FS, dtype=jnp.float64)
    x = guitar_like(3, 150).T * [1, 1e-3, 1]
    assert model.in_features == 3
    assert model.out_features == len(outputs)
    assert difference(model, x) < TOLERANCE
    _, y = cn.run(model, x)
    y = np.asarray(y)
    np.testing.assert_allclose(y[:, 2], y[:, 1] - y[:, 0], rtol=0, atol=1e-12)
    np.testing.assert_allclose(y[:, 3], (y[:, 0] - x[:, 2]) / 2200, rtol=0, atol=1e-12)
    np.testing.assert_allclose(y[:, 6], (y[:, 1] - x[:, 0]) / 1000, rtol=0, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["diode_clipper", "bassman", "tube_screamer_clipping", "common_emitter"])
def test_two_seconds_of_a_real_guitar(name):
    """Nothing grows over time that a short signal would not show."""
    if not GUITAR.exists():
        pytest.skip(f"{GUITAR} is not there")
    x, fs = cn.audio.read(GUITAR)
    x = np.asarray(x, np.float64).reshape(len(x), -1)[:, 0]
    x = x[fs : 3 * fs]
    x = cn.circuits.NOMINAL_PEAK[name] * x / np.max(np.abs(x))
    model = cn.wdf.derive(cn.circuits.CATALOGUE[name](), fs, dtype=jnp.float64)
    assert difference(model, x[:, None]) < TOLERANCE
