"""What modified nodal analysis needs to know of a circuit's shape: indices, no numbers. Static and hashable."""

from dataclasses import dataclass
from typing import NamedTuple, final

from circuitnn.circuit.circuit import Circuit
from circuitnn.circuit.components import GROUND

REFERENCE = -1  # the index of ground, which has no equation


@final
class Branch(NamedTuple):
    """A two-terminal element between the nodes of index `a` (positive) and `b`; ground is -1."""

    name: str
    a: int
    b: int


@final
class SeriesResistance(NamedTuple):
    """The RS of a diode: RS / area between its anode and an internal node."""

    diode: str
    model: str
    a: int
    b: int


@final
class Junction(NamedTuple):
    """All diodes of one model across one port; those in parallel merge, those in antiparallel face backwards."""

    port: int
    model: str
    forward: tuple[str, ...]
    backward: tuple[str, ...]


@final
@dataclass(frozen=True)
class Topology:
    """The shape of a circuit.

    Attributes:
        nodes: names without ground; internal nodes of diodes with a series resistance come last.
        resistors: with their nodes.
        series: series resistances of diodes.
        reactive: capacitors and inductors, in the order of the states.
        is_inductor: for each of `reactive`.
        voltage, current: sources; inputs included.
        inputs: names of the sources that the signal drives.
        outputs: indices of the output nodes.
        ports: distinct node pairs with diodes between them; one nonlinear unknown each.
        junctions: diodes by port and model.
    """

    nodes: tuple[str, ...]
    resistors: tuple[Branch, ...]
    series: tuple[SeriesResistance, ...]
    reactive: tuple[Branch, ...]
    is_inductor: tuple[bool, ...]
    voltage: tuple[Branch, ...]
    current: tuple[Branch, ...]
    inputs: tuple[str, ...]
    outputs: tuple[int, ...]
    ports: tuple[Branch, ...]
    junctions: tuple[Junction, ...]

    @property
    def size(self) -> int:
        """Number of unknowns: node voltages, then currents of voltage sources, capacitors and inductors."""
        return len(self.nodes) + len(self.voltage) + len(self.reactive)

    @property
    def unknowns(self) -> tuple[str, ...]:
        """What each unknown is, for messages."""
        branches = (*self.voltage, *self.reactive)
        return (*(f"node {node}" for node in self.nodes), *(f"the current of {branch.name}" for branch in branches))

    @property
    def constants(self) -> tuple[str, ...]:
        """Names of the sources that are not inputs."""
        return tuple(source.name for source in (*self.voltage, *self.current) if source.name not in self.inputs)


def topology(circuit: Circuit) -> Topology:
    """The shape of `circuit`; depends on its static part only.

    Raises:
        ValueError: for a circuit without an input or an output.
    """
    if not circuit.inputs:
        raise ValueError("the circuit has no input: name a source when reading the netlist, inputs=('Vin',)")
    if not circuit.outputs:
        raise ValueError("the circuit has no output: name a node when reading the netlist, outputs=('out',)")
    nodes = list(circuit.nodes)
    has_series = {model.name for model in circuit.models if any(name == "RS" for name, _ in model.parameters)}
    diodes = [part for part in circuit.components if part.kind == "D"]
    internal = {part.name: f"{part.name}#anode" for part in diodes if part.model in has_series}
    nodes += internal.values()
    index = {name: i for i, name in enumerate(nodes)} | {GROUND: REFERENCE}

    def branches(kinds: str) -> tuple[Branch, ...]:
        return tuple(
            Branch(p.name, index[p.nodes[0]], index[p.nodes[1]]) for p in circuit.components if p.kind in kinds
        )

    ends = {part.name: (index[internal.get(part.name, part.nodes[0])], index[part.nodes[1]]) for part in diodes}
    ports = tuple(dict.fromkeys(tuple(sorted(pair, reverse=True)) for pair in ends.values() if pair[0] != pair[1]))
    return Topology(
        nodes=tuple(nodes),
        resistors=branches("R"),
        series=tuple(
            SeriesResistance(part.name, part.model, index[part.nodes[0]], index[internal[part.name]])
            for part in diodes
            if part.model in has_series
        ),
        reactive=branches("CL"),
        is_inductor=tuple(part.kind == "L" for part in circuit.components if part.kind in "CL"),
        voltage=branches("V"),
        current=branches("I"),
        inputs=circuit.inputs,
        outputs=tuple(index[name] for name in circuit.outputs),
        ports=tuple(Branch(f"port {k}", *pair) for k, pair in enumerate(ports)),
        junctions=_junctions(diodes, ends, ports),
    )


def _junctions(diodes, ends, ports) -> tuple[Junction, ...]:
    found: dict[tuple[int, str], tuple[list[str], list[str]]] = {}
    for part in diodes:
        pair = ends[part.name]
        if pair[0] == pair[1]:  # a diode across itself carries nothing
            continue
        forward = pair in ports
        port = ports.index(pair if forward else pair[::-1])
        found.setdefault((port, part.model), ([], []))[0 if forward else 1].append(part.name)
    ordered = sorted(found.items(), key=lambda item: item[0][0])  # junction k belongs to port k where each has one
    return tuple(Junction(port, model, tuple(ahead), tuple(back)) for (port, model), (ahead, back) in ordered)
