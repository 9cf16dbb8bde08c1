"""Trees are compared with the circuits that they come from, as networks of resistances and sources in plain NumPy.

Every two-terminal element has the law ``v - r i = b`` with random numbers, sources of current and the drives of the
devices have random values, and the nonlinear ports have random conductances. One dense solution of the whole circuit
says what each voltage and current has to be.
"""

from collections import ChainMap
from dataclasses import replace

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from circuitnn.circuit import read_netlist
from circuitnn.circuit.catalogue import CATALOGUE
from circuitnn.devices.diode import DIODE
from circuitnn.mna.elements import Branch, DeviceInstance, Drive, Quantity, SeriesResistance
from circuitnn.mna.topology import REFERENCE, Topology, topology
from circuitnn.wdf.decompose import children, decompose, leaves
from circuitnn.wdf.tree import Junction, Leaf, Parallel, Series

MODELS = ".model DX D(IS=1n)\n.model DY D(IS=1n RS=5 CJO=2p)\n.model QX NPN(IS=1e-14 RB=10 CJE=5p)\n.end\n"
SHAPES = {
    "coupled": "V1 b 0 9\nR0 in x 1k\nL1 x 0 1\nL2 a 0 1\nK1 L1 L2 0.9\nL3 a out 1m\nR1 out 0 1k\nR2 b out 1k\n"
    "C1 b 0 1u\n",
    "sensed": "V1 in a 0\nR1 a out 1k\nF1 0 out V1 2\nH1 b 0 V1 100\nR2 b c 1k\nC1 c out 1n\nR3 out 0 1k\n",
    "devices": "R1 in a 1k\nR2 a b 1k\nC1 a b 1n\nQ1 c b e QX\nV1 d 0 9\nR3 d c 1k\nR4 e 0 1k\nC2 e 0 1u\nC3 c out 1u\n"
    "R5 out 0 1k\nD1 out 0 DY\nD2 0 out DX\n",
    "behavioural": "R1 in a 1k\nV1 a b 0\nB1 out 0 V={tanh(V(a)) + I(V1)}\nR2 out c 1k\nC1 c 0 1u\nR3 b 0 1k\n",
    "currents": "R1 in a 1k\nI1 a 0 1m\nR2 a b 1k\nI2 0 b 1m\nI3 b 0 1m\nR3 b c 1k\nI4 c d 1m\nR4 d out 1k\n"
    "R5 out 0 1k\nR6 c 0 1k\n",
    "dead ends": "R1 in a 1k\nC1 a 0 1n\nR2 a out 1k\n",
    "loops on a node": "R1 in out 1k\nX1 out out two\n.subckt two a b\nR1 a b 1k\nC1 a b 1n\nI1 a b 1m\n.ends\n"
    "C1 out 0 1n\n",
    "two sources": "R1 in a 1k\nV1 a b 1\nV2 c b 2\nR2 c out 1k\nR3 out 0 1k\nC1 a c 1n\n",
}
CIRCUITS = {name: make() for name, make in CATALOGUE.items()}
CIRCUITS |= {name: read_netlist(f"* {name}\nVin in 0 0\n{lines}{MODELS}") for name, lines in SHAPES.items()}
TOPS = {name: topology(circuit) for name, circuit in CIRCUITS.items()}


class Laws(dict):
    """(r, b) of each element by name, drawn when it is first asked for."""

    def __init__(self, seed, zero=()):
        self.random, self.zero = np.random.default_rng(seed), zero

    def __missing__(self, name):
        r, b = self.random.uniform(0.5, 2), self.random.normal()
        if name in self.zero or name.startswith(("V", "E")):
            r = 0.0
        self[name] = r, b
        return self[name]


