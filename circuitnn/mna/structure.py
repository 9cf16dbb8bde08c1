"""What a circuit's shape alone says of its transfer functions: their order, and which coefficients are always zero.

Component values are replaced by random numbers modulo a prime, and all arithmetic is exact: there is no threshold
between a coefficient that is zero for all values and one that is small.
"""

import functools
import random
from collections.abc import Mapping
from typing import NamedTuple, final

import jax
import numpy as np

from circuitnn.circuit.circuit import Circuit
from circuitnn.expressions.errors import CircuitError
from circuitnn.mna.port_map import port_map_of
from circuitnn.mna.stamps import IMPEDANCE, Reactive, excitations, fixed_part, ordered_pairs, selections, stamps
from circuitnn.mna.topology import Topology
from circuitnn.numerics.modular import PRIME, Residue, SingularError, independent_rows, interpolate, residues
from circuitnn.numerics.modular import multiply as multiply_residues
from circuitnn.numerics.modular import solve as solve_residues

Gains = tuple[tuple[str, float], ...]


@final
class Structure(NamedTuple):
    """Static and hashable; polynomials in s with the lowest power first.

    Attributes:
        states: those that the inputs reach and the outputs see; the others have no part in the transfer functions.
        denominator: for each power up to the number of `states`, whether its coefficient is ever nonzero.
        numerators: the same for each output, for each input.
        independent: states that say what all others are; fewer than all in loops of capacitors and voltage sources
            and cuts of inductors and current sources.
        pivots: columns that make the rows of `independent` invertible.
        is_proper: whether no output follows the derivative of an input.
    """

    states: tuple[int, ...]
    denominator: tuple[bool, ...]
    numerators: tuple[tuple[tuple[bool, ...], ...], ...]
    independent: tuple[int, ...]
    pivots: tuple[int, ...]
    is_proper: bool


def gains_of(circuit: Circuit) -> Gains:
    """Gains of the linear controlled sources as far as they are known: a follower's gain of exactly 1 is structure."""
    return tuple(
        (part.name, float(circuit.values[part.name]))
        for part in circuit.components
        if part.is_controlled_source
        and not part.is_behavioural
        and part.value is None
        and not isinstance(circuit.values[part.name], jax.core.Tracer)
        and np.ndim(circuit.values[part.name]) == 0
    )


@functools.lru_cache(maxsize=256)
def structure(topology: Topology, gains: Gains = ()) -> Structure:
    """The structure of a circuit.

    Raises:
        CircuitError: where its equations have no unique solution whatever the values are.
    """
    numbers = _Numbers(gains)
    try:
        full, inputs, outputs, direct = _seen_from_states(topology, numbers)
        states = _in_use(full, inputs, outputs)
        kept = np.ix_(states, states)
        denominator, numerators = _polynomials(
            numbers.random(), full[kept], inputs[list(states)], outputs[:, list(states)], direct
        )
    except SingularError:
        message = "the circuit's equations have no unique solution, whatever its values are"
        raise CircuitError(f"{message}: a loop of ideal voltage sources, or a node that nothing holds?") from None
    independent = independent_rows(full)
    pivots = independent_rows(full[list(independent)].T)
    return Structure(
        states=states,
        denominator=tuple((denominator != 0).tolist()),
        numerators=tuple(tuple(tuple(row) for row in rows) for rows in (numerators != 0).tolist()),
        independent=independent,
        pivots=pivots,
        is_proper=_is_proper(full, inputs, outputs, independent, pivots),
    )


@final
class _Numbers(Mapping[str, Residue]):
    """A random number for each name, the same each time; known gains are what they are."""

    def __init__(self, gains: Gains):
        self.source = random.Random(1971)
        self.residues = {name: Residue(value) for name, value in gains}

    def __getitem__(self, name: str) -> Residue:
        return self.residues.setdefault(name, Residue(self.random()))

    def __iter__(self):
        return iter(self.residues)

    def __len__(self) -> int:
        return len(self.residues)

    def random(self) -> int:
        return self.source.randrange(1, PRIME)


