"""Voltages across components and currents through them, against closed forms and Kirchhoff's laws."""

import dataclasses

import hypothesis
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import strategies as st

import circuitnn as cn
from circuitnn.circuit import read_netlist
from circuitnn.circuit.catalogue import bassman
from circuitnn.devices.constants import THERMAL_VOLTAGE
from circuitnn.nodal import NodalModel, frequency_response, operating_point, transfer_function
from circuitnn.testing import check_gradient, check_model
from tests.nodal.signals import energy, noise

FREQS = np.array([10.0, 100, 1e3, 1e4])
RLC = "t\nVin in 0 0\nR1 in a 100\nL1 a b 10m\nC1 b 0 1u\n"
OUTPUTS = ("i(R1)", "i(L1)", "i(C1)", "v(R1)", "v(L1)", "v(C1)", "v(0,b)", "i(Vin)", "v(in,b)")
DIVIDER = "t\n.param k=0.5\nVin in 0 0\nR1 in a 2k\nRp a b {k*10k}\nR2 b 0 1k\n"


def played(circuit, x, **knobs):
    model = NodalModel(circuit, dtype=jnp.float64)
    return cn.run(model, x, controls=cn.controls(model, **knobs) if knobs else None)[1]


def test_a_series_resonance_in_closed_form():
    s = 2j * np.pi * FREQS
    i = 1 / (100 + 10e-3 * s + 1 / (1e-6 * s))
    c = i / (1e-6 * s)
    expected = [i, i, i, 100 * i, 10e-3 * s * i, c, -c, -i, 1 - c]
    circuit = read_netlist(RLC, outputs=OUTPUTS)
    np.testing.assert_allclose(frequency_response(circuit, FREQS)[:, 0], expected, rtol=1e-10)
    transfer = transfer_function(circuit)
    np.testing.assert_allclose(transfer.frequency_response(FREQS)[:, 0], expected, rtol=1e-8)


def test_a_current_that_follows_the_derivative_of_the_input():
    circuit = read_netlist("t\nVin in 0 0\nC1 in 0 1u\nR1 in 0 1k\n", outputs=("i(C1)", "i(Vin)"))
    s = 2j * np.pi * FREQS
    expected = [1e-6 * s, -(1e-6 * s + 1e-3)]
    np.testing.assert_allclose(frequency_response(circuit, FREQS)[:, 0], expected, rtol=1e-12)
    np.testing.assert_allclose(transfer_function(circuit).frequency_response(FREQS)[:, 0], expected, rtol=1e-9)


@pytest.mark.parametrize("rule", ["trapezoidal", "backward_euler", "bdf2"])
def test_the_laws_of_the_elements_hold_along_time(rule):
    circuit = read_netlist(RLC + "Rb b 0 5k\n", outputs=(*OUTPUTS, "i(Rb)"))
    x = noise(60, 1)
    y = np.asarray(cn.run(NodalModel(circuit, rule=rule, dtype=jnp.float64), x)[1]).T
    r, coil, c, v_r, v_l, v_c, minus, source, rest, b = y
    atol = 1e-12 * np.abs(x).max()
    np.testing.assert_allclose(v_r, 100 * r, atol=atol)
    np.testing.assert_allclose([coil, -source], [r, r], atol=atol)
    np.testing.assert_allclose(c + b, r, atol=atol)
    np.testing.assert_allclose(v_c, 5e3 * b, atol=atol)
    np.testing.assert_allclose([-minus, v_r + v_l, v_r + v_l + v_c], [v_c, rest, x[:, 0]], atol=10 * atol)
    for value, dual, state in ((1e-6, c, v_c), (10e-3, v_l, coil)):
        change = value * 48_000 * np.diff(state)
        if rule == "trapezoidal":
            np.testing.assert_allclose(change, (dual[1:] + dual[:-1]) / 2, atol=1e-9 * np.abs(dual).max())
        elif rule == "backward_euler":
            np.testing.assert_allclose(change, dual[1:], atol=1e-9 * np.abs(dual).max())


def test_the_current_of_a_diode_through_a_source_of_zero_volts():
    net = "t\nVin in 0 0\nR1 in a 1k\nVd a d 0\nD1 d 0 DX\n.model DX D(IS=2.52n N=1.752)\n"
    circuit = read_netlist(net, outputs=("i(Vd)", "v(D1)", "i(R1)"))
    current, v, same = np.asarray(played(circuit, noise(40, 1, peak=1))).T
    np.testing.assert_allclose(current, 2.52e-9 * np.expm1(v / (1.752 * THERMAL_VOLTAGE)), rtol=1e-6, atol=1e-13)
    np.testing.assert_allclose(current, same, rtol=1e-12, atol=1e-15)


