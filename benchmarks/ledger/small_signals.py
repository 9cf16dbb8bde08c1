"""Line 6, the response at 0 Hz is the slope of the operating point; line 7, small signals are a transient's limit.

For line 7 the input is a sine that grows, ``A e^(s t)`` with a complex s: what is left of the beginning is then less
than rounding of what is there, however slow the circuit's coupling capacitors are, and the response at s itself is what
the output has to be. Of the trapezoidal rule that is the circuit's at ``2 fs (z - 1)/(z + 1)``, ``z = e^(s/fs)``.
"""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from benchmarks.circuits import FS
from benchmarks.ledger.line import Line
from circuitnn import circuits
from circuitnn.circuit import Circuit
from circuitnn.mna.small_signal import transfer
from circuitnn.mna.topology import topology
from circuitnn.model import run
from circuitnn.nodal import NodalModel, frequency_response, operating_point

VOLT_STEP = 1e-3
HERTZ, GROWTH, SECONDS = 700.0, 900.0, 0.04  # e^-36 is left of the beginning
AMPLITUDES = (1e-3, 1e-4, 1e-5)  # of the nominal peak
ROUNDING = 1e-8  # relative, of what the smallest signals have
NONLINEAR = ("common_emitter", "jfet_stage", "triode_koren", "fuzz_face_silicon", "phase90_stage", "sd1")


def all_driven(name: str) -> Circuit:
    """A circuit of the catalogue that all its sources of voltage drive, and that is heard at every node."""
    circuit = circuits.CATALOGUE[name]()
    sources = tuple(part.name for part in circuit.components if part.kind == "V" and part.value is None)
    return dataclasses.replace(circuit, inputs=sources, outputs=circuit.nodes)


def slope_error(name: str, *, bias: float = 1.0) -> float:
    """Largest difference of the response at 0 Hz from the slope of the operating point, over the largest slope.

    Args:
        name: of a circuit.
        bias: what all sources are multiplied by where the response is taken; one unless it is to be refused.
    """
    circuit = all_driven(name)
    rest = {source: float(circuit.values[source]) for source in circuit.inputs}

    @jax.jit
    @jax.vmap
    def nodes(volts: Array) -> Array:
        values = {**circuit.values, **dict(zip(rest, volts, strict=True))}
        found = operating_point(dataclasses.replace(circuit, values=values))
        return jnp.stack([found[node] for node in circuit.nodes])

    moves = np.concatenate([factor * VOLT_STEP * np.eye(len(rest)) for factor in (-2, -1, 1, 2)])
    far_below, below, above, far_above = np.split(np.asarray(nodes(np.array(list(rest.values())) + moves)), 4)
    slopes = ((8 * (above - below) - (far_above - far_below)) / (12 * VOLT_STEP)).T
    moved = circuit.replace(**{source: bias * volts for source, volts in rest.items()})
    response = np.asarray(frequency_response(moved, np.zeros(1))).reshape(*slopes.shape)
    return float(np.max(np.abs(response - slopes)) / np.max(np.abs(slopes)))


def _response(circuit: Circuit, s: complex) -> complex:
    """From the first input to the first output at a complex frequency."""
    values = {name: jnp.asarray(value, jnp.float64) for name, value in circuit.resolve().items()}
    found = jax.jit(transfer, static_argnums=0)(topology(circuit), values, jnp.array([s]))
    return complex(np.asarray(found)[0, 0, 0])


@functools.cache
def _transients(name: str) -> tuple[NDArray, NDArray]:
    """Signal of peak one, (time,), and the outputs' deviations from rest over the amplitude, (amplitudes, time)."""
    circuit = circuits.CATALOGUE[name]()
    t = np.arange(1, round(SECONDS * FS) + 1) / FS
    signal = np.exp((GROWTH + 2j * np.pi * HERTZ) * (t - t[-1]))
    model = NodalModel(circuit, FS, dtype=jnp.float64)
    rests = np.array([float(circuit.values[source]) for source in circuit.inputs])
    size = np.array(AMPLITUDES) * circuits.NOMINAL_PEAK[name]
    x = np.broadcast_to(rests, (len(size), len(t), len(rests))).copy()
    x[..., 0] += size[:, None] * signal.real
    y = np.asarray(run(model, x)[1])[..., 0]
    rest = float(np.ravel(run(model, rests[None])[1])[0])
    return signal, (y - rest) / size[:, None]


def limit_errors(name: str, *, resistor: float = 1.0) -> NDArray:
    """Of each amplitude the largest error over the last period, relative to the response.

    Args:
        name: of a circuit.
        resistor: what its first resistor is multiplied by where the response is taken.
    """
    circuit = circuits.CATALOGUE[name]()
    signal, y = _transients(name)
    if resistor != 1.0:
        first = next(part.name for part in circuit.components if part.kind == "R" and part.name in circuit.values)
        circuit = circuit.replace(**{first: resistor * float(circuit.values[first])})
    z = np.exp((GROWTH + 2j * np.pi * HERTZ) / FS)
    expected = _response(circuit, 2 * FS * (z - 1) / (z + 1)) * signal
    last = slice(-round(FS / HERTZ), None)
    return np.max(np.abs(y - expected.real)[:, last], axis=1) / np.max(np.abs(expected[last]))


def limit_error(name: str, *, resistor: float = 1.0) -> float:
    """By how much more the error falls short of falling in proportion to the amplitude; and what is left at the end.

    The largest ratio of neighbouring errors over that of their amplitudes would be 1 for an error of second order, and
    less for one of third. Reported is the error of the smallest signal where the ratio is below 1.1 or all is rounding,
    else the ratio itself, which is far above any bound.
    """
    errors = np.maximum(limit_errors(name, resistor=resistor), ROUNDING)
    ratio = max(
        (later / earlier) * (AMPLITUDES[0] / AMPLITUDES[1])
        for earlier, later in zip(errors[:-1], errors[1:], strict=True)
        if later > ROUNDING
    ) if errors[1] > ROUNDING else 1.0  # fmt: skip
    return float(errors[-1]) if ratio < 1.1 else float(ratio)


LINE = Line(
    name="slope of the operating point",
    law="the response at 0 Hz, from every source to every node, is the slope of the operating point",
    figure="largest difference over the largest slope",
    bound=1e-6,
    subjects=tuple(circuits.CATALOGUE),
    quick=("common_emitter",),
    measure=slope_error,
    controls=NONLINEAR,
    broken=functools.partial(slope_error, bias=0.98),
    control="the response at a bias 2 % lower",
)
LIMIT = Line(
    name="linear limit",
    law="a transient tends to the small-signal response as the input goes to nothing, in proportion to it",
    figure="error of the smallest signal over the response, or how far the errors are from falling in proportion",
    bound=1e-3,
    subjects=tuple(circuits.CATALOGUE),
    quick=("diode_clipper",),
    measure=limit_error,
    controls=("diode_clipper", "bassman", "common_emitter", "jfet_stage"),
    broken=functools.partial(limit_error, resistor=1.01),
    control="the response of a circuit whose first resistor is 1 % larger",
)
