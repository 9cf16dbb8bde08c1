"""Nonlinear devices on their ports: those that share two nodes share the unknown."""

import dataclasses
from typing import cast, final

from circuitnn.circuit.circuit import Circuit
from circuitnn.circuit.components import GROUND, Component
from circuitnn.devices.behavioural import expression_law
from circuitnn.devices.device import COMMON, ModelDevice
from circuitnn.devices.law import Law
from circuitnn.expressions.tree import Binary, Current, Expression, Name, Number, Voltage, leaves_in
from circuitnn.mna.elements import Branch, DeviceInstance, Drive, Quantity, SeriesResistance


@final
class Wiring:
    """Ports, drives and devices as they are met."""

    def __init__(self, circuit: Circuit, index: dict[str, int], first_charge: int):
        self.first_charge = first_charge
        self.charges: list[Branch] = []
        self.rates: dict[int, int] = {}  # by the place of a port that is the current of a charge, that of the charge
        self.models = {model.name: model for model in circuit.models}
        self.index = index
        self.ports: list[Quantity] = []
        self.drives: list[Drive] = []
        self.series: list[SeriesResistance] = []
        self.instances: dict[tuple, DeviceInstance] = {}

    def devices(self) -> tuple[DeviceInstance, ...]:
        return tuple(self.instances.values())

    def quantity(self, a: int, b: int, branch: int = -1) -> tuple[int, int]:
        """Index of a port, and -1 where it is known the other way round."""
        for k, port in enumerate(self.ports):
            if port.branch == branch and (branch >= 0 or (port.a, port.b) in ((a, b), (b, a))):
                return k, 1 if branch >= 0 or (port.a, port.b) == (a, b) else -1
        self.ports.append(Quantity(a, b, branch))
        return len(self.ports) - 1, 1

    def drive(self, a: int, b: int, branch: int = -1) -> int:
        """The place of a new drive."""
        self.drives.append(Drive(a, b, branch))
        return len(self.drives) - 1

    def nothing(self) -> tuple[int, int]:
        """The port of a voltage between a node and itself, which is zero, but needs a place all the same."""
        return self.quantity(-1, -1)[0], 1

    def junction(self, a: int, b: int) -> tuple[int, int, int]:
        """Port and drive across two nodes, and the sign of both."""
        port, sign = self.quantity(*((a, b) if b < a else (b, a)))
        sign = sign if b < a else -sign
        quantity = self.ports[port]
        if quantity.junction < 0:
            quantity = self.ports[port] = quantity._replace(junction=self.drive(quantity.a, quantity.b))
        return port, quantity.junction, sign

    def charge(self, name: str, port: int) -> int:
        """The drive of a junction's charge; its state comes after the capacitors and inductors."""
        quantity = self.ports[port]
        self.drives.append(Drive(quantity.a, quantity.b, charge=self.first_charge + len(self.charges)))
        self.charges.append(Branch(name, quantity.a, quantity.b))
        return len(self.drives) - 1

    def rate(self, name: str, a: int, b: int) -> tuple[int, int]:
        """The port that is the current which `CHARGE_UNIT` across two nodes would carry, and its sign."""
        for port, place in self.rates.items():
            branch = self.charges[place]
            if {branch.a, branch.b} == {a, b}:
                return port, 1 if branch.a == a else -1
        self.rates[len(self.ports)] = len(self.charges)
        self.ports.append(Quantity(-1, -1, branch=-2))  # which branch it is, the topology knows in the end
        self.charges.append(Branch(name, a, b, senses=True))
        return len(self.ports) - 1, 1

    def add(self, key: tuple, device: DeviceInstance) -> None:
        self.instances[key] = device

    def wire_behavioural(self, part: Component, branch_of: dict[str, int]) -> None:
        """A B source: a port for each voltage or current in its expression, a drive of its own."""
        a, b = (self.index[node] for node in part.nodes)
        is_voltage = part.quantity == "V"
        drive = self.drive(a, b, branch_of[part.name.lower()] if is_voltage else -1)
        law = cast(Expression, part.value)
        if all(isinstance(leaf, Name) for leaf in leaves_in(law)):  # a law is of one voltage at the least
            law = Binary("+", law, Binary("*", Number(0.0), Voltage(*part.nodes)))
        leaves_of_law = list(dict.fromkeys(leaves_in(law)))
        names = [leaf.name for leaf in leaves_of_law if isinstance(leaf, Name)]
        leaves = [leaf for leaf in leaves_of_law if not isinstance(leaf, Name)]
        ports = []
        for leaf in leaves:
            match leaf:
                case Voltage(plus, minus):
                    nodes = self.index[plus], self.index[minus]
                    ports.append(self.quantity(*nodes) if nodes[0] != nodes[1] else self.nothing())
                case Current(source):
                    ports.append(self.quantity(-1, -1, branch_of[source.lower()]))
        self.add(
            (part.name,),
            DeviceInstance(
                law=expression_law(law, tuple(leaves)),
                names=(part.name,),
                backward=(),
                model="",
                ports=tuple(ports),
                drives=((drive, 1),),
                parameters=tuple(names),
            ),
        )


