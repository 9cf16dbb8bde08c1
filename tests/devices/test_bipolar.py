"""The whole transistor of SPICE against ngspice: transit times, base resistances, substrates, temperatures."""

import warnings

import jax
import numpy as np
import pytest

import circuitnn as cn
from circuitnn.testing import check_gradient

FS = 96_000
BASIC = "IS=1e-14 BF=200 VAF=80 IKF=.05 ISE=1e-13 CJE=10p CJC=5p TF=.5n TR=20n RB=200 RE=.5 RC=2 NF=1.02 VJE=.8 MJE=.4"
EXTRAS = {
    "transit_time": "XTF=6 VTF=2 ITF=.02",
    "transit_time_without_vtf": "XTF=6 ITF=.02",
    "outer_base": "XCJC=.4",
    "all_of_it_outside": "XCJC=0",
    "minimal_base": "RBM=20",
    "crowding": "IRB=10u RBM=20",
    "crowding_alone": "IRB=10u",
    "substrate": "CJS=3p VJS=.6 MJS=.4",
    "substrate_diode": "ISS=1e-13 NS=1.2 CJS=2p",
    "roll_off": "NKF=.7",
    "leakage_over_is": "ISE=20 ISC=5",
    "together": "XTF=2 VTF=3 ITF=.1 XCJC=.5 RBM=10 IRB=20u CJS=3p MJS=.3 PTF=30",
}


def stage(extra, kind="NPN", of_line=""):
    supply = 9 if kind == "NPN" else -9
    return f"""Vin in 0 0
Vcc c 0 {supply}
C1 in b 1u
R1 c b 220k
R2 b 0 47k
Rc c out 4.7k
Re e 0 1k
Ce e 0 100u
Q1 out b e Q {of_line}
.model Q {kind}({BASIC} {extra})
"""


def read(text):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cn.NetlistWarning)
        return cn.read_netlist(text)


@pytest.mark.ngspice
@pytest.mark.slow
@pytest.mark.parametrize(
    ("extra", "kind", "of_line"),
    [(extra, "NPN", "") for extra in EXTRAS.values()]
    + [
        (EXTRAS["together"], "PNP", "2"),
        (EXTRAS["together"], "NPN", "TEMP=60"),
        ("XTB=1.5 EG=1.05", "PNP", "TEMP=-10"),
    ],
)
def test_small_signals_and_rest_are_those_of_ngspice(extra, kind, of_line, ngspice):
    with jax.enable_x64(True):
        circuit = read(stage(extra, kind, of_line))
        freqs = np.array([1e2, 2e4, 1e6])
        np.testing.assert_allclose(cn.nodal.frequency_response(circuit, freqs), cn.spice.ac(circuit, freqs), rtol=1e-6)
        assert cn.read_netlist(circuit.to_spice()).values.keys() == circuit.values.keys()


@pytest.mark.ngspice
@pytest.mark.slow
@pytest.mark.parametrize("name", ["crowding", "together"])
def test_driven_hard_it_is_that_of_ngspice(name, ngspice):
    with jax.enable_x64(True):
        circuit = read(stage(EXTRAS[name]))
        model = cn.nodal.NodalModel(circuit, fs=4 * FS, dtype="float64")
        x = 0.3 * np.sin(np.arange(2000) * 2 * np.pi * 1000 / (4 * FS))
        carry, y = cn.run(model, x)
        expected = np.reshape(cn.spice.transient(circuit, x, 4 * FS), y.shape)
        assert int(carry.report.failed) == 0
        assert np.mean((y - expected) ** 2) / np.var(expected) < 1e-6


ALL = ["XTF", "VTF", "ITF", "XCJC", "RBM", "RB", "CJS", "MJS", "IKF", "CJC", "IRB"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("level", "extra", "names"), [(0.01, "together", ALL), (1.0, "minimal_base", ["RB", "RBM", "CJC"])]
)
def test_gradients(level, extra, names):
    with jax.enable_x64(True):
        circuit = read(stage(EXTRAS[extra]))
        x = level * np.sin(np.arange(12) / 2)

        def energy(values):
            model = cn.nodal.NodalModel(circuit.replace(**values), fs=FS, dtype=np.float64)
            return ((cn.run(model, x)[1] - 4) ** 2).mean()

        values = {f"Q.{name}": jax.numpy.asarray(circuit.values[f"Q.{name}"]) for name in names}
        check_gradient(energy, [values], rtol=5e-4)


@pytest.mark.parametrize(
    ("extra", "names"),
    [
        ("", set()),
        ("XTF=0 ITF=1 VTF=2 XCJC=1 RBM=200 CJS=0", set()),
        ("RBM=10", {"RBM"}),
        ("IRB=1u", set()),
        ("IRB=1u RBM=10", {"RBM", "IRB"}),
        ("QCO=1p GAMMA=1n QUASIMOD=1 TRE1=1m TBF2=1u", set()),
        ("RCO=5", {"RCO", "VO", "GAMMA"}),
        ("CJS=1p", {"CJS", "VJS", "MJS"}),
    ],
)
def test_what_says_nothing_costs_nothing(extra, names):
    plain, circuit = read(stage("")), read(stage(extra))
    assert set(circuit.values) - set(plain.values) == {f"Q.{name}" for name in names}


def test_what_is_passed_over_is_said():
    with pytest.warns(
        cn.NetlistWarning, match="PTF passed over: the excess phase.*\n.*BVCBO passed over: the base and"
    ):
        cn.read_netlist(stage("PTF=20 BVCBO=50"))
