"""Nonlinear devices on their ports: those that share two nodes share the unknown."""

from typing import cast, final

from circuitnn.circuit.circuit import Circuit
from circuitnn.circuit.components import Component
from circuitnn.expressions.tree import Current, Expression, Name, Voltage, leaves_in
from circuitnn.mna.elements import Branch, Device, Drive, Quantity, SeriesResistance

# Which terminals have a resistance of their own: the model's parameter, and the place among the nodes.
SERIES = {
    "D": (("RS", 0, "anode"),),
    "NPN": (("RC", 0, "collector"), ("RB", 1, "base"), ("RE", 2, "emitter")),
    "NJF": (("RD", 0, "drain"), ("RS", 2, "source")),
}
SERIES |= {"PNP": SERIES["NPN"], "PJF": SERIES["NJF"]}
# The two junctions of a transistor, both seen from the base or gate: pairs of places among the nodes.
JUNCTIONS = {
    "D": ((0, 1),),
    "NPN": ((1, 2), (1, 0)),
    "PNP": ((1, 2), (1, 0)),
    "NJF": ((1, 2), (1, 0)),
    "PJF": ((1, 2), (1, 0)),
}

# The junctions whose charge is modelled when the model's parameter is there, in the order of `JUNCTIONS`.
CHARGES = {"NPN": ("CJE", "CJC"), "PNP": ("CJE", "CJC"), "NJF": ("CGS", "CGD"), "PJF": ("CGS", "CGD")}


@final
class Wiring:
    """Ports, drives and devices as they are found."""

    def __init__(self, circuit: Circuit, index: dict[str, int], first_charge: int):
        self.first_charge = first_charge
        self.charges: list[Branch] = []
        self.models = {model.name: model for model in circuit.models}
        self.index = index
        self.ports: list[Quantity] = []
        self.drives: list[Drive] = []
        self.series: list[SeriesResistance] = []
        self.found: dict[tuple, Device] = {}

    def devices(self) -> tuple[Device, ...]:
        return tuple(self.found.values())

    def quantity(self, a: int, b: int, branch: int = -1) -> tuple[int, int]:
        """Index of a port, and -1 where it is known the other way round."""
        for k, port in enumerate(self.ports):
            if port.branch == branch and (branch >= 0 or (port.a, port.b) in ((a, b), (b, a))):
                return k, 1 if branch >= 0 or (port.a, port.b) == (a, b) else -1
        self.ports.append(Quantity(a, b, branch))
        return len(self.ports) - 1, 1

    def junction(self, a: int, b: int) -> tuple[int, int, int]:
        """Port and drive across two nodes, and the sign of both."""
        port, sign = self.quantity(*((a, b) if b < a else (b, a)))
        sign = sign if b < a else -sign
        known = self.ports[port]
        if known.junction < 0:
            self.drives.append(Drive(known.a, known.b))
            known = self.ports[port] = known._replace(junction=len(self.drives) - 1)
        return port, known.junction, sign

    def charge(self, name: str, port: int) -> int:
        """The drive of a junction's charge; its state comes after the capacitors and inductors."""
        known = self.ports[port]
        self.drives.append(Drive(known.a, known.b, charge=self.first_charge + len(self.charges)))
        self.charges.append(Branch(name, known.a, known.b))
        return len(self.drives) - 1

    def add(self, key: tuple, device: Device) -> None:
        self.found[key] = device

    def wire_behavioural(self, part: Component, branch_of: dict[str, int]) -> None:
        """A B source: a port for each voltage or current in its expression, a drive of its own."""
        a, b = (self.index[node] for node in part.nodes)
        is_voltage = part.quantity == "V"
        self.drives.append(Drive(a, b, branch_of[part.name.lower()] if is_voltage else -1))
        law = cast(Expression, part.value)
        found = list(dict.fromkeys(leaves_in(law)))
        names = [leaf.name for leaf in found if isinstance(leaf, Name)]
        leaves = [leaf for leaf in found if not isinstance(leaf, Name)]
        ports = []
        for leaf in leaves:
            match leaf:
                case Voltage(plus, minus):
                    nodes = self.index[plus], self.index[minus]
                    # A voltage between a node and itself is zero, but needs a place all the same.
                    ports.append(self.quantity(*nodes) if nodes[0] != nodes[1] else (self.quantity(-1, -1)[0], 1))
                case Current(source):
                    ports.append(self.quantity(-1, -1, branch_of[source.lower()]))
        self.add(
            ("B", part.name),
            Device(
                kind="B",
                names=(part.name,),
                backward=(),
                model="",
                ports=tuple(ports),
                drives=((len(self.drives) - 1, 1),),
                law=law,
                leaves=tuple(leaves),
                parameters=tuple(names),
            ),
        )


def wire_device(wiring: Wiring, part: Component) -> None:
    """A diode or a transistor: its series resistances, its junctions."""
    model = wiring.models[cast(str, part.model)]
    present = tuple(name for name, _ in model.parameters)
    nodes = [wiring.index[node] for node in part.nodes]
    for parameter, place, word in SERIES[model.kind]:
        if parameter in present:
            inner = len(wiring.index) - 1
            wiring.index[f"{part.name}#{word}"] = inner
            wiring.series.append(SeriesResistance(part.name, f"{model.name}.{parameter}", nodes[place], inner))
            nodes[place] = inner
    pairs = [(nodes[i], nodes[k]) for i, k in JUNCTIONS[model.kind]]
    if model.kind == "D":
        if pairs[0][0] != pairs[0][1]:  # a diode across itself carries nothing
            _wire_diode(wiring, part, present, *pairs[0])
        return
    ports, drives = [], []
    for a, b in pairs:
        if a == b:  # base and collector tied together: no voltage, and the current goes round
            ports.append((wiring.quantity(-1, -1)[0], 1))
            drives.append((-1, 0))
        else:
            port, drive, sign = wiring.junction(a, b)
            ports.append((port, sign))
            drives.append((drive, sign))
    for (port, sign), name in zip(tuple(ports), CHARGES[model.kind], strict=True):
        if name in present:
            tied = wiring.ports[port].junction < 0
            drives.append((-1, 0) if tied else (wiring.charge(f"{part.name}.{name}", port), sign))
    wiring.add(
        (model.kind, part.name),
        Device(model.kind, (part.name,), (), model.name, tuple(ports), tuple(drives), present=present),
    )


def _wire_diode(wiring: Wiring, part: Component, present: tuple[str, ...], a: int, b: int) -> None:
    """Diodes of one model across the same nodes are one device: those in antiparallel face backwards."""
    port, drive, sign = wiring.junction(a, b)
    key = ("D", port, part.model)
    known = wiring.found.get(key)
    if known is None:
        drives = [(drive, 1)]
        if "CJO" in present:
            drives.append((wiring.charge(f"{part.name}.CJO", port), 1))
        known = Device("D", (), (), cast(str, part.model), ((port, 1),), tuple(drives), present=present)
    if sign > 0:
        known = known._replace(names=(*known.names, part.name))
    else:
        known = known._replace(backward=(*known.backward, part.name))
    wiring.found[key] = known
