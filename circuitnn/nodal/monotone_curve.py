"""One learnt curve in place of an antiparallel pair of devices: odd, and rising whatever its weights are."""

from dataclasses import dataclass
from typing import Any, NamedTuple, final

import jax
import numpy as np
from flax import nnx
from jax import Array
from jax import numpy as jnp
from numpy.typing import NDArray
from scipy.optimize import least_squares

from circuitnn.devices.law import Parameters
from circuitnn.mna.nonlinear import law
from circuitnn.mna.port_map import devices, port_map_of
from circuitnn.mna.stamps import Values
from circuitnn.mna.topology import Topology
from circuitnn.networks.scaling import Normalisation

LARGEST, FAINTEST = 10.0, 1e-2  # volts of the wave between which the curve is first laid along the netlist's devices
POINTS = 300


@final
class CurveWeights(NamedTuple):
    """The numbers of a `MonotoneCurve`: logarithms, so that nanoamperes are learnt as fast as amperes.

    Attributes:
        shares: (units + 1,) logits of each unit's share of the slope; the last one is what no unit has.
        thresholds: (units,) logarithms of volts.
        widths: (units,) likewise.
        resistance: K, (1, 1) ohms.
    """

    shares: Array
    thresholds: Array
    widths: Array
    resistance: Array


@final
class MonotoneCurve(nnx.Module):
    """What a pair of devices puts into a circuit, as a function of the wave ``s = v + K i`` of their port.

    ``K i = sum_k c_k w_k (softplus((s - t_k)/w_k) - softplus((-s - t_k)/w_k))`` with t, w and c positive, the c with a
    sum below one: a unit is exponential far below its threshold and linear above, as a diode behind a resistor is. So i
    is odd, and rises with v at any s: ``0 < K di/ds < 1``.

    Args:
        units: how many.
        wave: (points,) volts, rising from near zero.
        drop: (points,) ``K i`` there of the devices that it begins as.
        resistance: K, (1, 1).
        dtype: of the weights.
    """

    def __init__(self, units: int, wave: NDArray, drop: NDArray, resistance: NDArray, *, dtype: Any):
        shares, thresholds, widths = (jnp.asarray(part, dtype) for part in laid_along(units, wave, drop))
        self.shares, self.thresholds, self.widths = nnx.Param(shares), nnx.Param(thresholds), nnx.Param(widths)
        self.resistance = Normalisation(jnp.asarray(resistance, dtype))

    @property
    def weights(self) -> CurveWeights:
        """All numbers, as arrays."""
        return CurveWeights(self.shares[...], self.thresholds[...], self.widths[...], self.resistance[...])


@final
@dataclass(frozen=True)
class MonotoneLaw:
    """As the law of one device on the only port, of which the wave is the voltage; static."""

    def prepared(self, weights: CurveWeights) -> dict[str, Array]:
        """All that does not depend on the wave, with a time axis in front and a batch axis at the end."""
        share, width = jax.nn.softmax(weights.shares)[:-1], jnp.exp(weights.widths)
        siemens = share * width / weights.resistance[0, 0]
        parts = {"siemens": siemens, "threshold": jnp.exp(weights.thresholds), "width": width}
        return {name: part[None, :, None] for name, part in parts.items()}

    def __call__(self, p: Parameters, v: list[Array], e: list[Array | None]) -> tuple[list[Array], list[Array]]:
        """The current at the wave v[0], (..., batch)."""
        wave = v[0][..., None, :]
        up, down = (jax.nn.softplus((sign * wave - p["threshold"]) / p["width"]) for sign in (1, -1))
        return [jnp.sum(p["siemens"] * (up - down), axis=-2)], []


def curve_of(topology: Topology, values: Values, resistance: NDArray) -> tuple[NDArray, NDArray]:
    """Waves and ``K i`` of the devices on the only port, in float64.

    Args:
        topology: shape of the circuit.
        values: from `Circuit.resolve`, scalars in float64.
        resistance: K, (1, 1).

    Raises:
        ValueError: for several ports, and for devices that are not the same both ways.
    """
    if resistance.shape != (1, 1):
        raise ValueError(
            f"a monotone curve is that of one port, this circuit's devices have {len(topology.ports)} port(s) and "
            f"{len(topology.drives)} current(s)"
        )
    port_map = port_map_of(topology)._replace(is_at_rest=True)
    all_devices = jax.tree.map(lambda leaf: leaf[0], devices(topology, values))
    volts = np.linspace(0, 3, 6001)[1:]
    there, back = (
        np.asarray(law(port_map, all_devices, jnp.asarray(sign * volts[None])).current)[0] for sign in (1, -1)
    )
    if not np.allclose(there, -back, rtol=1e-6):
        raise ValueError("a monotone curve is odd, these devices are not the same both ways")
    drop = resistance[0, 0] * there
    is_near = np.isfinite(drop) & (volts + drop < LARGEST)
    wave = np.geomspace(FAINTEST, (volts + drop)[is_near][-1], POINTS)
    # Of the logarithms: straight where the drop is exponential.
    return wave, np.exp(np.interp(wave, (volts + drop)[is_near], np.log(drop[is_near])))


def laid_along(units: int, wave: NDArray, drop: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Logits, thresholds and widths of a curve along the given one, by least squares of logarithms of both voltages."""

    def parts(free: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        return free[: units + 1], free[units + 1 : 2 * units + 1], free[2 * units + 1 :]

    def left(free: NDArray) -> NDArray:
        logits, *logarithms = parts(free)
        share = np.exp(logits - logits.max())
        threshold, width = np.exp(np.clip(logarithms, -30, 30))
        ahead, back = (
            np.logaddexp(0, np.clip((sign * wave[:, None] - threshold) / width, -600, 600)) for sign in (1, -1)
        )
        found = np.sum(share[:-1] / share.sum() * width * (ahead - back), axis=1)
        both = np.log(np.maximum(found, 1e-300) / drop), np.log((wave - found) / (wave - drop))
        return np.concatenate(both)

    slope = np.gradient(drop, wave)
    odds = np.log(slope / (1 - slope))
    places = np.linspace(max(odds[0], -6), odds[-1], units + 1)
    thresholds = np.interp((places[:-1] + places[1:]) / 2, odds, wave)
    rising = 1 / (1 + np.exp(-places))
    shares = np.log(np.append(np.diff(rising), 1 - rising[-1]))
    start = np.concatenate([shares, np.log(thresholds), np.log(0.2 * thresholds)])
    return parts(least_squares(left, start, max_nfev=50).x)
