"""Perfectly coupled inductors, K = 1: one of them stays, the others become ideal windings on it.

With k = 1 the flux is one: L2 = n^2 L1 gives v2 = n v1, and n i2 adds to the current that magnetises L1. The matrix of
inductances has no inverse then, and the current of L2 is no state. So L2 becomes a source "E.L2" of n v1 in series with
"V.L2", of 0 V, whose current a source "F.L2" takes n times out of L1.
"""

import dataclasses

from circuitnn.circuit.journal import Journal
from circuitnn.circuit.parsed import element
from circuitnn.circuit.scopes import Flat
from circuitnn.devices.inductor import INDUCTOR
from circuitnn.expressions.tree import Binary, Call, Expression, Negative, number
from circuitnn.expressions.values import folded


def with_ideal_windings(flat: dict[str, Flat], journal: Journal) -> dict[str, Flat]:
    """The elements by lower-case name, those that K = 1 or -1 couples replaced."""
    perfect = {key: f for key, f in flat.items() if f.element.component.couples and f.element.number in (1.0, -1.0)}
    root: dict[str, str] = {}  # of a winding the coil that stays
    sign: dict[str, float] = {}
    for coupling in perfect.values():
        coils = [name.lower() for name in coupling.element.component.couples]
        if any(coil not in flat or flat[coil].element.component.device is not INDUCTOR for coil in coils):
            continue  # an error that is told elsewhere
        a, b = (root.get(coil, coil) for coil in coils)
        if a == b or b in root.values():
            if a != b or sign.get(coils[0], 1.0) * sign.get(coils[1], 1.0) != coupling.element.number:
                journal.fault(coupling.line.error(f"{coupling.element.component.name} contradicts other couplings"))
            continue
        root[b], sign[b] = a, sign.get(coils[0], 1.0) * sign.get(coils[1], 1.0) * (coupling.element.number or 0.0)
    result: dict[str, Flat] = {}
    for key, part in flat.items():
        others = part.element.component.couples if key not in perfect else ()
        if any(name.lower() in root for name in others):
            name = part.element.component.name
            message = f"{name} couples an inductor that is perfectly coupled (k = 1) with another one: couple that one"
            journal.fault(part.line.error(message))
        elif key in root:
            result |= _winding(part, flat[root[key]], sign[key], journal)
        elif key not in perfect or any(name.lower() not in {*root, *root.values()} for name in _couples(part)):
            result[key] = part
    return result


def _couples(flat: Flat) -> tuple[str, ...]:
    return flat.element.component.couples


def _winding(coil: Flat, core: Flat, sign: float, journal: Journal) -> dict[str, Flat]:
    part, nodes = coil.element.component, core.element.component.nodes
    journal.note(
        coil.line, f"{part.name} is perfectly coupled (k = 1) with {core.element.component.name}: E.{part.name}"
    )
    squared = folded(Binary("/", _inductance(coil), _inductance(core)))
    ratio: Expression = Call("sqrt", (number(squared) if isinstance(squared, float) else squared,))
    gain, back = folded(ratio if sign > 0 else Negative(ratio)), folded(Negative(ratio) if sign > 0 else ratio)
    name, inner = part.name, f"{part.name}.i"
    sources = (
        element(coil.line, f"E.{name}", "E", (part.nodes[0], inner, *nodes), gain),
        element(coil.line, f"V.{name}", "V", (inner, part.nodes[1]), 0.0),
        element(coil.line, f"F.{name}", "F", nodes, back, sense=f"V.{name}"),
    )
    return {source.component.name.lower(): dataclasses.replace(coil, element=source) for source in sources}


def _inductance(flat: Flat) -> Expression:
    literal = flat.element.number
    return number(literal) if literal is not None else flat.element.component.value  # type: ignore[return-value]