def _seen_from_states(topology: Topology, numbers: _Numbers) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """``x = P z + H u, y = C z + D u`` with the companion states ``z = x - h x'``; currents in volts across IMPEDANCE.

    The matrix is the one at s = 1/h, which is a random number too.
    """
    coils = np.asarray(topology.is_inductor, bool)
    products = [numbers[branch.name] * numbers["1/h"] for branch in topology.reactive]
    one, mutual = Residue(1), {}
    for k, pair in enumerate(topology.mutual):
        mutual[pair.a, pair.b] = mutual[pair.b, pair.a] = numbers[f"M{k}"] * numbers["1/h"]
    crossed = [-mutual.get(pair, Residue(0)) for pair in ordered_pairs(topology)]
    reactive = Reactive(
        across=_objects([one if coil else residue for coil, residue in zip(coils, products, strict=True)]),
        through=_objects([-residue if coil else -one for coil, residue in zip(coils, products, strict=True)]),
        mutual_across=_objects([Residue(0)] * len(crossed)),
        mutual_through=_objects(crossed),
    )
    matrix = residues(fixed_part(topology, with_shunts=False))
    for part in stamps(topology, numbers, reactive):
        weight = Residue(np.asarray(part.weight, object)[()]).value
        left, right = residues(part.left), residues(part.right)
        matrix = (matrix + (weight * left % PRIME)[:, None] * right) % PRIME
    chosen, driven = selections(topology), excitations(topology)
    slopes = np.zeros((len(topology.drives), len(topology.ports)), np.int64)
    for drive, port in port_map_of(topology).slopes:
        if topology.drives[drive].charge < 0:  # a junction's charge is one of the capacitors
            slopes[drive, port] = numbers.random()
    linear = multiply_residues(residues(driven["drives"]), slopes)
    matrix = (matrix - multiply_residues(linear, residues(chosen["ports"]))) % PRIME

    count = len(topology.reactive)
    from_states = np.zeros((topology.size, count), np.int64)
    for k in range(count):
        diagonal = reactive.through[k] / IMPEDANCE if coils[k] else reactive.across[k]
        from_states[topology.first_reactive + k, k] = diagonal.value
    for (a, b), residue in zip(ordered_pairs(topology), crossed, strict=True):
        from_states[topology.first_reactive + a, b] = (residue / IMPEDANCE).value
    right = np.concatenate([from_states, residues(driven["inputs"])], axis=1)
    through = np.eye(topology.size)[topology.first_reactive :]
    rows = np.concatenate([np.where(coils[:, None], through, chosen["across"]), chosen["outputs"]])
    solution = multiply_residues(residues(rows), solve_residues(matrix, right)[1])
    return solution[:count, :count], solution[:count, count:], solution[count:, :count], solution[count:, count:]


def _objects(entries: list[Residue]) -> np.ndarray:
    array = np.empty(len(entries), object)
    array[:] = entries
    return array


def _in_use(full: np.ndarray, inputs: np.ndarray, outputs: np.ndarray) -> tuple[int, ...]:
    """States that some input reaches and some output sees."""
    count = len(full)
    reaches = (full != 0) | np.eye(count, dtype=bool)
    for _ in range(count):
        reaches = reaches | (reaches.astype(int) @ reaches.astype(int) > 0)
    reached = (reaches.astype(int) @ (inputs != 0)).any(axis=1)
    seen = ((outputs != 0).astype(int) @ reaches).any(axis=0)
    return tuple(np.flatnonzero(reached & seen).tolist())


def _polynomials(
    rate: int, full: np.ndarray, inputs: np.ndarray, outputs: np.ndarray, direct: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """``det(s P - F)`` with F = (P - 1)/h and rate 1/h, and the outputs' numerators, (n_out, n_in, n + 1)."""
    count = len(full)
    points = [3 + 7 * k for k in range(count + 1)]
    determinants, products = [], []
    for point in points:
        matrix = ((point - rate) % PRIME * full + rate * np.eye(count, dtype=np.int64)) % PRIME
        determinant, solved = solve_residues(matrix, inputs)
        response = (direct + (rate - point) % PRIME * multiply_residues(outputs, solved)) % PRIME
        determinants.append(determinant)
        products.append(response * determinant % PRIME)
    return interpolate(points, np.array(determinants, np.int64)), interpolate(points, np.stack(products, -1))


def _is_proper(
    full: np.ndarray, inputs: np.ndarray, outputs: np.ndarray, independent: tuple[int, ...], pivots: tuple[int, ...]
) -> bool:
    """Whether the part of the states that only follows the inputs is not seen where it follows their derivative."""
    rows, columns = list(independent), list(pivots)
    try:
        spread = solve_residues(full[np.ix_(rows, columns)].T, full[:, columns].T)[1].T
        reduced = multiply_residues(full[rows], spread)
        finite = multiply_residues(spread, solve_residues(reduced, multiply_residues(full[rows], inputs))[1])
    except SingularError:
        return False
    return not multiply_residues(outputs, (inputs - finite) % PRIME).any()
