"""What modified nodal analysis needs to know of a circuit's shape: indices, no numbers. Static and hashable."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, cast, final

from circuitnn.circuit.circuit import Circuit, checked_circuit
from circuitnn.circuit.clamps import held
from circuitnn.circuit.components import GROUND, NULLOR, SIGNED, Component
from circuitnn.circuit.outputs import Probe, probe
from circuitnn.devices.device import Coupling, ModelDevice, Passive, Source
from circuitnn.devices.inductor import INDUCTOR
from circuitnn.expressions.tree import Current
from circuitnn.mna.elements import (
    Branch,
    ControlledSource,
    DeviceInstance,
    Drive,
    Output,
    Quantity,
    Sensed,
    SeriesResistance,
)
from circuitnn.mna.wiring import Wiring, wire_device

REFERENCE = -1  # the index of ground, which has no equation


@final
class Mutual(NamedTuple):
    """The coupling of two inductors, by their places among the states."""

    name: str
    a: int
    b: int


@final
@dataclass(frozen=True)
class Topology:
    """The shape of a circuit.

    Attributes:
        nodes: names without ground; internal nodes of devices with series resistances come last.
        resistors: with a number of their own, stamped as conductances.
        pots: resistors with a current of their own: those given by an expression, which may be zero, and those whose
            current is heard.
        series: series resistances of devices.
        voltage: what fixes a voltage and has a current: V sources, then E, H and B sources of voltage.
        current: I sources.
        controlled: E and G, linear.
        sensing: F and H, linear.
        reactive: capacitors and inductors, in the order of the states; after them the charges of junctions.
        is_inductor: for each of `reactive`.
        is_charge: for each of `reactive`.
        mutual: coupled inductors.
        inputs: names of the sources that the signal drives.
        outputs: voltages and currents that are heard.
        ports: the quantities that the nonlinear devices depend on; one nonlinear unknown each.
        drives: the currents and voltages that they put into the circuit.
        devices: the nonlinear ones.
        uncharged: as in `Circuit`.
        start: the same with the voltages held that the circuit begins with; None where it begins at rest.
        guess: the same with those held, and others, from which the search for an operating point begins.
    """

    nodes: tuple[str, ...]
    resistors: tuple[Branch, ...]
    pots: tuple[Branch, ...]
    series: tuple[SeriesResistance, ...]
    voltage: tuple[Branch, ...]
    current: tuple[Branch, ...]
    controlled: tuple[ControlledSource, ...]
    sensing: tuple[Sensed, ...]
    reactive: tuple[Branch, ...]
    is_inductor: tuple[bool, ...]
    is_charge: tuple[bool, ...]
    mutual: tuple[Mutual, ...]
    inputs: tuple[str, ...]
    outputs: tuple[Output, ...]
    ports: tuple[Quantity, ...]
    drives: tuple[Drive, ...]
    devices: tuple[DeviceInstance, ...]
    uncharged: bool = False
    start: "Topology | None" = None
    guess: "Topology | None" = None

    @property
    def branches(self) -> tuple[Branch, ...]:
        """Whose currents are unknowns, in their order after the node voltages."""
        return (*self.voltage, *self.pots, *self.reactive)

    @property
    def size(self) -> int:
        """Number of unknowns: node voltages, then branch currents."""
        return len(self.nodes) + len(self.branches)

    @property
    def first_reactive(self) -> int:
        """Index of the first reactive current among the unknowns."""
        return self.size - len(self.reactive)

    @property
    def unknowns(self) -> tuple[str, ...]:
        """What each unknown is, for messages."""
        return (
            *(f"node {node}" for node in self.nodes),
            *(f"the current of {branch.name}" for branch in self.branches),
        )

    @cached_property
    def linear(self) -> frozenset[str]:
        """Names of the values in the linear equations; the others are those of laws, knobs and inputs."""
        names = {name for inner in self.series for name in (inner.device, inner.parameter)} | set(self.constants)
        names |= {part.name for part in (*self.resistors, *self.pots, *self.reactive)}
        names |= {part.name for part in self.controlled} | {part.name for part in self.sensing}
        return frozenset(names | {pair.name for pair in self.mutual})

    @property
    def free_drives(self) -> tuple[int, ...]:
        """Indices of the drives that have no junction in parallel and are no charges: what only their laws know."""
        of_junctions = {port.junction for port in self.ports}
        return tuple(k for k, drive in enumerate(self.drives) if k not in of_junctions and drive.charge < 0)

    @property
    def constants(self) -> tuple[str, ...]:
        """Names of the independent sources that are not inputs."""
        dependent = {part.name for part in self.controlled} | {part.name for part in self.sensing}
        dependent |= {name for device in self.devices for name in device.names}
        return tuple(
            source.name
            for source in (*self.voltage, *self.current)
            if source.name not in self.inputs and source.name not in dependent
        )


def topology(circuit: Circuit) -> Topology:
    """The shape of `circuit`; depends on its static part only.

    Raises:
        ValueError: for a circuit without an input or an output, or with an output that it does not have.
    """
    circuit = checked_circuit(circuit)
    if not circuit.inputs:
        raise ValueError("the circuit has no input: name a source when reading the netlist, inputs=('Vin',)")
    if not circuit.outputs:
        raise ValueError("the circuit has no output: name a node when reading the netlist, outputs=('out',)")
    index = {name: i for i, name in enumerate(circuit.nodes)} | {GROUND: REFERENCE}
    parts = circuit.components
    outputs = [probe(parts, name) for name in circuit.outputs]
    measured = {output.quantity.source for output in outputs if isinstance(output.quantity, Current)}

    def branches(chosen) -> tuple[Branch, ...]:
        return tuple(Branch(part.name, index[part.nodes[0]], index[part.nodes[1]]) for part in parts if chosen(part))

    def is_resistor(part: Component) -> bool:
        return isinstance(part.device, Passive) and not part.is_reactive

    def is_pot(part: Component) -> bool:
        return is_resistor(part) and (part.value is not None or part.quantity == SIGNED or part.name in measured)

    voltage = branches(lambda part: part.fixes_voltage and part.is_independent_source)
    voltage += branches(lambda part: part.fixes_voltage and part.is_controlled_source)
    pots = branches(is_pot)
    reactive = branches(lambda part: part.is_reactive)
    wiring = Wiring(circuit, index, len(reactive))
    for part in parts:
        if isinstance(part.device, ModelDevice):
            wire_device(wiring, part, part.device)
    charges = tuple(wiring.charges)
    first = len(index) - 1  # internal nodes are in by now
    branch_of = {branch.name.lower(): first + k for k, branch in enumerate((*voltage, *pots, *reactive))}
    for part in parts:
        if part.is_behavioural:
            wiring.wire_behavioural(part, branch_of)
    state = {branch.name.lower(): k for k, branch in enumerate(reactive)}
    starts = [clamp for clamp in circuit.clamps if clamp.is_start]
    names = sorted((i, name) for name, i in index.items() if i != REFERENCE)
    return Topology(
        nodes=tuple(name for _, name in names),
        resistors=branches(lambda part: is_resistor(part) and not is_pot(part)),
        pots=pots,
        series=tuple(wiring.series),
        voltage=voltage,
        current=branches(lambda part: part.is_independent_source and not part.fixes_voltage),
        controlled=tuple(
            ControlledSource(
                part.name, *_four(index, part), branch_of.get(part.name.lower(), -1), part.quantity == NULLOR
            )
            for part in parts
            if _senses(part) == "V"
        ),
        sensing=tuple(
            Sensed(
                part.name,
                index[part.nodes[0]],
                index[part.nodes[1]],
                branch_of[cast(str, part.sense).lower()],
                branch_of.get(part.name.lower(), -1),
            )
            for part in parts
            if _senses(part) == "I"
        ),
        reactive=reactive + charges,
        is_inductor=(*(part.device is INDUCTOR for part in parts if part.is_reactive), *(False for _ in charges)),
        is_charge=(False,) * len(reactive) + (True,) * len(charges),
        mutual=tuple(
            Mutual(part.name, state[part.couples[0].lower()], state[part.couples[1].lower()])
            for part in parts
            if isinstance(part.device, Coupling) and all(coil.lower() in state for coil in part.couples)
        ),
        uncharged=circuit.uncharged,
        start=topology(held(circuit, starts)) if starts else None,
        guess=topology(held(circuit, circuit.clamps)) if circuit.clamps else None,
        inputs=circuit.inputs,
        outputs=tuple(_output(output, index, branch_of) for output in outputs),
        ports=tuple(
            port._replace(branch=first + len(voltage) + len(pots) + len(reactive) + wiring.rates[k])
            if k in wiring.rates
            else port
            for k, port in enumerate(wiring.ports)
        ),
        drives=tuple(wiring.drives),
        devices=wiring.devices(),
    )


def _output(output: Probe, index: dict[str, int], branch_of: dict[str, int]) -> Output:
    match output.quantity:
        case Current(source):
            return Output(REFERENCE, REFERENCE, branch_of[source.lower()])
        case voltage:
            return Output(index[voltage.plus], index[voltage.minus])


def _four(index: dict[str, int], part: Component) -> tuple[int, int, int, int]:
    a, b, c, d = (index[node] for node in part.nodes)
    return a, b, c, d


def _senses(part: Component) -> str:
    """Of a linear controlled source "V" or "I"."""
    return part.device.senses if isinstance(part.device, Source) else ""
