"""Line 1: at every sample the power of all branches sums to nothing, and so do the currents at each node.

A model's node voltages and the currents of its sources, capacitors and coils are taken; every other current is computed
from the voltages by the component's own law in NumPy. The currents that are taken are held to their laws as well: a
source to its voltage, a capacitor and a coil to the rule. None of this is true by the way it is computed.

Power is a sum over nodes of voltages times what Kirchhoff's law leaves. A node between diodes that conduct well has
little voltage and much current per volt: there the current tells of the last digits of Newton's iteration.
"""

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from benchmarks.circuits import FS, with_all_inputs
from benchmarks.ledger.laws import into_pins
from benchmarks.ledger.line import Line
from benchmarks.ledger.observed import Observed, observe
from circuitnn import circuits
from circuitnn.circuit import Circuit
from circuitnn.circuit.components import NULLOR, Component
from circuitnn.devices.device import ModelDevice
from circuitnn.expressions.tree import Voltage, evaluate, leaves_in

SAMPLES, SINE = 200, 1000.0
# What has a memory of its own inside, whose law is not written anew in `laws`.
WITHOUT = {
    "astable": "charges of transistors",
    "la2a": "light that a photoresistor remembers",
    "cl1b": "light that a photoresistor remembers",
    "transformer_saturator": "the flux of a core that saturates",
}
Flow = tuple[str, NDArray]  # a node, and the current out of it into a component


@final
class Residuals(NamedTuple):
    """The largest at any sample.

    Attributes:
        power: of all branches, over the most that flows.
        branches: of sources, capacitors and coils from their laws, over the largest voltage or current.
        currents: at a node, over the largest current.
    """

    power: float
    branches: float
    currents: float


def balance(circuit: Circuit, x: NDArray, seen: Observed, fs: float) -> Residuals:
    """What is left of Tellegen's theorem, of the branches' laws and of Kirchhoff's.

    Args:
        circuit: with the values that the laws are computed from.
        x: (time, inputs), of the trapezoidal rule.
        seen: what a model said.
        fs: in hertz.
    """
    values = {name: float(value) for name, value in circuit.resolve().items()}
    flows: list[Flow] = []
    residuals: list[float] = []
    largest, strongest = _largest(seen.volts.values()), _largest(seen.amperes.values())
    sources = dict(zip(circuit.inputs, x.T, strict=True))
    inductances = _inductances(circuit, values)
    for part in circuit.components:
        a, b = part.nodes[:2] if part.nodes else ("0", "0")
        across = seen.between(a, b)
        if isinstance(part.device, ModelDevice):
            flows += _device(circuit, part, values, seen)
            continue
        through: NDArray = seen.amperes.get(part.name, np.zeros_like(across))
        match part.kind, part.quantity:
            case "R", _:
                through = across / values[part.name] if values[part.name] else through
            case "V", _:
                residuals.append(_relative(across - sources.get(part.name, values[part.name]), largest))
            case "E", quantity:
                sensed, gain = seen.between(*part.nodes[2:]), values[part.name]
                wanted = sensed if quantity == NULLOR else across - gain * sensed
                residuals.append(_relative(wanted, largest * max(1.0, abs(gain))))
            case "G", _:
                through = values[part.name] * seen.between(*part.nodes[2:])
            case "I", _:
                through = np.broadcast_to(sources.get(part.name, values[part.name]), across.shape)
            case "B", "I":
                through = _expression(part, values, seen)
            case "C", _:
                residuals.append(_rule(across, through / values[part.name], fs, largest))
            case "L", _:
                linked = np.sum([m * seen.amperes[other] for other, m in inductances[part.name].items()], axis=0)
                residuals.append(_rule(linked / values[part.name], across / values[part.name], fs, strongest))
            case "K", _:
                continue  # in the inductances
            case kind, _:
                raise ValueError(f"{part.name}: the ledger has no law of a {kind}")
        flows += [(a, through), (b, -through)]
    power, currents = _balances(flows, seen)
    return Residuals(power, max(residuals), currents)


