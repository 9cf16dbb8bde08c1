"""Circuits that depend on the time: oscillators in expressions, sources beside the input."""

import jax
import numpy as np
import pytest

import circuitnn as cn
from circuitnn.expressions.errors import NetlistError

FS = 48_000
TREMOLO = """* tremolo
.param rate=40 depth=0.6
Vin in 0 0
R1 in out 10k
R2 out 0 R={10k*(1+depth*sin(2*pi*rate*time))}
C1 out 0 2n
"""
WAVES = (
    "SIN(0.5 0.2 50)", "SIN(0.5 {d} {f} 3m 20 30)", "PULSE(0 1 1m 2m 3m 4m 15m)", "PULSE(0 1 3m 1m)",
    "PWL(0 0 5m 1 20m 0.3)", "EXP(0 1 2m 3m 10m 5m)", "SFFM(0.1 0.3 100 2 20)", "AM(0.5 1 30 200 2m)",
    "AM(0.5 1 30 200)", "PULSE(0 1 1m 1m 1m 3m 7m 2)", "DC 0 SIN( 0.1 1 50 0 0 0 1 ) AC 1",
)  # fmt: skip
pytestmark = pytest.mark.filterwarnings("ignore::circuitnn.expressions.errors.NetlistWarning")


def times(count: int, fs: float = FS) -> np.ndarray:
    """The first sample comes one period after rest, as in `cn.spice.transient`."""
    return np.arange(1, count + 1) / fs


@pytest.fixture(scope="module")
def tremolo():
    return cn.nodal.NodalModel(cn.read_netlist(TREMOLO), fs=FS, dtype="float64")


def test_an_oscillator_is_what_it_says_and_a_state(tremolo):
    circuit = cn.read_netlist("* t\nVin in 0 1\nR1 in out 10k\nB1 out 0 I=v(out)*1e-4*(1+sin(6.28*5*time+0.3))\n")
    time = times(512)
    for dtype, error in (("float64", 1e-13), ("float32", 1e-6)):
        model = cn.nodal.NodalModel(circuit, fs=FS, dtype=dtype)
        _, y, states = cn.trace(model, np.ones(512))
        np.testing.assert_allclose(y, 1 / (2 + np.sin(6.28 * 5 * time + 0.3)), atol=error)
        assert model.state_names == ("B.B1.t1.phase",)
        np.testing.assert_allclose(states[:, 0], 6.28 * 5 * time / (2 * np.pi), atol=error)
    assert cn.nodal.operating_point(circuit)["out"] == pytest.approx(1 / (2 + np.sin(0.3)), rel=1e-12)
    assert cn.nodal.frequency_response(circuit, [100.0])[0] == pytest.approx(1 / (2 + np.sin(0.3)), rel=1e-12)
    assert cn.read_netlist(circuit.to_spice()) == circuit


@pytest.mark.slow
def test_the_rate_turns_without_a_jump_and_has_a_gradient(tremolo):
    x = np.ones(512)
    turned = np.where(np.arange(512) < 256, 400.0, 40.0)

    def run(rate, depth):
        return cn.trace(tremolo, x, controls={"rate": rate * np.ones(512), "depth": depth})

    _, y, states = run(turned, 0.6)
    steps = np.diff(np.asarray(states[:, 1]))
    np.testing.assert_allclose(steps[np.abs(steps) < 0.5], (turned / FS)[1:][np.abs(steps) < 0.5], atol=1e-12)
    assert np.abs(np.diff(np.asarray(y)))[254:258].max() < 2e-2

    def energy(knobs):
        return (run(*knobs)[1] ** 2).sum()

    energy = jax.jit(energy)
    gradient = jax.jit(jax.grad(energy))((40.0, 0.6))
    for place, step in ((0, 1e-3), (1, 1e-5)):
        ahead, behind = ([40.0, 0.6] for _ in range(2))
        ahead[place] += step
        behind[place] -= step
        central = float(energy(tuple(ahead)) - energy(tuple(behind))) / (2 * step)
        assert float(gradient[place]) == pytest.approx(central, rel=1e-6)


