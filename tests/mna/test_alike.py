"""Devices that stand side by side do what they do one by one, and programs do not grow with their number."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuitnn.mna import port_map
from circuitnn.mna.dependence import dependence
from circuitnn.mna.nonlinear import jacobian, law
from circuitnn.mna.port_map import devices, port_map_of
from circuitnn.mna.topology import topology
from tests.mna.terminals import device, parts

# Models of both polarities, areas, antiparallel pairs, shared nodes, parameters that one alone has, sources that differ
# in their numbers and in what they multiply, tubes with and without a current of their grids beside the diode.
MANY = """D1 c b DX
D2 b c DX 3
D3 c e DX
D4 0 e DY 2
D5 out b DX
D6 out c DX
D7 c in DY
Q1 c b e NX
Q2 e c b PX 2
J1 c b e JX
J2 b e out JX 2
N1 c b e TX
N2 out c b TX 2
N3 c e b out TY
B1 0 c I=1m*v(b)+3m*v(e)*v(b)
B2 0 b I=2m*v(c)+7m*v(e)*v(c)
B3 0 e I=gain*v(c)+3m*v(b)*max(v(c),0.2)
B4 0 out I=gain*v(b)+4m*v(c)*max(v(e),0.1)
.param gain=2m
.model DX D(IS=1p N=1.2)
.model DY D(IS=3p N=1.7)
.model NX NPN(IS=1f BF=120)
.model PX PNP(IS=3f BF=70)
.model JX NJF(VTO=-1.5 BETA=1m)
.model TX TRIODE(MU=20 KG1=900 RGI=2k IS=1n)
.model TY PENTODE(KG1=650 KG2=4200 B=0.1 GG=6e-4 IS=2n)"""


def everything(circuit, volts):
    """Currents and slopes at the voltages of the ports, and a gradient in all values."""
    top, values = topology(circuit), circuit.resolve()
    where = port_map_of(top)
    random = np.random.default_rng(1)
    weights, of_slopes = random.standard_normal((len(top.drives), 1)), random.standard_normal((1, len(top.ports), 1))

    @jax.jit
    def weighted(values, volts):
        linearised = law(where, jax.tree.map(lambda leaf: leaf[0], devices(top, values)), volts)
        slopes = jacobian(where, linearised.slopes)
        total = jnp.sum(weights * linearised.current) + jnp.sum(weights[:, None] * of_slopes * slopes)
        return total, (linearised.current, slopes)

    (_, both), gradient = jax.value_and_grad(weighted, has_aux=True)(values, volts)
    return where, both, gradient


@pytest.fixture
def one_by_one(monkeypatch):
    """Each device written out, however many there are."""

    def written_out():
        monkeypatch.setattr(port_map, "MAX_APART", 1000)
        port_map_of.cache_clear()

    yield written_out
    monkeypatch.undo()
    port_map_of.cache_clear()


def test_side_by_side_is_one_by_one(one_by_one):
    circuit = device(MANY)
    count = len(topology(circuit).ports)
    volts = jnp.asarray(np.random.default_rng(0).uniform(-0.6, 0.6, (count, 3)))
    where, together, gradient = everything(circuit, volts)
    one_by_one()
    apart, expected, expected_gradient = everything(circuit, volts)
    assert where.alike
    assert not apart.alike
    assert len(where.devices) < len(apart.devices)
    for rows, others in zip(together, expected, strict=True):
        np.testing.assert_allclose(rows, others, rtol=1e-12, atol=1e-18)
    for name, slope in expected_gradient.items():
        np.testing.assert_allclose(gradient[name], slope, rtol=1e-10, atol=1e-15, err_msg=name)


def operations(count):
    """How many operations a program has that asks that many diodes and sources."""
    nodes = [f"n{k}" for k in range(count)]
    lines = [f"D{node} {node} 0 D{node[-1]}\nR{node} {node} c 1k\n.model D{node[-1]} D" for node in nodes]
    sources = [f"B{node} 0 {node} I={k + 2}m*v(c)*v({node})" for k, node in enumerate(nodes)]
    lines = list(dict.fromkeys("\n".join([*lines, *sources]).splitlines()))
    where, numbers = parts(device("\n".join(lines)))
    assert where.ports >= count
    return len(jax.make_jaxpr(lambda v: law(where, numbers, v))(jnp.zeros((where.ports, 1))).eqns)


def test_a_program_does_not_grow_with_the_number_of_devices():
    assert operations(40) == operations(10)


def test_a_law_is_evaluated_once_for_currents_and_slopes():
    where, numbers = parts(device("N1 c b e TX\n.model TX TRIODE(KG1=1060 RGI=2k IS=1n)"))
    assert where.drives == 2  # plate and the grid's diode: there is no other current of the grid
    program = str(jax.make_jaxpr(lambda v: law(where, numbers, v))(jnp.zeros((where.ports, 1))))
    assert [program.count(f"= {operation} ") for operation in ("log", "log1p", "sqrt")] == [1, 1, 1]


def test_a_charge_depends_on_its_own_junction():
    (transistor,) = topology(device("Q1 c b e NX\n.model NX NPN(CJE=1p CJC=1p TF=1n CJS=1p)")).devices
    assert dependence(transistor) == (
        (True, True, False),  # base to emitter
        (True, True, False),
        (False, False, False),  # nothing flows into the substrate
        (True, False, False),  # without an Early effect the charge that is on its way knows its own junction alone
        (False, True, False),
        (False, False, True),
    )
