"""One rule for knobs, in the same words wherever they are given."""

import jax
import numpy as np
import optax
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn import knobs

DIVIDER = cn.read_netlist(
    "divider\n.param Tone=0.25 load=10k\nVin in 0 0\nR1 in out {1k+10k*(1-tone)}\nR2 out 0 {load}\nC1 out 0 10n\n.end"
)
X = np.linspace(0, 0.1, 8)
DATA = cn.train.Dataset(X, X, controls={"TONE": 0.5, "load": 1e4}, fs=48_000)
BPTT = cn.train.TruncatedBPTT(length=4, warmup=0)


@pytest.fixture(scope="module")
def nodal():
    return cn.nodal.NodalModel(DIVIDER)


@pytest.fixture(scope="module")
def network():
    return cn.recurrent.GRU(2, controls={"Tone": 0.25, "load": 1e4}, rngs=nnx.Rngs(0))


def fit_with(model, values):
    named = {name.lower() for name in values}
    controls = {name: value for name, value in (("Tone", 0.5), ("load", 1e4)) if name.lower() not in named} | values
    return cn.train.fit(model, cn.train.Dataset(X, X, controls=controls, fs=48_000), BPTT, epochs=1, progress=False)


BORDERS = {
    "resolve": lambda nodal, network, values: DIVIDER.resolve(values),
    "controls": lambda nodal, network, values: cn.controls(nodal, **values),
    "run of a circuit": lambda nodal, network, values: cn.run(nodal, X, controls=values),
    "run of a network": lambda nodal, network, values: cn.run(network, X, controls=values),
    "run of a chain": lambda nodal, network, values: cn.run(cn.chain(nodal, network), X, controls=values),
    "trace": lambda nodal, network, values: cn.trace(nodal, X, controls=values),
    "a block": lambda nodal, network, values: network(network.init_carry(), X[:, None], values),
    "the start": lambda nodal, network, values: nodal.init_carry((), values),
    "frequency response": lambda nodal, network, values: cn.nodal.frequency_response(DIVIDER, [1e3], controls=values),
    "transfer function": lambda nodal, network, values: cn.nodal.transfer_function(DIVIDER, controls=values),
    "operating point": lambda nodal, network, values: cn.nodal.operating_point(DIVIDER, controls=values),
    "ngspice's ac": lambda nodal, network, values: cn.spice.ac(DIVIDER, [1e3], controls=values),
    "ngspice's op": lambda nodal, network, values: cn.spice.operating_point(DIVIDER, controls=values),
    "ngspice's tran": lambda nodal, network, values: cn.spice.transient(DIVIDER, X, 48e3, controls=values),
    "record": lambda nodal, network, values: cn.train.record(nodal, X, fs=48e3, controls=values),
    "simulate": lambda nodal, network, values: cn.train.simulate_dataset(DIVIDER, X, controls=values, progress=False),
    "fit": lambda nodal, network, values: fit_with(network, values),
}


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"ton": 0.5}, r"no knob 'ton' \(did you mean Tone\?\); there are Tone, load"),
        ({"tone": 1.5}, r"knob Tone: 1.5 (at \[0, 0\] )?is outside 0..1; a knob goes from 0 to 1"),
        ({"Tone": float("nan")}, r"knob Tone: nan (at \[0, 0\] )?is (outside 0..1|not finite)"),
        ({"Tone": "a lot"}, "could not convert|knob Tone: expected a number"),
        ({"load": np.inf}, r"knob load: inf (at \[0, 0\] )?is not finite"),
        ({"Tone": np.full((3, 5), 0.5)}, r"knob Tone: expected .* got the shape \(3, [15]\)"),
    ],
)
def test_every_border_says_the_same(border, values, says, nodal, network):
    if border in ("resolve", "controls") and np.ndim(next(iter(values.values()))):
        pytest.skip("without a signal any shape may be meant")
    with pytest.raises(ValueError, match=says):
        BORDERS[border](nodal, network, values)


@pytest.mark.slow
def test_case_does_not_matter_and_the_first_spelling_is_shown(nodal):
    network = cn.recurrent.GRU(2, controls=("TONE", "gain"), rngs=nnx.Rngs(0))
    both = cn.chain(nodal, network)
    assert both.controls == {"Tone": 0.25, "load": 1e4, "gain": 0.5}
    assert {name: float(value) for name, value in cn.controls(both, tOnE=0.75).items()}["Tone"] == 0.75
    # One knob turns both parts: as if each was turned by its own name.
    carry = both.init_carry()
    _, together = both(carry, X[:, None].astype(np.float32), {"tone": 0.75, "GAIN": 1.0})
    _, between = nodal(carry[0], X[:, None].astype(np.float32), {"Tone": 0.75})
    _, expected = network(carry[1], between, {"TONE": 0.75, "gain": 1.0})
    np.testing.assert_array_equal(together, expected)


def test_fit_finds_the_knobs_of_the_data_whatever_their_case():
    def trained(name):
        network = cn.recurrent.GRU(2, controls=("tone",), rngs=nnx.Rngs(0))
        data = cn.train.Dataset(X, 2 * X, controls={name: X}, fs=48_000)
        model, _ = cn.train.fit(network, data, BPTT, optimizer=optax.sgd(0.1), epochs=1, progress=False)
        return model.rec.weight_ih[...]

    np.testing.assert_array_equal(trained("Tone"), trained("tone"))


def test_only_what_is_known_is_checked():
    at = jax.jit(lambda position: DIVIDER.resolve({"tone": position})["R1"])
    assert float(at(1.5)) == pytest.approx(1e3 - 5e3)  # traced: it cannot be seen
    # A control with another default is a plain number.
    assert knobs.knobs_of(DIVIDER.controls) == {"Tone": 0.25}
    assert float(DIVIDER.resolve({"load": 2e4})["R2"]) == 2e4


@pytest.mark.parametrize(
    ("shape", "signal", "fits"),
    [
        ((), (5, 8), True),
        ((8,), (5, 8), True),
        ((5, 1), (5, 8), True),
        ((1, 8), (5, 8), True),
        ((5,), (5, 8), False),
        ((4, 1), (5, 8), False),
        ((2, 5, 8), (5, 8), False),
    ],
)
def test_shapes(shape, signal, fits):
    if fits:
        return knobs.check_shape("tone", shape, signal)
    with pytest.raises(ValueError, match="knob tone: expected a number or an array") as error:
        knobs.check_shape("tone", shape, signal)
    assert ("has the shape (5, 1)" in str(error.value)) == (shape == (5,))


def test_names_and_ranges():
    with pytest.raises(ValueError, match="given twice, in different case"):
        knobs.matched({"tone": 0, "TONE": 1}, {"tone": 0.5})
    with pytest.raises(ValueError, match="by name, such as"):
        knobs.matched([0.5], {"tone": 0.5})
    with pytest.raises(ValueError, match=r"1.25 at \[1, 0\] is outside"):
        knobs.check_value("tone", np.array([[0.5], [1.25]]))
    with pytest.raises(ValueError, match=r"load is no knob, its default is 10000: a knob is a .param"):
        knobs.knob_spelling("Load", DIVIDER.controls)
    with pytest.raises(ValueError, match="no knob 'x'; there are none"):
        knobs.spelling("x", {})
    assert knobs.within({"TONE": 1, "other": 2}, {"Tone": 0}) == {"Tone": 1}
    assert knobs.within(None, {"Tone": 0}) is None
