"""Which drive of a law depends on which port, for any voltages: what does not has no slope, and costs nothing."""

import functools

import jax
import numpy as np
from jax import numpy as jnp

from circuitnn.mna.elements import DeviceInstance, with_laws
from circuitnn.mna.instances import currents, parameters_of

NUMBER = jax.ShapeDtypeStruct((), np.float32)
ROW = jax.ShapeDtypeStruct((1,), np.float32)


def dependence(device: DeviceInstance) -> tuple[tuple[bool, ...], ...]:
    """For each drive whether it depends on each of the ports; True where that is not known."""
    count = len(device.ports)
    if not device.model or count == 1:
        return ((True,) * count,) * len(device.drives)
    nameless = device._replace(
        names=("D",) * bool(device.names),
        backward=("D",) * bool(device.backward),
        model="M",
        ports=((0, 1),) * count,
        drives=((0, 1),) * len(device.drives),
    )
    return _traced(nameless)


@functools.lru_cache(maxsize=1024)
def _traced(device: DeviceInstance) -> tuple[tuple[bool, ...], ...]:
    values = {f"M.{name}": NUMBER for name in device.parameters} | {"D": NUMBER}
    functions = [None, *{device.law.small_signal, device.law.search} - {None}]
    count, places = len(device.ports), device.exponential_ports

    def all_currents(values, volts, exponentials):
        rows = []
        for function in functions:
            (other,) = with_laws([device], [function])
            rows.append(currents(other, parameters_of(other, values), volts, exponentials))
        return [[jnp.asarray(row) for row in of_law] for of_law in rows]

    closed = jax.make_jaxpr(all_currents)(values, [ROW] * count, [ROW] * len(places))
    jaxpr = closed.jaxpr
    of_values = [frozenset[int]()] * len(values)
    sources = dict(zip(jaxpr.invars, [*of_values, *({k} for k in (*range(count), *places))], strict=True))

    def reached(atoms) -> frozenset[int]:
        return frozenset().union(*(sources.get(atom, ()) for atom in atoms if not hasattr(atom, "val")))

    for equation in jaxpr.eqns:
        sources.update(dict.fromkeys(equation.outvars, reached(equation.invars)))
    outputs = [reached([atom]) for atom in jaxpr.outvars]
    drives = len(outputs) // len(functions)
    of_drives = [frozenset().union(*outputs[drive::drives]) for drive in range(drives)]
    return tuple(tuple(port in ports for port in range(count)) for ports in of_drives)