def solved(top: Topology, laws, into=None):
    """Voltages of the nodes by name, and of the nonlinear ports; currents by name of the branch.

    Args:
        top: shape of the circuit; sources of voltage and all two-terminal elements have the law v - r i = b.
        laws: (r, b) by name; of sources of current and drives b is the value.
        into: a node's name; one ampere flows into it from the reference.
    """
    resistors = [
        *top.resistors,
        *top.pots,
        *(Branch(top.nodes[part.b], part.a, part.b) for part in top.series),
    ]
    branches = [*top.branches, *(part for part in resistors if part not in top.pots)]
    n = len(top.nodes)
    size = n + len(branches)
    matrix, right = np.zeros((size, size)), np.zeros(size)

    def row(a, b):
        found = np.zeros(size)
        if a != REFERENCE:
            found[a] += 1
        if b != REFERENCE:
            found[b] -= 1
        return found

    nullors = {part.branch: part for part in top.controlled if part.is_nullor}
    for k, branch in enumerate(branches):
        matrix[:, n + k] += row(branch.a, branch.b)
        nullor = nullors.get(n + k)
        matrix[n + k] += row(branch.a, branch.b) if nullor is None else row(nullor.c, nullor.d)
    own = {part.branch for part in (*top.controlled, *top.sensing)} | {drive.branch for drive in top.drives}
    for k, branch in enumerate(branches):
        if n + k not in own:
            r, b = laws[branch.name]
            matrix[n + k, n + k] -= r
            right[n + k] += b
    for part in top.controlled:
        gain = 0.0 if part.is_nullor else laws["gain of " + part.name][1]
        if part.branch >= 0:
            matrix[part.branch] -= gain * row(part.c, part.d)
        else:
            matrix += gain * np.outer(row(part.a, part.b), row(part.c, part.d))
    for part in top.sensing:
        gain = laws["gain of " + part.name][1]
        if part.branch >= 0:
            matrix[part.branch, part.sensed] -= gain
        else:
            matrix[:, part.sensed] += gain * row(part.a, part.b)
    for pair in top.mutual:
        i, k = (n + len(top.voltage) + len(top.pots) + place for place in (pair.a, pair.b))
        matrix[i, k] = matrix[k, i] = 0.1
    for source in top.current:
        right -= laws[source.name][1] * row(source.a, source.b)
    for k, drive in enumerate(top.drives):
        value = laws[f"drive {k}"][1]
        if drive.charge >= 0:
            right[n + len(top.voltage) + len(top.pots) + drive.charge] += value
        elif drive.branch >= 0:
            right[drive.branch] += value
        else:
            right -= value * row(drive.a, drive.b)
    for k, port in enumerate(top.ports):
        if port.branch < 0:
            matrix += laws[f"conductance {k}"][0] * np.outer(row(port.a, port.b), row(port.a, port.b))
    if into is not None:
        right[top.nodes.index(into)] += 1
    found = np.linalg.solve(matrix, right)
    ports = [found[p.branch] if p.branch >= 0 else row(p.a, p.b) @ found for p in top.ports]
    return (
        dict(zip(top.nodes, found[:n], strict=True)),
        dict(zip((branch.name for branch in branches), found[n:], strict=True)),
        np.array(ports),
    )


