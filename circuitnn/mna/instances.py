"""One device of a circuit: its law with its own numbers, at given voltages and exponentials.

Voltages and currents are lists of arrays (..., batch), one for each port and drive, in the direction of its ports.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from jax import Array

from circuitnn.devices.constants import THERMAL_VOLTAGE
from circuitnn.devices.law import AREA, Junction
from circuitnn.mna.elements import CHARGE_UNIT, DeviceInstance

Parameters = tuple[dict[str, Any], ...]  # for each of the directions of an instance
Values = Mapping[str, Any]


def parameters_of(instance: DeviceInstance, values: Values) -> Parameters:
    """What the law of an instance needs of the circuit's values."""
    if not instance.model:
        return ({name: values[name] for name in instance.parameters},)
    of_model = {name: values[f"{instance.model}.{name}"] for name in instance.parameters}
    directed = []
    for direction in instance.directions:
        first, *others = instance.names if direction > 0 else instance.backward
        area = sum((values[name] for name in others), values[first])
        numbers = {name: value * area if name in instance.law.scaled else value for name, value in of_model.items()}
        numbers |= {name: numbers[name] / area for name in instance.law.divided if name in numbers}
        numbers |= {name: -numbers[name] for name in instance.law.negated if name in numbers}
        if instance.law.prepare:
            prepared = instance.law.prepare({**numbers, AREA: area})
            numbers = {name: value for name, value in prepared.items() if name != AREA}
        directed.append(numbers)
    return tuple(directed)


def junctions_of(instance: DeviceInstance, parameters: Parameters) -> Iterator[tuple[Junction, int, dict[str, Any]]]:
    """The junctions that are there, in the order of their exponentials: with their direction and parameters."""
    for direction, directed in zip(instance.directions, parameters, strict=True):
        for junction, is_there in zip(instance.law.junctions, instance.junctions, strict=True):
            if is_there:
                yield junction, direction, directed


def exponents_per_volt(instance: DeviceInstance, parameters: Parameters) -> list[Any]:
    """What is raised to the power of e, per volt of its port; signed as the port is."""
    return [
        facing(instance.ports[junction.port][1], junction, direction) / (directed[junction.emission] * THERMAL_VOLTAGE)
        for junction, direction, directed in junctions_of(instance, parameters)
    ]


def facing(sign: int, junction: Junction, direction: int) -> int:
    """1 where a junction conducts as its port, of that sign, goes up, -1 where it does as that goes down."""
    return -sign * direction if junction.is_reverse else sign * direction


def exponents_at_zero(instance: DeviceInstance, parameters: Parameters) -> list[Any]:
    """What is raised to the power of e where there is no voltage: something where a junction has an offset alone."""
    return [
        -directed[junction.offset] / (directed[junction.emission] * THERMAL_VOLTAGE)
        if junction.offset
        else 0 * directed[junction.emission]
        for junction, _, directed in junctions_of(instance, parameters)
    ]


def currents(
    instance: DeviceInstance, parameters: Parameters, v: list[Array], exponentials: list[Array]
) -> list[Array]:
    """What its drives do at the voltages of its ports: amperes (or volts), and charges in volts across `CHARGE_UNIT`.

    Args:
        instance: static.
        parameters: (..., batch or 1) each.
        v: (..., batch) for each port, in its own direction; volts, or amperes where it senses a current.
        exponentials: (..., batch), in the order of `exponents_per_volt`.
    """
    following = iter(exponentials)
    total: list[Array] = []
    for direction, directed in zip(instance.directions, parameters, strict=True):
        powers = [next(following) if is_there else None for is_there in instance.junctions]
        volts = v if direction > 0 else [-port for port in v]
        through, charges = instance.law.function(directed, volts, powers)
        drives = [*through, *(charge / CHARGE_UNIT for charge in charges)]
        if direction < 0:
            total = [a - b for a, b in zip(total, drives, strict=True)] if total else [-drive for drive in drives]
        else:
            total = drives
    return total