def _nodes_inside(wiring: Wiring, part: Component, device: ModelDevice, parameters: tuple[str, ...]) -> dict[str, int]:
    """The nodes of a device by the names of its pins, behind its series resistances, which are wired here."""
    node_of = dict(zip(device.pins, (wiring.index[node] for node in part.nodes), strict=False))
    node_of |= {name: node_of[pin] for name, pin in device.inner_nodes.items()}
    node_of |= {f"outer {pin}": node_of[pin] for _, pin in device.series}
    if device.optional_pin:
        node_of[device.optional_pin] = wiring.index[[*part.nodes[len(device.pins) :], GROUND][0]]
    if device.memories:
        node_of[COMMON] = wiring.index[GROUND]
    for name, needed in device.memories.items():
        if not needed or set(needed).intersection(parameters):
            node_of[name] = wiring.index[f"{part.name}#{name}"] = len(wiring.index) - 1
    for parameter, pin in device.series:
        if parameter in parameters:
            node_of[f"outer {pin}"] = node_of[pin]
            inner = len(wiring.index) - 1
            wiring.index[f"{part.name}#{parameter}"] = inner
            if device.bent.get(parameter) not in parameters:
                wiring.series.append(SeriesResistance(part.name, f"{part.model}.{parameter}", node_of[pin], inner))
            node_of[pin] = inner
    return node_of


def _forward(instance: DeviceInstance) -> DeviceInstance:
    """A device of one port as the port is counted; one that is the other way round is among those facing backward."""
    ((port, sign),) = instance.ports
    names, backward = (instance.names, ()) if sign > 0 else ((), instance.names)
    drives = tuple((drive, sign * direction) for drive, direction in instance.drives)
    return instance._replace(names=names, backward=backward, ports=((port, 1),), drives=drives)


def _joined(before: DeviceInstance, other: DeviceInstance, both_ways: Law) -> DeviceInstance:
    """Two as one, with another law where some face backward."""
    joined = before._replace(names=before.names + other.names, backward=before.backward + other.backward)
    return joined._replace(law=both_ways) if joined.names and joined.backward else joined


def wire_device(wiring: Wiring, part: Component, device: ModelDevice) -> None:
    """A device with a model: its series resistances, its ports, its currents and charges."""
    model = wiring.models[cast(str, part.model)]
    parameters = tuple(name for name, _ in model.parameters)
    node_of = _nodes_inside(wiring, part, device, parameters)
    polarity = device.kinds[model.kind]
    # Across a junction, a memory and a resistance that is the law's affair the linear part has a shunt: a node may have
    # no other.
    with_shunt = {junction.port for junction in device.junctions if junction.condition in parameters}
    with_shunt |= {place for place, names in device.optional_ports.items() if {*names} & {*device.bent.values()}}
    with_shunt |= {place for place, pins in enumerate(device.ports) if set(pins).intersection(device.memories)}
    other = device.other_ports if device.has_other_ports(model.kind, parameters) else {}
    places = [
        place
        for place in range(len(device.ports))
        if place not in device.optional_ports or set(device.optional_ports[place]).intersection(parameters)
    ]
    there = {device.ports[place] for place in places}
    through = [pins for pins in device.currents if pins in there or pins not in device.ports]
    pairs = {pins: tuple(node_of[pin] for pin in other.get(pins, pins)) for pins in (*there, *through)}
    merges = device.merges and not set(device.merges_without).intersection(parameters)
    if device.merges and pairs[device.ports[0]][0] == pairs[device.ports[0]][1]:
        return  # a diode across itself carries nothing
    ports, drive_of = [], {}
    for place in places:
        pins = device.ports[place]
        a, b = pairs[pins]
        if a == b:  # tied together: no voltage, and the current goes round
            ports.append(wiring.nothing())
        elif place in with_shunt:
            port, drive, sign = wiring.junction(a, b)
            ports.append((port, sign * polarity))
            drive_of[pins] = (drive, sign * polarity)
        else:
            port, sign = wiring.quantity(a, b)
            ports.append((port, sign * polarity))
    drives = []
    for pins in through:
        a, b = pairs[pins]
        needed = device.optional_currents.get(pins)
        if a == b or (needed and not set(needed).intersection(parameters)):
            drives.append((-1, 0))
        elif pins in drive_of:
            drives.append(drive_of[pins])
        else:
            drives.append((wiring.drive(a, b), polarity))
    for needed, pins in device.rates:
        if not set(needed).intersection(parameters):
            continue
        a, b = (node_of[pin] for pin in pins)
        if a == b:
            ports.append(wiring.nothing())
            drives.append((-1, 0))
            continue
        port, sign = wiring.rate(f"{part.name}.{'-'.join(pins)}", a, b)
        ports.append((port, sign * polarity))
        drives.append((wiring.drive(a, b), polarity))
    law = device.law(model.kind, model.variant)
    if len(places) < len(device.ports):  # places among those that are there
        at = {place: index for index, place in enumerate(places)}
        junctions = tuple(junction._replace(port=at.get(junction.port, 0)) for junction in law.junctions)
        law = dataclasses.replace(law, junctions=junctions)
    instance = DeviceInstance(law, (part.name,), (), model.name, tuple(ports), tuple(drives), parameters)
    key: tuple = (part.name,)
    if merges:  # one instance for all of a model across the same nodes
        instance = _forward(instance)
        key = (instance.ports[0][0], model.name)
        if key in wiring.instances:
            both_ways = device.law(model.kind, device.in_pairs.get(model.variant, model.variant))
            wiring.instances[key] = _joined(wiring.instances[key], instance, both_ways)
            return
    for name, place in device.charges:
        if name in parameters:
            index, sign = instance.ports[places.index(place)]
            a, b = pairs[device.ports[place]]
            charge = (-1, 0) if a == b else (wiring.charge(f"{part.name}.{name}", index), sign)
            instance = instance._replace(drives=(*instance.drives, charge))
    wiring.instances[key] = instance