class Waves:
    """A tree as one-ports v = r i + b, and what its leaves and nodes have once a current into it is known."""

    def __init__(self, laws):
        self.laws = laws
        self.nodes, self.voltages, self.currents = {}, {}, {}

    def network_laws(self, junction):
        return ChainMap({f"port {k}": self.port(part) for k, part in enumerate(junction.parts, 1)}, self.laws)

    def port(self, tree):
        match tree:
            case Leaf():
                return self.laws[tree.name]
            case Series():
                ports = [(self.port(part), sign) for part, sign in tree.parts]
                return sum(r for (r, _), _ in ports), sum(sign * b for (_, b), sign in ports)
            case Parallel():
                return self.side_by_side(tree)
        at_rest, _, _ = solved(tree.network, self.network_laws(tree))
        driven, _, _ = solved(tree.network, self.network_laws(tree), into=tree.terminal)
        return driven[tree.terminal] - at_rest[tree.terminal], at_rest[tree.terminal]

    def side_by_side(self, tree):
        drawn, joined = 0.0, None
        for part, sign in tree.parts:
            r, b = self.laws[part.name] if is_current(part) else self.port(part)
            if is_current(part):
                drawn += sign * b
            elif joined is None:
                joined = r, sign * b
            else:
                before, share = joined, 1 / (joined[0] + r)
                joined = before[0] * r * share, (before[0] * sign * b + r * before[1]) * share
        return joined[0], joined[1] - joined[0] * drawn

    def descend(self, tree, current, low):
        """Current into the positive terminal; voltage of the negative one."""
        r, b = (0, 0) if is_current(tree) else self.port(tree)
        v = r * current + b
        match tree:
            case Leaf():
                self.voltages[tree.name], self.currents[tree.name] = v, current
            case Series():
                high = low + v
                for k, (part, sign) in enumerate(tree.parts):
                    r, b = self.port(part)
                    below = high - (r * current + sign * b)
                    self.descend(part, sign * current, below if sign > 0 else high)
                    if k < len(tree.nodes):
                        self.nodes[tree.nodes[k]] = below
                    high = below
            case Parallel():
                self.divide(tree, current, v, low)
            case Junction():
                self.enter(tree, current, low)

    def divide(self, tree, current, v, low):
        rest = current
        last = None
        for part, sign in tree.parts:
            if is_current(part):
                own = self.laws[part.name][1]
                self.voltages[part.name], self.currents[part.name] = sign * v, own
            else:
                r, b = self.port(part)
                if r == 0:
                    assert last is None, "two parts without a resistance in parallel"
                    last = part, sign
                    continue
                own = (sign * v - b) / r
                self.descend(part, own, low if sign > 0 else low + v)
            rest -= sign * own
        if last is not None:
            part, sign = last
            self.descend(part, sign * rest, low if sign > 0 else low + v)

    def enter(self, tree, current, low):
        laws = self.network_laws(tree)
        nodes, through, ports = solved(tree.network, laws)
        if tree.terminal:
            more, extra, _ = solved(tree.network, laws, into=tree.terminal)
            nodes = {name: v + current * (more[name] - v) for name, v in nodes.items()}
            through = {name: i + current * (extra[name] - i) for name, i in through.items()}
        else:
            self.ports = ports
        for name, v in nodes.items():
            self.nodes[name] = low + v
        names = tree.network.nodes
        for part, branch in zip(tree.parts, tree.network.reactive, strict=False):
            negative = low if branch.b == REFERENCE else self.nodes[names[branch.b]]
            self.descend(part, through[branch.name], negative)
        self.currents |= {name: i for name, i in through.items() if not name.startswith("port ")}


def is_current(tree):
    return isinstance(tree, Leaf) and tree.kind == "I"


def assert_same(top, laws):
    """The tree has the voltages of all nodes and the currents of all elements that the circuit has."""
    nodes, currents, ports = solved(top, laws)
    tree = decompose(top)
    waves = Waves(laws)
    waves.enter(tree, 0.0, 0.0)
    assert waves.nodes.keys() == nodes.keys()
    scale = max(map(abs, (*nodes.values(), *currents.values())))
    close = {"rtol": 1e-9, "atol": 1e-10 * scale}
    for name, v in nodes.items():
        np.testing.assert_allclose(waves.nodes[name], v, **close, err_msg=name)
    np.testing.assert_allclose(waves.ports, ports, **close)
    names = (*top.nodes, "0")
    for name, i in currents.items():
        if name in waves.currents or not is_loop(top, name):
            np.testing.assert_allclose(waves.currents[name], i, **close, err_msg=name)
    for part in (*top.voltage, *top.current, *top.resistors, *top.pots, *top.reactive):
        if part.name in waves.voltages:
            known = nodes | {"0": 0.0}
            v = known[names[part.a]] - known[names[part.b]]
            np.testing.assert_allclose(waves.voltages[part.name], v, **close, err_msg=part.name)


def is_loop(top, name):
    return any(part.name == name and part.a == part.b for part in (*top.resistors, *top.pots))


@pytest.mark.parametrize("name", TOPS)
def test_the_tree_has_the_voltages_and_currents_of_the_circuit(name):
    assert_same(TOPS[name], Laws(1))


@pytest.mark.parametrize("name", TOPS)
def test_the_tree_has_them_where_a_pot_is_at_its_end(name):
    for pot in TOPS[name].pots:
        assert_same(TOPS[name], Laws(2, zero=(pot.name,)))


@pytest.mark.parametrize("name", ["sd1", "klon_tone", "baxandall"])
def test_the_tree_has_them_where_the_gain_is_infinite(name):
    controlled = tuple(part._replace(is_nullor=part.branch >= 0) for part in TOPS[name].controlled)
    assert_same(replace(TOPS[name], controlled=controlled), Laws(4))