@pytest.mark.slow
def test_knobs_along_time_in_a_batch_and_at_their_end():
    circuit = read_netlist(DIVIDER, outputs=("i(Rp)", "v(Rp)", "i(R1)"))
    k = np.stack([np.linspace(0, 1, 30), np.linspace(1, 0, 30), np.zeros(30)])
    x = noise(3, 30, 1)
    i = x[..., 0] / (3e3 + 1e4 * k)
    expected = np.stack([i, 1e4 * k * i, i], -1)
    np.testing.assert_allclose(played(circuit, x, k=k), expected, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(played(circuit, x[0], k=0.0)[:, 0], x[0, :, 0] / 3e3, rtol=1e-12)
    h = frequency_response(circuit, FREQS, controls={"k": np.array([[0.0], [1.0]])})
    np.testing.assert_allclose(h[:, 0, 0, 0], [1 / 3e3, 1 / 13e3], rtol=1e-12)


def test_gradients_at_the_end_of_a_knob():
    circuit = read_netlist(DIVIDER, outputs=("i(Rp)", "v(Rp)"))
    x = jnp.asarray(noise(10, 1))
    slope = jax.jacfwd(lambda k: played(circuit, x, k=k))(0.0)
    np.testing.assert_allclose(slope, x * np.array([[-1e4 / 3e3**2, 1e4 / 3e3]]), rtol=1e-9)


@pytest.mark.parametrize("end", [0.0, 1.0])
def test_currents_of_a_tone_stack_at_the_ends_of_its_pots(end):
    pots = ("R1a", "R1b", "R3a", "R3b", "R4")
    circuit = dataclasses.replace(bassman(), outputs=(*(f"i({pot})" for pot in pots), "v(C1)"))
    x = jnp.asarray(noise(20, 1))

    def total(k, values):
        y = played(dataclasses.replace(circuit, values=values), x, treble=k, mid=k)
        return jnp.sum(y[:, :-1] ** 2) * 1e6 + jnp.sum(y[:, -1] ** 2)

    values = {name: jnp.asarray(value) for name, value in circuit.values.items()}
    found, gradients = jax.jit(jax.value_and_grad(total, (0, 1)))(jnp.asarray(end), values)
    assert np.isfinite(found)
    assert found > 0
    assert all(np.isfinite(each) for each in jax.tree.leaves(gradients))
    assert float(gradients[0]) != 0


@pytest.mark.slow
def test_gradients_of_currents():
    net = DIVIDER + "C1 b 0 100n\nD1 b 0 DX\n.model DX D(IS=2.52n N=1.752)\n"
    check_gradient(*energy(read_netlist(net, outputs=("i(R1)", "i(C1)")), noise(40, 1)))


@pytest.mark.slow
def test_the_block_law_and_both_precisions():
    circuit = read_netlist(
        DIVIDER + "C1 b 0 100n\nD1 b 0 DX\n.model DX D(IS=2.52n N=1.752)\n", outputs=("i(R1)", "i(C1)")
    )
    check_model(lambda dtype: NodalModel(circuit, dtype=dtype), noise(2, 40, 1), rtol=1e-10, gradient=None)


def test_the_operating_point():
    circuit = read_netlist(RLC + "R2 b 0 200\n", outputs=("i(Vin)", "i(C1)", "v(L1)", "v(in,b)", "b")).replace(Vin=3.0)
    point = operating_point(circuit)
    expected = {"in": 3, "a": 2, "b": 2, "i(Vin)": -0.01, "i(C1)": 0, "v(L1)": 0, "v(in,b)": 1}
    assert {name: pytest.approx(value, abs=1e-12) for name, value in expected.items()} == point


PARTS = {
    "R": "R{k} m n{k} {value}k", "pot": "R{k} m n{k} {{knob*{value}k}}", "C": "C{k} m n{k} {value}n",
    "L": "L{k} m n{k} {value}m", "V": "V{k} m n{k} 0.{value}", "E": "E{k} m n{k} in 0 0.{value}",
    "H": "H{k} m n{k} Vin {value}", "B": "B{k} m n{k} V={{0.1*tanh(v(in))}}",
}  # fmt: skip


@pytest.mark.slow
@hypothesis.given(st.lists(st.tuples(st.sampled_from(sorted(PARTS)), st.integers(1, 9)), min_size=1, max_size=5))
@hypothesis.settings(max_examples=12)
def test_kirchhoffs_current_law(parts):
    """What flows into a node flows out of it, and the voltages round a loop cancel, whatever is connected there."""
    lines = [PARTS[kind].format(k=k, value=value) for k, (kind, value) in enumerate(parts)]
    names = [line.split()[0] for line in lines]
    ends = [f"Rt{k} n{k} 0 1k" for k in range(len(parts))]
    net = "\n".join(["t", ".param knob=0.4", "Vin in 0 0", "Rin in m 1k", *lines, *ends, ""])
    branches = ["Rin", *names]
    circuit = read_netlist(
        net, outputs=(*(f"i({name})" for name in branches), *(f"v({name})" for name in names), "m", "v(Rt0)")
    )
    into = np.array([1] + [-1] * len(names))
    h = np.asarray(frequency_response(circuit, FREQS))[:, 0]
    y = np.asarray(played(circuit, noise(20, 1))).T
    for each in (h, y):
        currents, voltages = each[: len(branches)], each[len(branches) :]
        np.testing.assert_allclose(into @ currents, 0, atol=1e-11 * np.abs(currents).max())
        np.testing.assert_allclose(voltages[0] + voltages[-1], voltages[-2], atol=1e-11 * np.abs(voltages).max())
