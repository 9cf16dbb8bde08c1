"""Single precision against double: what the float32 default loses."""

import pathlib

import jax
import numpy as np
import pytest

import circuitnn as cn
from circuitnn.numerics.report import PrecisionWarning
from tests.nodal.signals import esr

SHARED = pathlib.Path(__file__).parents[3] / "shared" / "cases"
COUPLING = "* coupling\nVin in 0\nC1 in out 10u\nR1 out bias 100k\nVB bias 0 4.5\n.end\n"
FS = 44_100
BIASED = """* an op-amp with rails around half of a supply
Vin in 0
V9 vcc 0 9
RA vcc vb 10k
RB vb 0 10k
CB vb 0 47u
C1 in a 100n
R1 a vb 1meg
G1 0 stage a m 0.1
RS stage 0 1meg
DP stage clampp DRAIL
VP clampp 0 7.8
DN clampn stage DRAIL
VN clampn 0 1.2
E1 o 0 stage 0 1
R2 m b 4.7k
C2 b vb 47n
R3 m o 500k
D1 m o D1N
D2 o m D1N
C4 o out 1u
R5 out 0 100k
.model DRAIL D(IS=1e-14)
.model D1N D(IS=2.52n N=1.752)
.end
"""


def test_a_slow_decay_beside_a_bias_voltage_goes_on():
    """By less than half a unit of rounding of 4.5 V a sample: counted from zero, it would stand still."""
    with jax.enable_x64(False):
        model = cn.nodal.NodalModel(cn.read_netlist(COUPLING), FS)
        carry = model.init_carry()
        # v(C1) is 4.5 V less at `out`: 4 mV away from rest.
        carry = model.force(carry, np.asarray(carry.states) + np.float32(4e-3))
        _, y = cn.run(model, np.zeros(8000, np.float32), carry=carry)
    moved = float(np.asarray(model.states(carry), np.float64)[0]) + 4.5
    decay = 4.5 - moved * np.exp(-np.arange(1, 8001) / FS)
    np.testing.assert_allclose(y, decay, rtol=0, atol=1e-6)


BEHAVIOURAL = "* t\nVin in 0\nVB vb 0 {}\nC1 in a 100n\nR1 a vb 1meg\nB1 out 0 V={{{}}}\nR2 out 0 1k\n.end\n"


@pytest.mark.parametrize(
    ("bias", "law", "is_said"),
    [(4.5, "4.5+4*tanh(1e4*(v(a)-v(out)))", True), (4.5, "2*v(a)", False), (0, "tanh(5*v(a))", False)],
)
def test_a_slope_that_makes_volts_of_rounding_is_said(bias, law, is_said, recwarn):
    circuit = cn.read_netlist(BEHAVIOURAL.format(bias, law))
    with jax.enable_x64(False):
        cn.nodal.NodalModel(circuit).init_carry()
    cn.nodal.NodalModel(circuit, dtype=np.float64).init_carry()
    said = [str(warning.message) for warning in recwarn if warning.category is PrecisionWarning]
    assert len(said) == is_said
    assert all('dtype="float64"' in message for message in said)


def errors(circuit, build, seconds=0.1):
    """ESR of float32 of a loud and a soft guitar, and of a sine."""
    guitar = cn.audio.excitation(1.0, FS)[: int(seconds * FS)]
    guitar = guitar / np.abs(guitar).max()
    sine = 0.1 * np.sin(2 * np.pi * 440 / FS * np.arange(len(guitar)))
    x = np.stack([0.1 * guitar, guitar, sine])
    y = {}
    for dtype in ("float32", "float64"):
        with jax.enable_x64(dtype == "float64"):
            model = build(circuit, fs=FS, dtype=dtype)
            levels = np.asarray(model.silence(), np.float64)
            y[dtype] = cn.run(model, (x[..., None] + levels).astype(np.float32).astype(dtype))[1]
    return [esr(single, double) for single, double in zip(y["float32"], y["float64"], strict=True)]


@pytest.mark.slow
@pytest.mark.parametrize("build", [cn.nodal.NodalModel, cn.wdf.derive])
@pytest.mark.parametrize("name", ["common_emitter", "jfet_stage", "triode_koren", "sd1", "biased"])
def test_float32_is_float64_to_a_millionth_of_the_energy(name, build):
    circuit = cn.read_netlist(BIASED) if name == "biased" else getattr(cn.circuits, name)()
    assert max(errors(circuit, build)) < 1e-7


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.exists(), reason="the netlists are beside the checkout")
def test_float32_runs_a_pedal_of_ltspice():
    with pytest.warns(cn.NetlistWarning, match="read as LTspice does"):
        circuit = cn.read_netlist(SHARED / "ltspice" / "pedal-repaired.net", inputs="V1", outputs="OUT")
    assert max(errors(circuit, cn.nodal.NodalModel)) < 1e-7
