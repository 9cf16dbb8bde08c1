"""Parameters in an order in which each can be computed from those before it."""

from circuitnn.circuit.journal import Journal
from circuitnn.circuit.lines import Line
from circuitnn.expressions.tree import names_in
from circuitnn.expressions.values import Value

Assigned = tuple[str, Value, Line]  # name as spelled, value, where


def ordered(parameters: dict[str, Assigned], journal: Journal) -> list[str]:
    """The keys in their order, except that each comes after those it refers to (depth first, no recursion).

    Those that refer to each other in a circle are a fault, and 1 from then on.
    """
    placed: dict[str, None] = {}
    for first in parameters:
        path = {first: None}  # each refers to the next one
        while path:
            key = next(reversed(path))
            _, value, line = parameters[key]
            needs = () if isinstance(value, float) or key in placed else (name.lower() for name in names_in(value))
            missing = next((name for name in needs if name in parameters and name not in placed), None)
            if missing is None:
                placed[key] = None
                path.popitem()
            elif missing in path:
                members = list(path)
                circle = members[members.index(missing) :]
                listed = ", ".join(parameters[member][0] for member in circle[:20])
                journal.fault(line.error(f"the .param {listed} refer to each other in a circle"))
                parameters.update({member: (parameters[member][0], 1.0, parameters[member][2]) for member in circle})
            else:
                path[missing] = None
    return list(placed)
