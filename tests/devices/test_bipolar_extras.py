"""What ngspice adds to Gummel's and Poon's transistor: quasi-saturation, areas, substrates, temperatures."""

import warnings
from pathlib import Path

import jax
import numpy as np
import pytest

import circuitnn as cn
from circuitnn.devices.constants import THERMAL_VOLTAGE
from circuitnn.spice.as_written import rest_as_written

BASIC = "IS=1e-14 BF=200 BR=3 VAF=80 IKF=.05 CJE=10p CJC=5p TF=.5n TR=20n VJE=.8 MJE=.4"
TIGHT = cn.spice.Tolerances(reltol=1e-9, abstol=1e-15, vntol=1e-12)
STAGES = {  # the transistor's kind, what its model says beside BASIC, and its line after the model
    "quasi_saturation": ("NPN", "RCO=300 VO=3 GAMMA=1e-7 QCO=2p RC=5", ""),
    "warm_epitaxy": ("PNP", "RCO=300 VO=3 GAMMA=1e-9 QUASIMOD=1", "TEMP=60"),
    "area": ("NPN", "ISC=1p CJS=3p RCO=40", "2"),
    "areas": ("PNP", "ISC=1p CJS=3p MJS=.3 ISS=1e-14", "2 areab=3 areac=4 m=2"),
    "currents": ("NPN", "IBE=2e-14 IBC=3e-14", ""),
    "turned": ("NPN", "CJS=30p MJS=.3 SUBS=-1 RB=100", ""),
    "germanium": ("PNP", "IS=2u ISE=1u ISC=3u NC=1.5 RB=100", ""),
    "levels": (  # gains by coefficients: ngspice-39 takes the growth of another model's at TLEV=3
        "NPN",
        "TLEV=3 TIS1=1m TIS2=1u TISE1=-.5m TISC1=1m ISC=1p TLEVC=1 CTE=2m CTC=3m TVJE=1m TVJC=1m TBF1=1m TBR1=1m",
        "TEMP=60",
    ),
    "straight": ("PNP", "TLEV=1 XTB=5m CJS=3p TLEVC=1 CTS=3m TVJS=1m", "TEMP=60"),
    "coefficients": (
        "NPN",
        "RE=5 RB=100 RBM=20 RC=5 TRE1=3m TRB1=4m TRM1=1m TRC1=2m TBF1=5m TNF1=1e-4 TVAF1=2m TIKF1=-2m TMJE1=1m TTF1=2m",
        "TEMP=50",
    ),
}


def netlist(names, volts):
    """Stages without a node in common but their input and their supplies; the substrate is a node of its own."""
    lines = [f"Vin in 0 {volts}", "Vinv down 0 -1", "Einv minus 0 in 0 -1", "Vp p 0 9", "Vn n 0 -9", "Vs s 0 -2"]
    for name in names:
        kind, card, of_line = STAGES[name]
        source, supply = ("in", "p") if kind == "NPN" else ("minus", "n")
        lines += [f"Rb{name} {source} b{name} 20k", f"Rc{name} {supply} o{name} 2k", f"Cb{name} b{name} 0 1p"]
        lines += [f"Q{name} o{name} b{name} 0 s M{name} {of_line}", f".model M{name} {kind}({BASIC} {card})"]
    return "\n".join([*lines, "Rdown down 0 1k", ""])


def read(names, volts):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cn.NetlistWarning)
        return cn.read_netlist(
            netlist(names, volts), inputs="Vin", outputs=[f"v(o{name})" for name in names], dialect="ngspice"
        )


@pytest.mark.ngspice
@pytest.mark.slow
@pytest.mark.parametrize("volts", [0.7, 3.0])  # active, saturated
def test_points_and_small_signals_are_those_of_ngspice(volts, ngspice):
    """As ngspice reads the text, and as it reads what is written of the circuit."""
    with jax.enable_x64(True):
        circuit, freqs = read(STAGES, volts), np.array([1e3, 2e4, 1e6])
        at_rest = cn.nodal.operating_point(circuit)
        written = cn.spice.operating_point(circuit, tolerances=TIGHT)
        as_it_is = rest_as_written(f"* stages\n{netlist(STAGES, volts)}", Path())
        for name in STAGES:
            assert float(at_rest[f"o{name}"]) == pytest.approx(float(written[f"o{name}"]), rel=1e-6), name
            assert float(at_rest[f"o{name}"]) == pytest.approx(as_it_is[f"o{name}"], rel=1e-6), name
        response = np.asarray(cn.nodal.frequency_response(circuit, freqs))
        expected = np.reshape(cn.spice.ac(circuit, freqs, tolerances=TIGHT), response.shape)
        np.testing.assert_allclose(response, expected, rtol=1e-6)