@pytest.mark.slow
def test_blocks_states_and_forcing(tremolo):
    x = np.sin(2 * np.pi * 300 * times(512))
    _, whole, states = cn.trace(tremolo, x)
    carry, first = cn.run(tremolo, x[:256])
    np.testing.assert_allclose(np.concatenate([first, cn.run(tremolo, x[256:], carry)[1]]), whole, atol=1e-12)
    again = tremolo.force(tremolo.init_carry(), states[255])
    np.testing.assert_allclose(tremolo.states(again), states[255], atol=1e-15)
    before = np.concatenate([np.asarray(tremolo.states(tremolo.init_carry()))[None], np.asarray(states[:-1])])
    mask = np.arange(512) % 7 == 3
    wrong = np.where(mask[:, None], before, 0.123)
    for forcing in (cn.model.Forcing(before), cn.model.Forcing(wrong, mask)):
        _, y, seen = cn.trace(tremolo, x, forcing=forcing)
        np.testing.assert_allclose(y, whole, atol=1e-6)
        np.testing.assert_allclose(seen[:, 1], states[:, 1], atol=1e-12)


def test_half_a_day_later_nothing_is_lost():
    model = cn.nodal.NodalModel(cn.read_netlist(TREMOLO.replace("rate=40", "rate=0.37")), fs=FS)
    clock, minute = model.init_carry().clock, 60 * FS
    step = jax.jit(lambda clock: model.clocks.run(model.circuit, {}, clock, minute, None, None)[0])
    for _ in range(12 * 60):
        clock = step(clock)
    rate = float(np.float32(0.37))  # as the model has it
    assert float(clock[0, 0]) == pytest.approx((rate * 12 * 3600) % 1, abs=1e-6)


def test_waveforms_beside_the_input_are_those_of_ngspice(ngspice):
    sources = [f"V{k} w{k} 0 {wave}\nR{k} w{k} 0 1k" for k, wave in enumerate(WAVES)]
    text = "\n".join(["* waves", ".param f=40 d=0.3", "Vin in 0 0", "R in 0 1k", *sources, ""])
    circuit = cn.read_netlist(text, outputs=[f"w{k}" for k in range(len(WAVES))])
    y = cn.run(cn.nodal.NodalModel(circuit, fs=FS, dtype="float64"), np.zeros((1024, 1)))[1]
    np.testing.assert_allclose(y, cn.spice.transient(circuit, np.zeros((1024, 1)), FS), atol=1e-9)
    assert cn.read_netlist(circuit.to_spice(), outputs=circuit.outputs) == circuit
    assert "V0 runs along time as its SIN says" in "\n".join(map(str, circuit.notes))


@pytest.mark.slow
def test_phases_that_know_the_circuit_and_all_engines(ngspice):
    """Phase modulation; a wave digital filter."""
    text = "* pm\nVin in 0 0\nR1 in out 1k\nC1 out 0 100n\nR2 out 0 R=2k+1k*sin(2*pi*200*time+v(in))*cos(1k*time)\n"
    circuit = cn.read_netlist(text)
    x = np.sin(2 * np.pi * 300 * times(512, 4 * FS)) ** 3
    y = cn.run(cn.nodal.NodalModel(circuit, fs=4 * FS, dtype="float64"), x)[1]
    np.testing.assert_allclose(cn.run(cn.wdf.derive(circuit, fs=4 * FS, dtype="float64"), x)[1], y, atol=1e-12)
    np.testing.assert_allclose(y, cn.spice.transient(circuit, x, 4 * FS), atol=3e-5)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (".param p={sin(time)}", "time is known to B, E and G sources"),
        ("Vx out 0 SIN(0 1)", "Vx is no input: SIN takes 3 to 7 numbers here, got 2"),
        ("Vx out 0 PWL(0 0 1m 1 0.5m 2)", "Vx is no input: the x of a table must rise"),
        ("Vx out 0 WAVEFILE=x.wav", "Vx is no input: WAVEFILE beside the input is not supported"),
        ("Vx out 0 SIN(0 {nobody} 5)", "Vx is no input: SIN takes 3 to 7 numbers here, got 0"),
        ("Vx out 0 TRNOISE(1 1n 0 0)", "Vx is no input: TRNOISE beside the input is not supported"),
        ("X1 out sub PARAMS: p={time}\n.subckt sub a p=1\nR1 a 0 {p}\n.ends", "time is known to B"),
    ],
)
def test_what_cannot_be_is_said(line, message):
    with pytest.raises(NetlistError, match=message):
        cn.read_netlist(f"* bad\nVin in 0 0\nR0 in out 1k\n{line}\n")
