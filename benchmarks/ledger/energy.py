"""Line 3: what a passive circuit has stored never grows while nothing is put in.

What each rule stores follows from its own algebra, with p the power into all capacitors and coils, and holds for any
passive rest, nonlinear or not:

- backward Euler: ``E(x) = x' M x / 2`` of the states x, for ``E(x_n) - E(x_{n-1}) <= h p_n``;
- trapezoidal and alpha: ``E(z)`` of the companion states, ``E(z_n) - E(z_{n-1}) <= h p_n``, equal for alpha = 1 (the
  wave digital filter's argument, Fettweis 1986). Of a *linear* circuit the trapezoidal rule makes E(x) fall as well,
  since the mean of two samples obeys the same resistors; across a diode it may rise for a sample;
- bdf2: ``(E(x_n) + E(2 x_n - x_{n-1}))/2`` (G-stability: Dahlquist 1976).

M has the capacitances, the inductances and what they share. p_n is what the rest takes from them, and is not positive.
"""

import functools

import numpy as np
from numpy.typing import NDArray

from benchmarks.circuits import FS
from benchmarks.ledger.line import Line
from benchmarks.ledger.observed import Observed, observe
from circuitnn import circuits
from circuitnn.circuit import Circuit
from circuitnn.circuit.reader import read_netlist
from circuitnn.numerics.rules import RULES, Rule, alpha_transform

SAMPLES, BATCH = 120, 4
TRANSFORMER = """* a transformer with a loss, a diode and a resonance
Vin in 0 0
R1 in a 100
L1 a 0 0.5
L2 b 0 2
L3 c 0 0.1
K1 L1 L2 0.95
K2 L1 L3 0.5
K3 L2 L3 0.4
C1 a 0 100n
C2 b 0 10n
D1 b out DX
D2 out c DX
R2 out 0 10k
C3 out 0 47n
.model DX D(IS=1n N=1.6 RS=2)
"""
RESONATOR = """* a series resonance
Vin in 0 0
R1 in a {ohms}
L1 a out 0.1
C1 out 0 1u
R2 out 0 100k
"""
OSCILLATOR = """* a phase shifter around an amplifier
Vin in 0 0
C1 in a 10n
R1 a 0 10k
R2 a b 10k
C2 b 0 10n
R3 b c 10k
C3 c 0 10n
R4 c out 10k
E1 out 0 b a 12
"""
OWN = {"transformer": TRANSFORMER, "resonator": RESONATOR.format(ohms="50")}
BROKEN = {"negative resistor": RESONATOR.format(ohms="-50"), "amplifier": OSCILLATOR}
ACTIVE_KINDS = set("EGFHIBQJMN")
USED: dict[str, Rule] = RULES | {"alpha 0.7": alpha_transform(0.7)}


@functools.cache
def passive() -> tuple[str, ...]:
    """The circuits of the catalogue that have R, C, L, K, D and their input alone, and those of this file."""

    def is_passive(circuit: Circuit) -> bool:
        kinds = {part.kind for part in circuit.components}
        return not kinds & ACTIVE_KINDS and sum(part.kind == "V" for part in circuit.components) == 1

    return (*(name for name, entry in circuits.CATALOGUE.items() if is_passive(entry())), *OWN)


def circuit_named(name: str) -> Circuit:
    """A circuit of the catalogue or of this file."""
    own = OWN | BROKEN
    return read_netlist(own[name], inputs=("Vin",), outputs=("out",)) if name in own else circuits.CATALOGUE[name]()


def storage(circuit: Circuit, seen: Observed) -> NDArray:
    """M: capacitances and inductances, with what coupled coils share."""
    values = {name: float(value) for name, value in circuit.resolve().items()}
    names = [branch.name for branch in seen.topology.reactive]
    matrix = np.diag([values[name] for name in names])
    for part in circuit.components:
        if part.kind == "K":
            a, b = (names.index(name) for name in part.couples)
            matrix[a, b] = matrix[b, a] = values[part.name] * np.sqrt(matrix[a, a] * matrix[b, b])
    return matrix


def energies(circuit: Circuit, rule: Rule, *, of_states: bool = False) -> NDArray:
    """What is stored after each sample, (batch, time), from random states.

    Args:
        circuit: without an input.
        rule: of the model.
        of_states: E(x), whatever the rule.
    """
    coils = [part.kind == "L" for part in circuit.components if part.is_reactive]
    size = np.where(coils, 1e-3, 1.0)
    start = size * np.random.default_rng(0).standard_normal((BATCH, len(size)))
    seen = observe(circuit, np.zeros((BATCH, SAMPLES, 1)), FS, rule=rule, states=start)
    volts = np.stack([seen.between(*_ends(circuit, branch.name)) for branch in seen.topology.reactive], -1)
    amperes = np.stack([seen.amperes[branch.name] for branch in seen.topology.reactive], -1)
    matrix = storage(circuit, seen)
    x, dual = np.where(coils, amperes, volts), np.where(coils, volts, amperes)
    rate = np.linalg.solve(matrix, dual[..., None])[..., 0]

    def energy(states: NDArray) -> NDArray:
        return 0.5 * np.einsum("...a,ab,...b", states, matrix, states)

    if of_states:
        return energy(x)
    if rule.history:
        return 0.5 * (energy(x[:, 1:]) + energy(2 * x[:, 1:] - x[:, :-1]))
    return energy(x + rule.memory * rule.gain / FS * rate)


def growth(energy: NDArray) -> float:
    """The largest growth from one sample to the next, relative to the largest energy."""
    return float(np.max(np.diff(energy, axis=-1) / np.max(energy, axis=-1, keepdims=True)))


def measure(name: str) -> float:
    """The largest growth of a circuit with any rule."""
    circuit = circuit_named(name)
    found = [growth(energies(circuit, rule)) for rule in USED.values()]
    if not any(part.kind == "D" for part in circuit.components):
        found.append(growth(energies(circuit, RULES["trapezoidal"], of_states=True)))
    return max(0.0, *found) if np.all(np.isfinite(found)) else np.nan


def broken(name: str) -> float:
    """The least growth that any rule shows of a circuit that is not passive."""
    return min(growth(energies(circuit_named(name), rule)) for rule in USED.values())


def _ends(circuit: Circuit, name: str) -> tuple[str, str]:
    a, b = circuit[name].nodes
    return a, b


LINE = Line(
    name="stored energy",
    law="without an input the energy of a passive circuit never grows, from random states and with every rule",
    figure="largest growth in a sample over the largest energy",
    bound=1e-12,
    subjects=passive(),
    quick=("diode_clipper_second_order",),
    measure=measure,
    controls=tuple(BROKEN),
    broken=broken,
    control="a negative resistor; an amplifier",
)