@pytest.mark.slow
def test_gradients_are_central_differences():
    with jax.enable_x64(True):
        circuit = read(["quasi_saturation"], 1.0)

        def rest(circuit):
            return cn.nodal.operating_point(circuit)["oquasi_saturation"]

        gradient = jax.grad(rest)(circuit).values
        for key in (f"Mquasi_saturation.{name}" for name in ("RCO", "VO", "GAMMA", "VAF", "RC")):
            value = float(circuit.values[key])
            step = 0.01 * value
            two, one, less, least = (
                float(rest(circuit.replace(**{key: value + way * step}))) for way in (2, 1, -1, -2)
            )
            expected = (8 * (one - less) - (two - least)) / (12 * step)
            assert float(gradient[key]) == pytest.approx(expected, rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_base_that_is_driven_by_volts_is_solved_at_every_sample(dtype):
    """Its resistance falls with its current; Newton's own steps go the wrong way where that is steep."""
    with jax.enable_x64(dtype is np.float64):
        card = "IS=1e-14 BF=200 VAF=80 IKF=.05 ISE=1e-13 CJE=10p CJC=5p TF=.5n RB=200 RC=2 IRB=10u RBM=20"
        circuit = cn.read_netlist(f"Vin in 0 0\nVcc c 0 9\nRc c out 1k\nQ1 out in 0 Q\n.model Q NPN({card})\n")
        model = cn.nodal.NodalModel(circuit, fs=48_000, dtype=dtype)
        for level in (0.5, 1.0):
            x = level * np.sin(2 * np.pi * 1000 * np.arange(480) / 48_000)
            carry, _ = cn.run(model, x.astype(dtype))
            assert int(carry.report.failed) == 0


@pytest.mark.ngspice
@pytest.mark.slow
@pytest.mark.parametrize("card", ["RB=200 RBM=20 IRB=10u", "RB=200 RBM=20", "RC=5 RCO=300 VO=3 GAMMA=1e-7"])
def test_inner_nodes_that_nothing_else_holds_follow_the_signal(card, ngspice):
    """No capacitance, no resistance but those of the law: base and collector hang on what depends on the current."""
    with jax.enable_x64(True):
        net = f"Vin in 0 0\nVcc c 0 9\nRi in b 10k\nRc c out 1k\nQ1 out b 0 Q\n.model Q NPN(IS=1e-14 BF=200 {card})\n"
        circuit = cn.read_netlist(net, dialect="ngspice")
        x = 3 * np.sin(2 * np.pi * 1000 * np.arange(96) / 48_000)  # cut off, active, saturated
        expected = cn.spice.transient(circuit, x, 48_000, tolerances=TIGHT)
        for dtype in (np.float64, np.float32):
            carry, y = cn.run(cn.nodal.NodalModel(circuit, fs=48_000, dtype=dtype), x.astype(dtype))
            assert int(carry.report.failed) == 0
            np.testing.assert_allclose(np.ravel(y), np.ravel(expected), atol=1e-6 if dtype is np.float64 else 1e-3)


def test_with_an_area_the_currents_that_count_are_said():
    """ngspice makes two of IS then, and IS itself is what neither a fit nor a gradient sees."""
    text = "* one\nVb b 0 0.65\nVc c 0 5\nQ1 c b 0 QX 1.5\n.model QX NPN(IS=1e-14 BF=200)\n"
    with pytest.warns(cn.NetlistWarning, match="IS counts as IBE and IBC"):
        circuit = cn.read_netlist(text, inputs=("Vb",), outputs=("i(Vc)",)).astype(np.float64)

    def current(saturation):
        return -cn.nodal.operating_point(circuit.replace(**{"QX.IBE": saturation}))["i(Vc)"]

    here, twice, slope = current(1e-14), current(2e-14), jax.grad(current)(1e-14)
    np.testing.assert_allclose(here, 1.5e-14 * np.expm1(0.65 / THERMAL_VOLTAGE), rtol=1e-9)
    np.testing.assert_allclose(twice, 2 * here, rtol=1e-9)
    np.testing.assert_allclose(slope * 1e-14, here, rtol=1e-9)
