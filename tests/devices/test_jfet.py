"""The JFET's doping tail and temperatures against ngspice: rest, small signals, sounds; gradients."""

import jax
import numpy as np
import pytest

import circuitnn as cn

TIGHT = cn.spice.Tolerances(reltol=1e-9, abstol=1e-15, vntol=1e-12)
FULL = "VTO=-1.8 BETA=1.5m LAMBDA=.02 IS=30f RD=12 RS=9 CGS=5p CGD=4p PB=.8 FC=.4"
CARDS = {
    "plain": FULL,
    "tail": f"{FULL} B=.6",
    "cubic": f"{FULL} B=0",
    "warm": f"{FULL} B=1.3 TNOM=30 VTOTC=-2.5m BETATCE=-.5 XTI=3 EG=1.2",
    "otherwise": f"{FULL} TCV=2m BEX=-1.5",
}


def read(name, kind="NJF"):
    sign = 1 if kind == "NJF" else -1
    tail = ".temp 60" if name in ("warm", "otherwise") else ""
    return cn.read_netlist(f"""
Vin in 0 {-0.5 * sign}
Vd d 0 {9 * sign}
R1 in g 10k
Rd d out 2.2k
Rs s 0 330
J1 out g s X
.model X {kind}({CARDS[name]})
{tail}
""")


@pytest.mark.ngspice
@pytest.mark.parametrize("name", CARDS)
def test_points_and_small_signals_are_those_of_ngspice(name, ngspice):
    for kind, sign in (("NJF", 1), ("PJF", -1)):
        circuit = read(name, kind)
        assert cn.read_netlist(circuit.to_spice()) == circuit
        with jax.enable_x64(True):
            for gate, drain in ((-0.5, 9), (0.5, 9), (-1.5, 9), (-0.3, 0.2), (-0.5, -3)):
                driven = circuit.replace(Vin=gate * sign, Vd=drain * sign)
                expected = float(cn.spice.operating_point(driven, tolerances=TIGHT)["out"])
                assert float(cn.nodal.operating_point(driven)["out"]) == pytest.approx(expected, rel=1e-7)
                found = cn.nodal.frequency_response(driven, np.array([1e3, 1e6]))
                np.testing.assert_allclose(
                    found, np.ravel(cn.spice.ac(driven, [1e3, 1e6], tolerances=TIGHT)), rtol=1e-6
                )


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("tail", ("B", "PB", "VTO", "BETA")),
        ("warm", ("B", "PB", "VTO", "TEMP", "VTOTC", "BETATCE", "BETA")),
        ("otherwise", ("TCV", "BEX", "TEMP")),
    ],
)
@pytest.mark.parametrize("drain", [9.0, -3.0])
def test_gradients_are_central_differences(name, parameters, drain):
    circuit = read(name).replace(Vd=drain)
    with jax.enable_x64(True):
        rest = jax.jit(lambda c: cn.nodal.operating_point(c)["out"])
        gradient = jax.grad(rest)(circuit).values
        for parameter in parameters:
            key = f"X.{parameter}"
            value = float(circuit.values[key])
            step = 1e-4 * value
            above, below = (float(rest(circuit.replace(**{key: value + sign * step}))) for sign in (1, -1))
            assert float(gradient[key]) == pytest.approx((above - below) / (2 * step), rel=1e-6, abs=1e-9 / abs(value))


@pytest.mark.slow
@pytest.mark.ngspice
@pytest.mark.parametrize("name", ["tail", "warm"])
def test_sounds_are_those_of_ngspice(name, ngspice):
    circuit, fs = read(name), 384_000
    with jax.enable_x64(True):
        x = -0.5 + 0.8 * np.sin(2 * np.pi * 5000 * np.arange(800) / fs)
        expected = np.ravel(cn.spice.transient(circuit, x, fs))
        double, single = (
            np.ravel(cn.run(cn.nodal.NodalModel(circuit, fs=fs, dtype=dtype), x.astype(dtype))[1])
            for dtype in (np.float64, np.float32)
        )
    assert np.sum((double - expected) ** 2) < 1e-6 * np.sum((expected - expected.mean()) ** 2)
    assert np.sum((single - double) ** 2) < 1e-6 * np.sum((double - double.mean()) ** 2)