def _inductances(circuit: Circuit, values: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Of each coil its own inductance, and the mutual ones by the other's name: ``M = k sqrt(L1 L2)``."""
    found = {part.name: {part.name: values[part.name]} for part in circuit.components if part.kind == "L"}
    for part in circuit.components:
        if part.kind == "K":
            first, second = part.couples
            mutual = values[part.name] * np.sqrt(values[first] * values[second])
            found[first][second] = found[second][first] = mutual
    return found


def _balances(flows: list[Flow], seen: Observed) -> tuple[float, float]:
    """The largest residuals: Tellegen's over the most power that flows, Kirchhoff's over the largest current."""
    into = {node: np.zeros_like(volts) for node, volts in seen.volts.items()}
    power = sum(seen.volts[node] * current for node, current in flows)
    flowing = 0.5 * sum(np.abs(seen.volts[node] * current) for node, current in flows)
    for node, current in flows:
        into[node] = into[node] + current
    amperes = _largest(current for _, current in flows)
    return _relative(power, np.max(flowing)), _relative(np.array(list(into.values())), amperes)


def _device(circuit: Circuit, part: Component, values: Mapping[str, float], seen: Observed) -> Iterator[Flow]:
    """Currents at the terminals and through the series resistances of a device."""
    card = next(model for model in circuit.models if model.name == part.model)
    record, area = card.device, values[part.name]
    given = {name: values[f"{card.name}.{name}"] for name, _ in card.parameters}
    if card.kind == "D" and any(_faces(part, other) for other in circuit.components):
        given["PAIRED"] = 1.0
    node = dict(zip(record.pins, part.nodes, strict=False))
    node |= {pin: node[outer] for pin, outer in record.inner_nodes.items()}
    for parameter, pin in record.series:
        inner = f"{part.name}#{parameter}"
        if inner in seen.volts:
            current = seen.between(node[pin], inner) * area / given[parameter]
            yield from ((node[pin], current), (inner, -current))
            node[pin] = inner
    last = node[record.pins[-1]]
    found = into_pins(card.kind, given, area, {pin: seen.between(name, last) for pin, name in node.items()})
    for pin, current in found.items():
        yield node[pin], np.asarray(current)


def _faces(part: Component, other: Component) -> bool:
    """Whether two diodes of one model lie across the same nodes, one each way."""
    return other.model == part.model and other.nodes == part.nodes[::-1]


def _expression(part: Component, values: Mapping[str, float], seen: Observed) -> Any:
    assert part.value is not None  # the reader's
    leaves = [leaf for leaf in leaves_in(part.value) if isinstance(leaf, Voltage)]
    sensed = {leaf: seen.between(leaf.plus, leaf.minus) for leaf in leaves}
    return evaluate(part.value, {**values, **sensed}, np)


def _rule(state: NDArray, rate: NDArray, fs: float, size: float) -> float:
    """``x_n - x_{n-1} = (x'_n + x'_{n-1})/(2 fs)``."""
    return _relative(np.diff(state) - (rate[1:] + rate[:-1]) / (2 * fs), size)


def _largest(signals: Iterable[NDArray]) -> float:
    return max(float(np.max(np.abs(signal))) for signal in signals)


def _relative(residual: NDArray, size: float) -> float:
    return float(np.max(np.abs(residual))) / size if size else 0.0


def driven(name: str) -> tuple[Circuit, NDArray]:
    """A circuit of the catalogue and a sine of its nominal peak, (time, inputs)."""
    circuit = circuits.CATALOGUE[name]()
    t = np.arange(1, SAMPLES + 1) / FS
    return circuit, with_all_inputs(circuit, circuits.NOMINAL_PEAK[name] * np.sin(2 * np.pi * SINE * t), FS)


@functools.cache
def residuals(name: str, *, error: float = 0.0) -> Residuals | None:
    """Of a circuit of the catalogue; none where a sample has no solution.

    Args:
        name: of the circuit.
        error: relative, of its first resistor in the laws; zero unless it is to be refused.
    """
    circuit, x = driven(name)
    seen = observe(circuit, x, FS)
    if seen.failed:
        return None
    if error:
        first = next(part.name for part in circuit.components if part.kind == "R" and part.name in circuit.values)
        circuit = circuit.replace(**{first: float(circuit.values[first]) * (1 + error)})
    return balance(circuit, x, seen, FS)


def power(name: str, *, error: float = 0.0) -> float:
    """Tellegen's residual and that of the branches' laws."""
    found = residuals(name, error=error)
    return max(found.power, found.branches) if found else np.nan


def currents(name: str, *, error: float = 0.0) -> float:
    """Kirchhoff's residual."""
    found = residuals(name, error=error)
    return found.currents if found else np.nan


def _line(name: str, law: str, figure: str, bound: float, measure: Callable[..., float]) -> Line:
    return Line(
        name=name,
        law=law,
        figure=figure,
        bound=bound,
        subjects=tuple(name for name in circuits.CATALOGUE if name not in WITHOUT),
        quick=("diode_clipper", "triode_koren"),
        measure=measure,
        controls=(
            "diode_clipper",
            "jcm800",
            "tube_screamer_clipping",
            "common_emitter",
            "triode_koren",
            "push_pull_amplifier",
        ),
        broken=functools.partial(measure, error=1e-6),
        control="the laws with a resistor a millionth larger than the model's",
    )


LINE = _line(
    "Tellegen",
    "the power of all branches sums to nothing at every sample, and each branch keeps its law",
    "residual over the most power that flows",
    1e-12,
    power,
)
KIRCHHOFF = _line(
    "Kirchhoff",
    "the currents at each node sum to nothing at every sample",
    "residual over the largest current",
    1e-11,
    currents,
)
