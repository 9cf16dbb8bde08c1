"""Graphs with trees on their edges: those in series or parallel become one; what two nodes separate is found."""

from collections.abc import Sequence, Set
from itertools import combinations
from typing import NamedTuple, final

from circuitnn.mna.topology import REFERENCE
from circuitnn.wdf.tree import Leaf, Parallel, Series, Tree

Signed = tuple[tuple[Tree, int], ...]
Names = tuple[str, ...]


@final
class Edge(NamedTuple):
    """A tree between two nodes of the circuit, by their indices; `a` is its positive terminal."""

    tree: Tree
    a: int
    b: int

    @property
    def is_current(self) -> bool:
        """A source of current with nothing beside it: no port resistance."""
        return isinstance(self.tree, Leaf) and self.tree.kind == "I"

    def beyond(self, node: int) -> int:
        """The other end."""
        return self.b if node == self.a else self.a


@final
class Separable(NamedTuple):
    """A part of a graph that only two nodes connect with the rest."""

    edges: tuple[int, ...]
    terminals: tuple[int, int]  # ground first, if it is one


def simplified(edges: list[Edge], protected: Set[int], names: Names) -> list[Edge]:
    """Nothing in series and nothing in parallel is left.

    Args:
        edges: of the graph.
        protected: nodes that have to stay.
        names: of all nodes.
    """
    # Series first: two pots must not be in parallel, but each with a resistor in series may.
    while simpler := _in_series(edges, protected, names) or _in_parallel(edges):
        edges = simpler
    return edges


def smallest_separable(edges: list[Edge], protected: Set[int]) -> Separable | None:
    """The part with the fewest edges that two nodes separate from the rest, without a protected node inside."""
    ends = _edges_at(edges)
    candidates: list[tuple[int, bool, tuple[int, int], tuple[int, ...]]] = []
    for pair in combinations(sorted(ends), 2):
        seen: set[int] = set()
        for start in ends:
            if start in pair or start in protected or start in seen:
                continue
            inside, chosen = _component(edges, ends, start, pair)
            seen |= inside
            # What hangs on one of the two alone is a part of something else, or a dead end.
            is_between = all(any(k in chosen for k in ends[node]) for node in pair)
            if is_between and not inside & protected and not any(edges[k].is_current for k in chosen):
                candidates.append((len(chosen), REFERENCE not in pair, pair, tuple(sorted(chosen))))
    if not candidates:
        return None
    _, _, terminals, smallest = min(candidates)
    return Separable(smallest, terminals)


def replaced(edges: list[Edge], old: Sequence[int], new: Edge) -> list[Edge]:
    """Edges with a new one at the place of the first old one."""
    return [new if k == old[0] else edge for k, edge in enumerate(edges) if k not in old[1:]]


def _in_series(edges: list[Edge], protected: Set[int], names: Names) -> list[Edge] | None:
    """Without the first node that has two edges and needs no equation of its own; None without such a node."""
    for node, ends in sorted(_edges_at(edges).items()):
        if node in protected or len(ends) != 2:
            continue
        first, second = (edges[k] for k in ends)
        if first.beyond(node) == REFERENCE:  # the negative terminal, which spares most signs
            first, second = second, first
        a, b = first.beyond(node), second.beyond(node)
        # A loop on one node would lose the dead end that it is; two in parallel are found later.
        if a == b or first.is_current or second.is_current:
            continue
        parts, inner = _chain(first, a)
        more, others = _chain(second, node)
        merged = Edge(Series((*parts, *more), (*inner, names[node], *others)), a, b)
        return replaced(edges, ends, merged)
    return None


def _in_parallel(edges: list[Edge]) -> list[Edge] | None:
    """With the first two edges between the same nodes as one; None where there are none, or no formula allows it."""
    for i, k in combinations(range(len(edges)), 2):
        first, second = edges[i], edges[k]
        if {first.a, first.b} != {second.a, second.b}:
            continue
        if first.is_current and second.is_current:
            continue
        if first.tree.is_positive or second.tree.is_positive:
            sign = 1 if first.a == second.a else -1
            parts = (*_side_by_side(first.tree, 1), *_side_by_side(second.tree, sign))
            return replaced(edges, [i, k], Edge(Parallel(parts), first.a, first.b))
    return None


def _chain(edge: Edge, start: int) -> tuple[Signed, Names]:
    """The parts in series on an edge and the nodes between them, from one of its ends on."""
    sign = 1 if edge.a == start else -1
    if not isinstance(edge.tree, Series):
        return ((edge.tree, sign),), ()
    parts = tuple((part, sign * direction) for part, direction in edge.tree.parts)
    return parts[::sign], edge.tree.nodes[::sign]


def _side_by_side(tree: Tree, sign: int) -> Signed:
    if not isinstance(tree, Parallel):
        return ((tree, sign),)
    return tuple((part, sign * direction) for part, direction in tree.parts)


def _edges_at(edges: list[Edge]) -> dict[int, list[int]]:
    """Which edges each node has; one that connects it with itself is there twice."""
    ends: dict[int, list[int]] = {}
    for k, edge in enumerate(edges):
        ends.setdefault(edge.a, []).append(k)
        ends.setdefault(edge.b, []).append(k)
    return ends


def _component(
    edges: list[Edge], ends: dict[int, list[int]], start: int, pair: tuple[int, int]
) -> tuple[set[int], set[int]]:
    """The nodes that edges connect with `start` without going through the two, and those edges."""
    inside, chosen, ahead = {start}, set(), [start]
    while ahead:
        node = ahead.pop()
        chosen.update(ends[node])
        new = {edges[k].beyond(node) for k in ends[node]} - inside - set(pair)
        inside |= new
        ahead.extend(new)
    return inside, chosen
