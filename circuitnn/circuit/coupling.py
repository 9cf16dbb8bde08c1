"""Coupled inductors: the inductances of a K line must be those of windings that exist."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from circuitnn.circuit.components import Component

MAX_COILS = 500  # the check below takes the cube of it


def impossible_couplings(components: Sequence[Component], values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(name of a K, what is wrong with it): two K for one pair, or couplings whose energy could be negative.

    Three windings with k = 0.9 between two pairs and 0 for the third store negative energy at some currents, and a
    circuit with them grows without bounds. The matrix of coefficients of each group must be positive definite.
    """
    pairs: dict[frozenset[str], Component] = {}
    for part in components:
        if part.couples:
            if frozenset(part.couples) in pairs:
                yield part.name, f"{part.name} couples the inductors that {pairs[frozenset(part.couples)].name} does"
                return
            pairs[frozenset(part.couples)] = part
    coils = {
        name: place
        for place, name in enumerate(dict.fromkeys(name for pair in pairs.values() for name in pair.couples))
    }
    if len(coils) > MAX_COILS:
        yield next(iter(pairs.values())).name, f"more than {MAX_COILS} coupled inductors"
        return
    batch = np.broadcast_shapes(*(np.shape(values[part.name]) for part in pairs.values()))
    for group in _groups(pairs.values(), coils):
        inside = [part for part in pairs.values() if part.couples[0] in group]
        index = {name: place for place, name in enumerate(sorted(group))}
        matrix = np.zeros((*batch, len(group), len(group)))
        matrix[..., range(len(group)), range(len(group))] = 1.0
        for part in inside:
            a, b = (index[name] for name in part.couples)
            matrix[..., a, b] = matrix[..., b, a] = values[part.name]
        if len(group) > 2 and not np.all(np.linalg.eigvalsh(matrix) > 0):
            names = ", ".join(part.name for part in inside)
            yield inside[-1].name, f"the couplings {names} cannot be together: their energy could be negative"


def _groups(pairs: Any, coils: Mapping[str, int]) -> list[set[str]]:
    groups = [{name} for name in coils]
    for part in pairs:
        touched = [group for group in groups if group & set(part.couples)]
        groups = [group for group in groups if not group & set(part.couples)] + [set().union(*touched)]
    return groups
