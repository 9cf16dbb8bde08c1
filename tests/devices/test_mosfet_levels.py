"""MOSFETs at levels 1 and 3 with all that SPICE adds, at temperatures, against ngspice and central differences."""

import jax
import numpy as np
import pytest

import circuitnn as cn
from circuitnn.circuit.reader import read_netlist
from circuitnn.mna.instances import parameters_of
from circuitnn.mna.topology import topology

TIGHT = cn.spice.Tolerances(reltol=1e-9, abstol=1e-15, vntol=1e-12)
JUNCTIONS = "CGSO=1n CGDO=2n CGBO=1n CJ=1m CJSW=1n MJ=.4 PB=.9 JS=1e-4 RSH=20"
FIRST = f"VTO={{}} KP=100u GAMMA=.5 PHI=.7 LAMBDA=.03 TOX=50n LD=.1u {JUNCTIONS}"
THIRD = (
    f"LEVEL=3 VTO={{}} KP=100u TOX=50n GAMMA=.4 NFS=3e11 NSUB=2e16 XJ=.3u LD=.1u VMAX=1e5 THETA=.1 ETA=.5 DELTA=.7 "
    f"KAPPA=.3 UO=500 WD=.1u XL=.1u XW=.2u DELVTO=.05 {JUNCTIONS}"
)
UNSATURATED = "LEVEL=3 VTO={} KP=100u TOX=50n NSUB=1e15 KAPPA=2 GAMMA=.3 IS=0 MJSW=1 NFS=1e11"
POWER = "LEVEL=3 W=.1 L=.3u VTO={} KP=.309u UO=650 XJ=.5u ETA=3u KAPPA=.1 NFS=4.9e12 DELTA=.1 TOX=60n"
SIZE = "W=20u L=2u AD=100p AS=200p PD=40u PS=70u NRD=2 NRS=3 m=3"
WARM = ".temp 75\n.options tnom=22"
TRIALS = {
    "first": (FIRST, SIZE, WARM, (0.6, 2.0, 9.0)),
    "third": (THIRD, SIZE, WARM, (0.6, 1.5, 2.0, 9.0)),
    "unsaturated": (UNSATURATED, "W=5u L=.5u", "", (0.6, 1.5, 9.0)),
    "power": (POWER, "", "", (0.8, 3.0)),
}


def read(name, volts=2.0, kind="NMOS"):
    """A stage with its bulk a volt behind the supply; of a p-channel its mirror image below nine volts."""
    card, line, tail, _ = TRIALS[name]
    low, high, sign, threshold = ("0", "d", 1, 0.9) if kind == "NMOS" else ("d", "0", -1, -0.9)
    bulk = -1 if kind == "NMOS" else 10
    text = (
        f"Vin in 0 {volts if sign > 0 else 9 - volts}\nVd d 0 9\nVb b 0 {bulk}\nR1 in g 10k\nRd {high} out 2k\n"
        f"M1 out g s b MN {line}\nRs s {low} 500\n.model MN {kind}({card.format(threshold)})\n{tail}\n"
    )
    return read_netlist(text, dialect="ngspice")


def observed(circuit, freqs=(1e5, 1e8)):
    return cn.nodal.operating_point(circuit)["out"], cn.nodal.frequency_response(circuit, np.array(freqs))


@pytest.mark.slow
@pytest.mark.ngspice
@pytest.mark.parametrize("kind", ["NMOS", "PMOS"])
@pytest.mark.parametrize("name", TRIALS)
def test_points_and_small_signals_are_those_of_ngspice(name, kind, ngspice):
    with jax.enable_x64(True):
        circuit = read(name, kind=kind)
        assert read_netlist(circuit.to_spice()) == circuit
        for volts in TRIALS[name][3]:
            driven = circuit.replace(Vin=volts if kind == "NMOS" else 9 - volts)
            point, response = observed(driven)
            expected = float(cn.spice.operating_point(driven, tolerances=TIGHT)["out"])
            assert float(point) == pytest.approx(expected, rel=1e-7)
            of_ngspice = np.ravel(cn.spice.ac(driven, [1e5, 1e8], tolerances=TIGHT))
            np.testing.assert_allclose(response, of_ngspice, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(("gate", "along"), [(1.5, 3.0), (1.5, 0.1), (0.85, 3.0), (3.0, 4.0)])
def test_slopes_of_small_signals_have_gradients_in_every_parameter(gate, along):
    with jax.enable_x64(True):
        circuit = read("third")
        (device,) = topology(circuit).devices
        resolved = circuit.resolve()
        values = {name: value for name, value in resolved.items() if name.startswith("MN.") and float(value) != 0.0}
        volts = [np.float64(port) for port in (gate, gate - along, -0.4, -0.4 - along)]

        @jax.jit
        def slopes(values):
            (parameters,) = parameters_of(device, {**resolved, **values})
            still = [jax.numpy.zeros(())] * 3

            def channel(*ports):
                return device.law.small_signal(parameters, [*ports, *still], [still[0], still[0]])[0][0]

            return jax.jvp(channel, volts, [np.float64(1 + 0.3 * port) for port in range(4)])[1]

        gradient = jax.jit(jax.grad(slopes))(values)
        for name, value in values.items():
            step = 1e-3 * abs(value)
            ends = {m: float(slopes({**values, name: value + m * step})) for m in (-2, -1, 1, 2)}
            expected = (8 * (ends[1] - ends[-1]) - (ends[2] - ends[-2])) / (12 * float(step))
            tiny = 1e-9 * abs(ends[1]) / abs(float(value))
            assert float(gradient[name]) == pytest.approx(expected, rel=1e-6, abs=tiny), name


@pytest.mark.slow
@pytest.mark.ngspice
@pytest.mark.parametrize("name", ["first", "third"])
def test_sounds_are_those_of_ngspice(name, ngspice):
    """The gate's charge counts: it is driven from far."""
    fs = 768_000
    x = 2.0 + np.sin(2 * np.pi * 1000 * np.arange(1600) / fs)
    with jax.enable_x64(True):
        circuit = read(name).replace(R1=1e6)
        expected = np.ravel(cn.spice.transient(circuit, x, fs))
        double, single = (
            np.ravel(cn.run(cn.nodal.NodalModel(circuit, fs=fs, dtype=dtype), x.astype(dtype))[1])
            for dtype in (np.float64, np.float32)
        )
        size = np.sum((expected - expected.mean()) ** 2)
        assert np.sum((double - expected) ** 2) < 1e-6 * size
        assert np.sum((single - double) ** 2) < 1e-6 * size


@pytest.mark.slow
def test_waves_have_the_gates_charge_too():
    with jax.enable_x64(True):
        circuit = read_netlist(
            "Vin in 0 2\nVd d 0 9\nR1 in g 1meg\nRd d out 2k\nM1 out g 0 0 MN W=200u L=2u\n"
            ".model MN NMOS(VTO=1 KP=20u TOX=50n)\n"
        )
        x = 2 + np.sin(np.arange(60) / 5)
        nodal, waves = (cn.run(make(circuit, fs=96_000), x)[1] for make in (cn.nodal.NodalModel, cn.wdf.derive))
        np.testing.assert_allclose(waves, nodal, rtol=1e-9)
