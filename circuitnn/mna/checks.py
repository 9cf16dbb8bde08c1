"""Refuse circuits whose equations have no solution, before any signal is run through them."""

import dataclasses
from typing import Any

import jax
import numpy as np
from jax import Array
from jax import numpy as jnp

from circuitnn.circuit.circuit import Circuit
from circuitnn.devices.rules import LARGEST
from circuitnn.expressions.errors import CircuitError
from circuitnn.mna.network import system_matrix
from circuitnn.mna.nonlinear import jacobian as law_jacobian
from circuitnn.mna.nonlinear import law
from circuitnn.mna.port_map import devices, port_map_of
from circuitnn.mna.stamps import IMPEDANCE, Reactive, Values, at_rest, companion
from circuitnn.mna.topology import Topology

_PORT_VOLTAGES = (0.0, 0.4)  # one where the circuit has a solution is enough: a tube may be cut off at zero
FLOAT32_LARGEST = 1e34  # the products with those of ordinary parts still are numbers
SINGULAR = 1e-13  # smallest singular value of the balanced matrix, relative to the largest


def check_solvable(topology: Topology, values: Values, step: float) -> None:
    """Check the equations at rest and along time, with concrete values; traced ones are not known yet and pass.

    Raises:
        CircuitError: naming what has no unique voltage or current.
    """
    if any(isinstance(value, jax.core.Tracer) for value in values.values()):
        return
    numbers = {name: np.asarray(value, np.float64) for name, value in values.items()}
    _check(
        topology,
        numbers,
        _companion(topology, numbers, step),
        "a loop of ideal voltage sources, or a node that nothing holds?",
    )
    if topology.free_drives:
        _refuse_singular(
            topology,
            [_linear_part(topology, numbers, _companion(topology, numbers, step))],
            "in time: held by sources of expressions or idealised diodes alone? A large resistor (1e9) to ground helps",
            smallest_allowed=float(np.finfo(np.float64).eps),  # what is only badly scaled is still solved
        )
    if topology.uncharged and all(numbers[name] == 0 for name in (*topology.inputs, *topology.constants)):
        return  # nothing moves at rest, even where no equation says so
    _check(
        topology,
        numbers,
        at_rest(topology, numbers, np),
        "at rest, capacitors are open and inductors short: a node without a path for direct current, or a loop of "
        "inductors and voltage sources? A large resistor (1e9) to ground, or a small one (1e-3) in the loop, helps",
    )


def states_are_independent(topology: Topology, values: Values) -> bool:
    """Whether all states can be imposed at once: no loop of capacitors and voltage sources, no cut of inductors.

    Sources of expressions are sources here, whatever their laws make of the currents: the linear part is solved first.
    """
    if any(isinstance(value, jax.core.Tracer) for value in values.values()):
        return True
    numbers = {name: np.asarray(value, np.float64) for name, value in values.items()}
    reactive = _companion(topology, numbers, 0.0)
    return _linear_part(topology, numbers, reactive)[0] > SINGULAR and _is_solvable(topology, numbers, reactive)


def rest_is_determined(topology: Topology, values: Values) -> bool:
    """Whether direct current determines all voltages and currents: no capacitors alone in series, no loop of coils."""
    numbers = {name: np.asarray(value, np.float64) for name, value in values.items()}
    return _is_solvable(topology, numbers, at_rest(dataclasses.replace(topology, uncharged=False), numbers, np))


def check_sizes(circuit: Circuit, dtype: Any) -> None:
    """Refuse numbers that are possible in SPICE and not in a precision.

    Raises:
        CircuitError: naming the first of them.
    """
    largest, remedy = (
        (FLOAT32_LARGEST, '; dtype="float64" has more') if np.dtype(dtype) == np.float32 else (LARGEST, "")
    )
    try:
        circuit.check_sizes(largest)
    except ValueError as error:
        raise CircuitError(f"{error}: single precision has no room for it{remedy}" if remedy else str(error)) from None


