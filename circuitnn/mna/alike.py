"""Nonlinear devices of one law, evaluated together: which of them are alike, and on which ports they sit.

A law that is written out once for each device makes programs that take minutes to compile. In large circuits the
devices of one law stand side by side, in arrays (..., devices, batch), which its elementwise operations do not notice.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, final

import numpy as np
from jax import Array
from jax import numpy as jnp

from circuitnn.devices.behavioural import ExpressionLaw, expression_law, general_law
from circuitnn.mna.elements import DeviceInstance
from circuitnn.mna.instances import Parameters, Values, exponents_at_zero, exponents_per_volt, parameters_of
from circuitnn.mna.stamps import two_axes
from circuitnn.numerics.small import taken

Places = tuple[tuple[int, int], ...]  # (index, sign) for each of several devices


@final
class Alike(NamedTuple):
    """Several devices of one law, in the order of the topology; static.

    Attributes:
        device: one that has their law; its names, ports and drives are those of the first.
        instances: all of them.
        ports: for each port of the law, the port of each device and its sign.
        drives: for each drive of the law, that of each device and its sign; the index is -1 where it drives nothing.
        constants: of expressions, the coefficients in which they may differ: (name, one for each device).
    """

    device: DeviceInstance
    instances: tuple[DeviceInstance, ...]
    ports: tuple[Places, ...]
    drives: tuple[Places, ...]
    constants: tuple[tuple[str, tuple[float, ...]], ...] = ()


def groups_of(devices: Sequence[DeviceInstance]) -> tuple[Alike, ...]:
    """The devices by their laws: those that have the same parameters and junctions, whatever their values are."""
    groups: dict[tuple, list[tuple[DeviceInstance, dict[str, float]]]] = {}
    representatives: dict[tuple, DeviceInstance] = {}
    for device in devices:
        general, constants = _general(device)
        key = general.law, general.parameters, general.directions, bool(general.model), len(general.drives)
        representatives.setdefault(key, general)
        groups.setdefault(key, []).append((device, constants))
    alike = []
    for key, members in groups.items():
        instances = tuple(device for device, _ in members)
        alike.append(
            Alike(
                device=representatives[key],
                instances=instances,
                ports=tuple(zip(*(device.ports for device in instances), strict=True)),
                drives=tuple(zip(*(device.drives for device in instances), strict=True)),
                constants=tuple((name, tuple(own[name] for _, own in members)) for name in members[0][1]),
            )
        )
    return tuple(alike)


def _general(device: DeviceInstance) -> tuple[DeviceInstance, dict[str, float]]:
    """The device with a law that others may have as well, and the numbers that are its own."""
    if not isinstance(device.law.function, ExpressionLaw):
        return device, {}
    general, coefficients = general_law(device.law.function, device.parameters)
    law = expression_law(general.law.expression, general.law.leaves)
    constants = dict(zip(general.constants, coefficients, strict=True))
    return device._replace(law=law, parameters=general.parameters), constants


def parameters_of_alike(group: Alike, values: Values) -> Parameters:
    """As `parameters_of`, with arrays (time or 1, devices or 1, batch or 1)."""
    first = group.device
    if not first.model:
        dtype = jnp.result_type(*values.values())
        constants = {name: jnp.asarray(own, dtype)[None, :, None] for name, own in group.constants}
        columns = zip(*(device.parameters for device in group.instances), strict=True)
        named = zip(first.parameters, columns, strict=True)
        return ({name: _stacked([values[own] for own in column]) for name, column in named} | constants,)
    together: dict[str, Any] = {
        f"{first.model}.{name}": _stacked([values[f"{device.model}.{name}"] for device in group.instances])
        for name in first.parameters
    }
    names, backward = first.names[:1], first.backward[:1]
    for name, areas in (
        (names, [device.names for device in group.instances]),
        (backward, [device.backward for device in group.instances]),
    ):
        if name:
            together[name[0]] = _stacked([sum((values[k] for k in others), values[own]) for own, *others in areas])
    return parameters_of(first._replace(names=names, backward=backward), together)


def exponents_of_alike(group: Alike, parameters: Parameters) -> tuple[list[Array], list[Array]]:
    """As `exponents_per_volt` and `exponents_at_zero`: for each junction (time or 1, devices, batch or 1)."""
    unsigned = group.device._replace(ports=tuple((port, 1) for port, _ in group.device.ports))
    rows = exponents_per_volt(unsigned, parameters), exponents_at_zero(unsigned, parameters)
    count = len(group.instances)
    per_volt, at_zero = ([jnp.broadcast_to(row, (row.shape[0], count, row.shape[2])) for row in each] for each in rows)
    signs = [np.array([sign for _, sign in group.ports[place]], int) for place in group.device.exponential_ports]
    return [row * sign.astype(row.dtype)[:, None] for row, sign in zip(per_volt, signs, strict=True)], at_zero


def _stacked(values: Sequence[Any]) -> Array:
    """Values of shape () or (time or 1, batch or 1) as (time or 1, devices, batch or 1); of a shared one alone."""
    different = {id(value): value for value in values}
    place = {key: k for k, key in enumerate(different)}
    rows = jnp.broadcast_arrays(*(two_axes(value) for value in different.values()))
    stacked = jnp.stack(rows, 1)
    return stacked if len(rows) in (1, len(values)) else taken(stacked, [place[id(value)] for value in values])
