"""Voltages across components and currents through them, wherever in the tree they are: those of the circuit."""

import jax.numpy as jnp
import numpy as np
import pytest

import circuitnn as cn
from circuitnn.circuit import read_netlist
from tests.wdf.agreement import FS, difference, guitar_like

pytestmark = pytest.mark.slow  # each compiles a model or two

# Leaves in series, in parallel and behind junctions; sources that are sensed, controlled and nonlinear; coupled coils.
CIRCUIT = read_netlist(
    """t
.param k=0.3
Vin in 0 0
R1 in a 1k
Rp a b {k*1k}
C1 b 0 100n
L1 b c 10m
R2 c 0 470
E1 e 0 b 0 2
R3 e 0 1k
B1 f 0 V={tanh(v(b))}
R4 f 0 2k
Vs b d 0
D1 d 0 DX
F1 0 g Vs 2
R5 g 0 1k
H1 h 0 Vs 100
R6 h b 3k
LK1 a k1 1m
RK1 k1 0 1k
LK2 k2 0 2m
RK2 k2 0 1k
K1 LK1 LK2 0.7
Vz b z 0.3
Rz z 0 5k
I1 0 z 1m
C2 in y 10n
R7 y a 10k
R8 y c 20k
C3 y 0 5n
.model DX D(IS=2.52n N=1.752)
""",
    outputs=(
        "b", "v(a,c)", "v(0,b)", "v(C1)", "v(k1,k2)", "v(R8)", "i(R1)", "i(Rp)", "i(C1)", "i(L1)", "i(R2)", "i(E1)",
        "i(B1)", "i(H1)", "i(Vin)", "i(Vs)", "i(LK1)", "i(LK2)", "i(RK2)", "i(Vz)", "i(Rz)", "i(C2)", "i(R8)", "i(C3)",
    ),
)  # fmt: skip


@pytest.mark.parametrize("k", [0.3, 0.0, np.linspace(0, 1, 40)], ids=["constant", "end", "along_time"])
def test_as_in_the_reference_simulator(k):
    model = cn.wdf.derive(CIRCUIT, FS, dtype=jnp.float64)
    assert difference(model, guitar_like(40, peak=2)[:, None], controls={"k": k}) < 1e-9
    _, y = cn.run(model, guitar_like(40, peak=2), controls={"k": k})
    assert (np.abs(y).max(axis=0) > 0).all()