def _companion(topology: Topology, numbers: Values, step: float) -> Reactive:
    try:
        with np.errstate(all="ignore"):
            return companion(topology, numbers, step, np)
    except np.linalg.LinAlgError:
        coils = sorted({topology.reactive[k].name for pair in topology.mutual for k in (pair.a, pair.b)})
        raise CircuitError(
            f"the coupled inductors {', '.join(coils)} have no unique currents: are the couplings too tight, or the "
            "inductances too far apart?"
        ) from None


def _is_solvable(topology: Topology, numbers: Values, reactive: Reactive) -> bool:
    return any(_weakest(_matrix(topology, numbers, reactive, volts))[0] > SINGULAR for volts in _PORT_VOLTAGES)


def _matrix(topology: Topology, numbers: Values, reactive: Reactive, volts: float) -> np.ndarray:
    """With a conductance across each junction, whatever it conducts now, and other laws as they are at some voltage."""
    jacobian = np.zeros((len(topology.drives), len(topology.ports)))
    if topology.free_drives:
        # Where a law is not finite at these voltages it holds nothing, as far as is known.
        slopes = np.asarray(_free_slopes(topology, numbers, volts))
        jacobian[list(topology.free_drives)] = np.nan_to_num(slopes, posinf=0, neginf=0)
    for port, quantity in enumerate(topology.ports):
        if quantity.junction >= 0:
            jacobian[quantity.junction, port] = 1 / IMPEDANCE
    with np.errstate(all="ignore"):
        return np.asarray(system_matrix(topology, numbers, reactive, jacobian=jacobian, module=np), np.float64)


@jax.jit(static_argnums=0)
def _free_slopes(topology: Topology, values: Values, volts: float) -> Array:
    """Slopes of the drives that have no junction in parallel, (n_free, n_ports), with those volts at all ports."""
    port_map, numbers = port_map_of(topology), jax.tree.map(lambda leaf: leaf[0], devices(topology, values))
    slopes = law(port_map, numbers, jnp.full((len(topology.ports), 1), volts, numbers.per_volt.dtype)).slopes
    return law_jacobian(port_map, slopes)[np.array(topology.free_drives), :, 0]


def _check(topology: Topology, numbers: Values, reactive: Reactive, hint: str) -> None:
    _refuse_singular(
        topology, [_weakest(_matrix(topology, numbers, reactive, volts)) for volts in _PORT_VOLTAGES], hint
    )


def _linear_part(topology: Topology, numbers: Values, reactive: Reactive) -> tuple[float, np.ndarray]:
    """The weakest direction of what is solved before the laws are: a node that they alone hold has no voltage there."""
    return _weakest(np.asarray(system_matrix(topology, numbers, reactive, module=np), np.float64))


def _refuse_singular(
    topology: Topology, weakest: list[tuple[float, np.ndarray]], hint: str, *, smallest_allowed: float = SINGULAR
) -> None:
    smallest, direction = max(weakest, key=lambda pair: pair[0])
    if smallest <= smallest_allowed:
        names = [topology.unknowns[k] for k in np.flatnonzero(np.abs(direction) > 0.3 * np.abs(direction).max())]
        raise CircuitError(f"the circuit's equations have no unique solution: {', '.join(names)} undetermined; {hint}")


def _weakest(matrix: np.ndarray) -> tuple[float, np.ndarray]:
    """The smallest singular value of the matrix with rows and columns of one magnitude, and its direction."""
    if not matrix.size:
        return 1.0, np.zeros(0)
    matrix = matrix / np.maximum(np.abs(matrix).max(axis=1, keepdims=True), 1e-300)
    matrix = matrix / np.maximum(np.abs(matrix).max(axis=0, keepdims=True), 1e-300)
    try:
        _, values, right = np.linalg.svd(np.nan_to_num(matrix))
    except np.linalg.LinAlgError:
        return 0.0, np.ones(len(matrix))
    return float(values[-1] / values[0]), right[-1]
