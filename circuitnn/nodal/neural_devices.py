"""A circuit of which the linear part is known, and a network in place of all its nonlinear devices."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, final, get_args

import jax
import numpy as np
from flax import nnx
from jax import numpy as jnp

from circuitnn.arguments import checked_rngs
from circuitnn.circuit.circuit import Circuit
from circuitnn.circuit.memories import remembers
from circuitnn.mna.network import Network
from circuitnn.mna.port_map import Devices, PortMap, absolute, port_map_of
from circuitnn.mna.stamps import Values
from circuitnn.mna.topology import Topology
from circuitnn.nodal.device_network import DeviceNetwork, DeviceWeights, NetworkLaw, one_device, rest_of
from circuitnn.nodal.linear import NodalEquations
from circuitnn.nodal.monotone_curve import CurveWeights, MonotoneCurve, MonotoneLaw, curve_of
from circuitnn.numerics.rules import Rule
from circuitnn.settings import register
from circuitnn.transient.model import CircuitModel
from circuitnn.transient.system import Discretisation, Linear

Curve = Literal["free", "monotone"]


@final
@dataclass(frozen=True)
class NetworkAtPorts(Linear):
    """All of the linear part in one matrix, and a network at its ports.

    Attributes:
        law: of the network.
        is_explicit: whether the circuit shows the ports the network's own resistance.
        weights: the network's numbers; None where a model keeps them, which puts them in.
    """

    law: NetworkLaw | MonotoneLaw
    is_explicit: bool
    weights: Any = None  # DeviceWeights or CurveWeights, as the law has them

    @property
    def numbers(self) -> DeviceWeights | CurveWeights | None:
        """The network's numbers."""
        return self.weights

    def with_numbers(self, numbers: DeviceWeights | CurveWeights | None) -> "NetworkAtPorts":
        """As `Linear.with_numbers`."""
        return dataclasses.replace(self, weights=numbers)

    def solve(self, topology: Topology, values: Values, discretisation: Discretisation) -> Network:
        """As `Linear.solve`."""
        return NodalEquations().solve(topology, values, discretisation)

    def port_map(self, topology: Topology) -> PortMap:
        """The network on all ports."""
        return one_device(self.law, port_map_of(topology), is_explicit=self.is_explicit)

    def at_ports(self, topology: Topology, values: Values, solved: Network) -> tuple[Network, Devices]:
        """As `Linear.at_ports`: the waves in place of the ports' voltages."""
        return self._in_waves(solved, is_explicit=self.is_explicit)

    def imposed_map(self, topology: Topology) -> PortMap:
        """The network on all ports."""
        return one_device(self.law, port_map_of(topology), is_explicit=False)

    def at_imposed_ports(
        self, topology: Topology, values: Values, solved: Network, discretisation: Discretisation
    ) -> tuple[Network, Devices]:
        """As `Linear.at_imposed_ports`."""
        del discretisation  # the network has a resistance of its own
        return self._in_waves(solved, is_explicit=False)

    def _in_waves(self, solved: Network, *, is_explicit: bool) -> tuple[Network, Devices]:
        """``v = w - K' i`` is ``s = w - (K' - K) i``, with the K of the network."""
        assert self.weights is not None
        ports = solved.ports
        own = self.weights.resistance[None, :, :, None]
        ports = dataclasses.replace(ports, i=jnp.zeros_like(ports.i) if is_explicit else ports.i + own)
        no_junctions = jnp.zeros((1, 0, 1), ports.i.dtype)
        all_devices = absolute(((self.law.prepared(self.weights),),), no_junctions, *self.weights.resistance.shape)
        return dataclasses.replace(solved, ports=ports), all_devices


