"""A small network in place of all nonlinear devices of a circuit, in coordinates that make it easy to learn."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple, final

import jax
import numpy as np
from flax import nnx
from jax import Array
from jax import numpy as jnp

from circuitnn.devices.law import Law, Parameters
from circuitnn.mna.elements import DeviceInstance
from circuitnn.mna.nonlinear import jacobian, law
from circuitnn.mna.operating_point import operating_point
from circuitnn.mna.port_map import PortMap, devices, port_map_of
from circuitnn.mna.stamps import Values
from circuitnn.mna.topology import Topology
from circuitnn.networks.scaling import Normalisation
from circuitnn.numerics.double import product
from circuitnn.numerics.small import apply

SPREAD = 1.5  # of the inputs of tanh: a bend is a small part of the range


@final
class Rest(NamedTuple):
    """What is known of the devices where the circuit rests, in float64.

    Attributes:
        waves: (n_ports,) ``s = v + K i`` there.
        currents: (n_drives,) what they put in.
        slopes: (n_drives, n_ports) by how much that follows the waves.
        unit: (n_drives,) amperes (or volts) that move the waves by one volt.
    """

    waves: np.ndarray
    currents: np.ndarray
    slopes: np.ndarray
    unit: np.ndarray


def rest_of(topology: Topology, values: Values, resistance: np.ndarray) -> Rest:
    """The devices at the operating point of their circuit.

    Args:
        topology: shape of the circuit.
        values: from `Circuit.resolve`, scalars in float64.
        resistance: K, (n_ports, n_drives).
    """
    port_map, point = port_map_of(topology)._replace(is_at_rest=True), operating_point(topology, values)
    all_devices = jax.tree.map(lambda leaf: leaf[0], devices(topology, values))
    there = law(port_map, all_devices, point.ports[:, None])
    current, slopes = np.asarray(there.current)[:, 0], np.asarray(jacobian(port_map, there.slopes))[..., 0]
    largest = np.max(np.abs(resistance), axis=0)
    return Rest(
        waves=np.asarray(point.ports) + resistance @ current,
        currents=current,
        slopes=slopes @ np.linalg.inv(np.eye(len(resistance)) + resistance @ slopes),
        unit=1 / np.where(largest > 0, largest, 1),
    )


@final
class DeviceWeights(NamedTuple):
    """The numbers of a `DeviceNetwork`."""

    kernels: tuple[Array, ...]  # of each layer (out, in)
    biases: tuple[Array, ...]  # of the hidden layers (out,)
    volts: Array  # per unit of the network's inputs
    resistance: Array
    waves: Array
    currents: Array
    slopes: Array
    unit: Array


@final
class DeviceNetwork(nnx.Module):
    """What all devices put into a circuit, as a function of the waves ``s = v + K i`` of their ports.

    ``i = i_0 + S (s - s_0) + r(s - s_0)``, r a multilayer perceptron less its value and its slope at zero. K is a fixed
    resistance. Where the circuit around shows the ports this K, s is their voltage with nothing connected, and nothing
    is to be solved; elsewhere s follows from an iteration, and the devices are the same.
    """

    def __init__(
        self, hidden: tuple[int, ...], rest: Rest, resistance: np.ndarray, *, volts: float, dtype: Any, rngs: nnx.Rngs
    ):
        ports, drives = resistance.shape
        sizes = (ports, *hidden)
        kernels = [
            SPREAD / before**0.5 * jax.random.normal(rngs.params(), (after, before))
            for before, after in pairwise(sizes)
        ]
        biases = [jax.random.uniform(rngs.params(), (width,), jnp.float32, -1, 1) for width in hidden]
        kernels.append(jnp.zeros((drives, sizes[-1])))  # the linearised circuit
        self.kernels = nnx.List([nnx.Param(kernel.astype(dtype)) for kernel in kernels])
        self.biases = nnx.List([nnx.Param(bias.astype(dtype)) for bias in biases])
        self.volts, self.resistance = (Normalisation(jnp.asarray(value, dtype)) for value in (volts, resistance))
        self.waves, self.currents, self.slopes, self.unit = (Normalisation(jnp.asarray(part, dtype)) for part in rest)

    @property
    def weights(self) -> DeviceWeights:
        """All numbers, as arrays."""
        fixed = (self.volts, self.resistance, self.waves, self.currents, self.slopes, self.unit)
        return DeviceWeights(
            tuple(kernel[...] for kernel in self.kernels),
            tuple(bias[...] for bias in self.biases),
            *(number[...] for number in fixed),
        )


def prepared(weights: DeviceWeights) -> dict[str, Array]:
    """All that does not depend on the waves, with a time axis in front and a batch axis at the end."""
    rest, per_unit = weights.waves, weights.unit[:, None]
    kernels = (weights.kernels[0] / weights.volts, *weights.kernels[1:])
    biases = (weights.biases[0] - product(kernels[0], rest[:, None])[:, 0], *weights.biases[1:])

    def network(waves: Array) -> Array:
        h = waves[:, None]
        for kernel, bias in zip(kernels, biases, strict=False):
            h = jnp.tanh(product(kernel, h) + bias[:, None])
        return per_unit * product(kernels[-1], h)

    value = network(rest)[:, 0]
    slope = jax.jacfwd(lambda waves: network(waves)[:, 0])(rest)
    linear = weights.slopes - slope
    constant = weights.currents - value - product(linear, rest[:, None])[:, 0]
    parts = {"constant": constant, "linear": linear, "last": per_unit * kernels[-1]}
    parts |= {f"kernel{k}": kernel for k, kernel in enumerate(kernels[:-1])}
    parts |= {f"bias{k}": bias for k, bias in enumerate(biases)}
    return {name: part[None, ..., None] for name, part in parts.items()}


@final
@dataclass(frozen=True)
class NetworkLaw:
    """As the law of one device on all ports and drives, of which the waves are the voltages; static."""

    hidden: int  # layers
    drives: int

    def prepared(self, weights: DeviceWeights) -> dict[str, Array]:
        """All that does not depend on the waves."""
        return prepared(weights)

    def __call__(self, p: Parameters, v: list[Array], e: list[Array | None]) -> tuple[list[Array], list[Array]]:
        """The drives at the waves v, (..., batch) each."""
        waves = h = jnp.stack(v, axis=-2)
        for k in range(self.hidden):
            h = jnp.tanh(apply(p[f"kernel{k}"], h) + p[f"bias{k}"])
        total = p["constant"] + apply(p["linear"], waves) + apply(p["last"], h)
        return [total[..., k, :] for k in range(self.drives)], []


def one_device(law: Any, of_circuit: PortMap, *, is_explicit: bool) -> PortMap:
    """All ports and drives of a circuit as those of one law."""
    places = tuple((k, 1) for k in range(of_circuit.ports)), tuple((k, 1) for k in range(of_circuit.drives))
    device = DeviceInstance(Law(law, is_costly=True), (), (), "", ports=places[0], drives=places[1])
    return PortMap(
        ports=of_circuit.ports,
        drives=of_circuit.drives,
        devices=(device,),
        scale=(1.0,) * of_circuit.ports,
        junction=(-1,) * of_circuit.ports,
        shunt=0.0,
        exponents=((),),
        slopes=tuple(np.ndindex(of_circuit.drives, of_circuit.ports)),
        is_explicit=is_explicit,
    )