@pytest.mark.parametrize("name", TOPS)
def test_each_element_is_in_the_tree_once_or_stays_in_the_root(name):
    top = TOPS[name]
    tree = decompose(top)
    found = [leaf.name for leaf in leaves(tree)]
    found += [branch.name for branch in (*tree.network.voltage, *tree.network.current)]
    found += [branch.name for branch in tree.network.reactive[len(tree.parts) :]]
    resistors = [part.name for part in (*top.resistors, *top.pots) if part.a != part.b]
    own = [*(part.name for part in (*top.voltage, *top.current, *top.reactive)), *resistors]
    assert sorted(found) == sorted(own + [top.nodes[part.b] for part in top.series])


@pytest.mark.parametrize("name", TOPS)
def test_what_the_devices_refer_to_is_as_in_the_circuit(name):
    top = TOPS[name]
    network = decompose(top).network
    assert network.devices == top.devices
    names, own = (*network.nodes, "0"), (*top.nodes, "0")
    for moved, part in zip((*network.ports, *network.drives), (*top.ports, *top.drives), strict=True):
        assert (names[moved.a], names[moved.b]) == (own[part.a], own[part.b])
        if part.branch >= 0:
            assert network.unknowns[moved.branch] == top.unknowns[part.branch]
    assert [port.junction for port in network.ports] == [port.junction for port in top.ports]
    for moved, part in zip(network.drives, top.drives, strict=True):
        if part.charge >= 0:
            assert network.reactive[moved.charge].name == top.reactive[part.charge].name
            assert network.is_charge[moved.charge]
    sources = {source.name for source in (*network.voltage, *network.current)}
    assert set(network.inputs) == sources & set(top.inputs)
    assert set(network.constants) == sources & set(top.constants)


@pytest.mark.parametrize("name", TOPS)
def test_junctions_are_neither_series_nor_parallel(name):
    for junction in junctions_of(decompose(TOPS[name])):
        network = junction.network
        assert len(junction.parts) == len(network.reactive)
        assert junction.terminal in network.nodes
        assert junction.reference not in network.nodes
        ends = [node for branch in network.reactive for node in (branch.a, branch.b)]
        for k, node in enumerate(network.nodes):
            assert ends.count(k) > 2 or node == junction.terminal


def test_nested_adaptors_of_one_kind_are_one():
    for top in TOPS.values():
        for tree in all_trees(decompose(top)):
            if isinstance(tree, (Series, Parallel)):
                assert not any(isinstance(child, type(tree)) for child in children(tree))
            if isinstance(tree, Series):
                assert len(tree.nodes) == len(tree.parts) - 1
            if isinstance(tree, Parallel):
                assert sum(not part.is_positive for part, _ in tree.parts) <= 1


def test_a_ladder_needs_no_junction():
    """Its root is a port that nothing is connected to."""
    tree = decompose(TOPS["klon_feed_forward_2"])
    assert len(tree.parts) == 1
    assert not junctions_of(tree)
    parts = {shape(part) for part in children(tree.parts[0])}
    assert {"R17", "Rgb", "S(C12 R18)", "S(C11 R15 R16)"} < parts


def test_the_bassman_has_a_junction_of_six_ports():
    """Five trees and the one above, as in the literature (Werner 2016)."""
    (junction,) = junctions_of(decompose(TOPS["bassman"]))
    assert {shape(part) for part in junction.parts} == {"S(C1 R1a R1b)", "R4", "C2", "C3", "S(R2 R3a)"}
    assert {junction.terminal, junction.reference} == {"in", "c"}


def test_a_bridge_inside_of_a_ladder_is_a_junction_below_the_root():
    tree = decompose(
        topology(
            read_netlist(
                "* bridge\nVin in 0 0\nR1 in a 1k\nRa a b 1k\nRb a c 2k\nRc b c 3k\nRd b d 4k\nRe c d 5k\nR2 d out 1k\n"
                "C1 out 0 1n\nD1 out 0 DX\n" + MODELS
            )
        )
    )
    assert [shape(part) for part in tree.parts] == ["P(C1 S(J(Ra Rb Rc Rd Re) R1 R2 Vin))"]
    (junction,) = junctions_of(tree)
    assert {junction.terminal, junction.reference} == {"a", "d"}
    assert set(junction.network.nodes) == {"b", "c", junction.terminal}
    assert junction.is_positive