@register
@final
class NeuralDevices(CircuitModel):
    """A circuit with its linear part as the netlist has it, and a network in place of all its nonlinear devices.

    With z the companion states of `NodalModel` and w the voltages of the devices' ports with nothing connected,

    ``w_n = A_w z_{n-1} + B_w u_n, i_n = f(w_n), z_n = z_{n-1} + A_z z_{n-1} + B_z u_n + D i_n``:

    a state trajectory network around the circuit's own linear update, which sees of states and inputs what the devices
    see, and acts where they act. f is the one function that the circuit's own devices have there, whatever they are: it
    does not depend on time, nor on the states. At first f is that of the circuit linearised where it rests; what the
    network adds has neither a value nor a slope there, so that faint sounds stay those of the netlist.

    Without learnable values and knobs nothing is solved along time. With a knob, a learnt value, at another rate and
    where states are forced the network stays the same devices: then its waves are iterated for, as devices are.

    Args:
        circuit: from `read_netlist` or the catalogue. Its devices say where it rests and what faint sounds see.
        fs: sample rate, Hz.
        hidden: widths of the network's layers, tanh; of a monotone curve the number of its units alone.
        curve: "free", or "monotone" for the antiparallel pair of one port: odd, rising whatever the weights are, and at
            first along the netlist's own devices from 10 mV to 10 V, to a few thousandths from six units on.
        port_volts: for one unit of the network's input: about where the devices bend.
        rule: as for `NodalModel`, like the rest.
        trainable: patterns of value names that are learnt beside the weights.
        oversampling: 1, 2, 4, 8 or 16.
        solver: "auto", "sequential" or "parallel".
        explicit_at: the rate in hertz at which nothing is solved, where that is not this one.
        dtype: of the signals and the values.
        rngs: for the initial weights.

    Raises:
        ValueError: for a circuit without nonlinear devices, or with some that remember: junction charges, switches with
            hysteresis; for widths or volts that are not positive, and a monotone curve of other devices than a pair;
            and as `NodalModel`.

    Source: in place of the states and inputs of Parker, Esqueda and Bergner (DAFx 2019) what the devices see, as
    Chowdhury and Clarke (SMC 2022) have it for one port.
    """

    def __init__(
        self,
        circuit: Circuit,
        fs: float = 48_000,
        *,
        hidden: Sequence[int] = (8, 8),
        curve: Curve = "free",
        port_volts: float = 1.0,
        rule: str | Rule = "trapezoidal",
        trainable: Sequence[str] | Mapping[str, float | None] = (),
        oversampling: int = 1,
        solver: str = "auto",
        explicit_at: float | None = None,
        dtype: Any = jnp.float32,
        rngs: nnx.Rngs | None = None,
    ):
        hidden = tuple(hidden)
        if not hidden or any(not (isinstance(width, int) and width > 0) for width in hidden):
            raise ValueError(f"hidden: widths of the hidden layers are needed, all positive, got {hidden!r}")
        if curve not in get_args(Curve) or (curve == "monotone" and len(hidden) > 1):
            raise ValueError(
                f'curve: there are "free", and "monotone" with hidden=(units,), got {curve!r} with {hidden}'
            )
        if not 0 < port_volts < np.inf:
            raise ValueError(f"port_volts must be positive, got {port_volts}")
        rngs = checked_rngs(rngs, type(self).__name__)
        super().__init__(
            circuit, fs=fs, rule=rule, trainable=trainable, oversampling=oversampling, solver=solver, dtype=dtype
        )
        _check_devices(circuit, self.topology)
        self.hidden, self.curve, self.port_volts = hidden, curve, float(port_volts)
        self.explicit_at = self.fs if explicit_at is None else float(explicit_at)
        self.is_explicit = self.explicit_at == self.fs and not (self.values.learnt or circuit.controls)
        with jax.enable_x64(True):
            values = circuit.astype(np.float64).resolve()
            solved = NodalEquations().solve(self.topology, values, self.discretisation)
            resistance = -np.asarray(solved.ports.i)[0, ..., 0]
            if curve == "monotone":
                wave, drop = curve_of(self.topology, values, resistance)
            else:
                rest = rest_of(self.topology, values, resistance)
        self.network: MonotoneCurve | DeviceNetwork
        if curve == "monotone":
            self.network = MonotoneCurve(hidden[0], wave, drop, resistance, dtype=self.dtype)
        else:
            self.network = DeviceNetwork(hidden, rest, resistance, volts=self.port_volts, dtype=self.dtype, rngs=rngs)

    @property
    def linear(self) -> NetworkAtPorts:
        """The netlist's equations, and the network with its present weights."""
        is_free = self.curve == "free"
        law = NetworkLaw(len(self.hidden), len(self.topology.drives)) if is_free else MonotoneLaw()
        return NetworkAtPorts(law, self.is_explicit, self.network.weights)


def _check_devices(circuit: Circuit, topology: Topology) -> None:
    if not topology.ports or not topology.drives:
        raise ValueError("no nonlinear device that a network could stand in for: NodalModel is the whole circuit")
    charges = [topology.reactive[drive.charge].name for drive in topology.drives if drive.charge >= 0]
    if charges:
        raise ValueError(f"the charges of junctions are no functions of what the ports see: {', '.join(charges)}")
    if remembers(circuit):
        raise ValueError("switches with hysteresis are no functions of what the ports see")
