"""Devices seen from their terminals: the currents that flow into the nodes at given node voltages."""

import jax
import jax.numpy as jnp
import numpy as np

from circuitnn.circuit import read_netlist
from circuitnn.mna.nonlinear import law, taken_away
from circuitnn.mna.port_map import devices, port_map_of
from circuitnn.mna.topology import topology

# Sources and resistors that make a circuit of it; only the devices are asked.
AROUND = "* t\nVin in 0 0\nRin in out 1\nRo out c 1\nRc c b 1\nRb b e 1\nRe e 0 1\n"


# Compiled as one, which is quicker than operation by operation.
compiled_law = jax.jit(law, static_argnums=0)


def device(lines, dtype=jnp.float64):
    """A circuit of nodes c, b, e, out with these devices."""
    return read_netlist(AROUND + lines + "\n.end\n").astype(dtype)


def parts(circuit):
    """What `law` takes of a circuit: which device sits where, and their parameters."""
    top = topology(circuit)
    return port_map_of(top), jax.tree.map(lambda leaf: leaf[0], devices(top, circuit.resolve()))


def port_voltages(circuit, **volts):
    """(n_ports, batch) at node voltages, each (batch,); nodes that are not named are at 0."""
    top = topology(circuit)
    known = {name: jnp.asarray(value) for name, value in volts.items()}
    shape = next(iter(known.values())).shape
    dtype = next(iter(known.values())).dtype
    at = [known.get(name, jnp.zeros(shape, dtype)) for name in top.nodes] + [jnp.zeros(shape, dtype)]
    return jnp.stack([at[port.a] - at[port.b] for port in top.ports])


def currents_into(circuit, **volts):
    """Current into the devices at each node, by the name of the node, (batch,)."""
    top, (where, given) = topology(circuit), parts(circuit)
    v = port_voltages(circuit, **volts)
    current = np.asarray(compiled_law(where, given, v).current)
    found = dict.fromkeys((*top.nodes, "0"), 0.0)
    names = (*top.nodes, "0")
    for drive, row in zip(top.drives, current, strict=True):
        found[names[drive.a]] = found[names[drive.a]] + row
        found[names[drive.b]] = found[names[drive.b]] - row
    # The linear part has a shunt across each junction, which the law has taken away.
    for port, volt in zip(top.ports, np.asarray(v), strict=True):
        if port.junction >= 0:
            extra = taken_away(where, v.dtype) * volt
            found[names[port.a]] = found[names[port.a]] + extra
            found[names[port.b]] = found[names[port.b]] - extra
    return found