def test_a_bridge_of_bridges_is_nested():
    inner = "Ra a b 1k\nRb a c 2k\nRc b c 3k\nRd b d 4k\nRe c d 5k\n"
    lines = f"R1 in a 1k\nR2 in out 1k\nR3 a out 1k\n{inner}R4 d 0 1k\nR5 out 0 1k\nR6 d out 1k\nD1 out 0 DX\n"
    tree = decompose(topology(read_netlist(f"* t\nVin in 0 0\n{lines}{MODELS}")))
    assert len(junctions_of(tree)) == 2


def test_a_source_of_current_needs_something_beside_it():
    tree = decompose(TOPS["currents"])
    assert [source.name for source in tree.network.current] == ["I4"]
    assert {"I1", "I2", "I3"} <= {leaf.name for leaf in leaves(tree)}


def test_a_state_without_a_tree_stays_in_the_root():
    network = decompose(TOPS["coupled"]).network
    assert [branch.name for branch in network.reactive[-2:]] == ["L1", "L2"]
    assert network.is_inductor[-2:] == (True, True)
    (pair,) = network.mutual
    assert (network.reactive[pair.a].name, network.reactive[pair.b].name) == ("L1", "L2")


def test_two_pots_are_not_in_parallel():
    """Both may be at zero."""
    netlist = "* t\n.param k=0.5\nVin in 0 0\nR1 in out 1\nR2 out 0 {k}\nR3 out 0 {1-k}\n.end"
    tree = decompose(topology(read_netlist(netlist)))
    assert sorted(shape(part) for part in tree.parts) == ["P(R2 S(R1 Vin))", "R3"]


@st.composite
def graphs(draw):
    """A connected graph of resistors, with pots, capacitors, sources, and perhaps a diode."""
    count = draw(st.integers(1, 7))
    nodes = st.integers(REFERENCE, count - 1)
    tree = [Branch(f"R{k}", k, draw(st.integers(REFERENCE, k - 1))) for k in range(count)]
    pairs = draw(st.lists(st.tuples(nodes, nodes, st.sampled_from("RRRRRPSCLI")), max_size=12))
    more = [(kind, Branch(f"{kind}x{k}", a, b)) for k, (a, b, kind) in enumerate(pairs) if a != b or kind in "RCI"]
    source = draw(st.tuples(nodes, nodes).filter(lambda pair: pair[0] != pair[1]))
    ports = draw(st.lists(st.tuples(nodes, nodes).filter(lambda pair: pair[0] != pair[1]), max_size=2))
    devices = tuple(
        DeviceInstance(DIODE.law("D"), (f"D{k}",), (), "DX", ((k, 1),), ((k, 1),)) for k in range(len(ports))
    )
    chosen = {letter: tuple(part for kind, part in more if kind == letter) for letter in "RPSCLI"}
    inside = tuple(range(count, count + len(chosen["S"])))
    outer = [Branch(f"T{k}", k, part.b) for k, part in zip(inside, chosen["S"], strict=True)]
    return Topology(
        nodes=(*(f"n{k}" for k in range(count)), *(f"D#{k}" for k in inside)),
        resistors=(*tree, *chosen["R"], *outer),
        pots=chosen["P"],
        series=tuple(SeriesResistance("D", "DX.RS", part.a, k) for k, part in zip(inside, chosen["S"], strict=True)),
        voltage=(Branch("Vin", *source),),
        current=chosen["I"],
        controlled=(),
        sensing=(),
        reactive=(*chosen["C"], *chosen["L"]),
        is_inductor=(*(False,) * len(chosen["C"]), *(True,) * len(chosen["L"])),
        is_charge=(False,) * (len(chosen["C"]) + len(chosen["L"])),
        mutual=(),
        inputs=("Vin",),
        outputs=(),
        ports=tuple(Quantity(a, b) for a, b in ports),
        drives=tuple(Drive(a, b) for a, b in ports),
        devices=devices,
    )


@hypothesis.given(graphs())
@hypothesis.settings(max_examples=300)
def test_any_graph_becomes_a_tree(top):
    assert_same(top, Laws(3))


def junctions_of(tree):
    return [part for part in all_trees(tree) if isinstance(part, Junction) and part is not tree]


def all_trees(tree):
    return [tree, *(found for child in children(tree) for found in all_trees(child))]


def shape(tree):
    """The names of the leaves in alphabetical order, without signs."""
    if isinstance(tree, Leaf):
        return tree.name
    letter = {Series: "S", Parallel: "P", Junction: "J"}[type(tree)]
    return f"{letter}({' '.join(sorted(map(shape, children(tree))))})"
